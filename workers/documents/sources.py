"""Splicing a cell's source: the tokens of changed lines are written anew, all others stay as they are."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from workers.documents.edits import Replacement, applied, lines
from workers.documents.jsontext import EACH, Reader, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.documents.habits import Habits
    from workers.documents.jsontext import Node

_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)",
)
"""One character of a string's value, where its token does not hold it as it is."""


class Line(NamedTuple):
    """One string token of a source."""

    token: str
    value: str
    gap: str
    """What follows it: a comma and white space, or the white space before the closing bracket."""


def tokens(text: str, source: Node) -> list[Node]:
    """The string tokens of a source, one for a string."""
    if isinstance(source.value, str):
        return [source]
    # Alone, for a reader looks at all of its text.
    inside = Reader(text[source.start : source.end], items=len(text)).node(0, {EACH: {}}).items
    return [node._replace(start=source.start + node.start, end=source.start + node.end) for node in inside]


def rewritten(text: str, source: Node, replacements: Sequence[Replacement], habits: Habits) -> str:
    """The source's JSON text with the replacements (offsets into the source as the file has it) made.

    `text` is the file as it is seen; what comes back is told.
    """
    old = tokens(text, source)
    if isinstance(source.value, str):
        return _respelled(told(text[source.start : source.end]), replacements, habits)
    if not old:
        return _laid_out([_fresh(value, habits) for value in lines(applied(replacements, ""))], source, habits)
    stops = [node.start for node in old[1:]] + [source.end - 1]
    whole = [
        Line(told(text[node.start : node.end]), str(node.value), text[node.end : stop])
        for node, stop in zip(old, stops, strict=True)
    ]
    head = text[source.start : old[0].start]
    return _joined(head, _relined(whole, replacements, habits, _between(whole, head, habits)))


def line_start(text: str, source: Node, value: str, line: int) -> int:
    """Where in `text` the token stands in which line `line` (from 1) of the source begins."""
    # Every line end of one character or two becomes a line feed that stands at its last.
    plain = value.replace("\r\n", " \n").replace("\r", "\n")
    starts = [0, *accumulate(map(len, lines(plain)))]
    wanted = starts[min(max(line, 1), len(starts)) - 1]
    found = source.start
    at = 0
    for node in tokens(text, source):
        if at > wanted:
            break
        found = node.start
        at += len(str(node.value))
    return found


def _joined(head: str, written: Sequence[Line]) -> str:
    return f"{head}{''.join(line.token + line.gap for line in written)}]" if written else "[]"


def _between(whole: Sequence[Line], head: str, habits: Habits) -> str:
    """The gap between two lines of this list; a list of one line shows it by what precedes that line."""
    if len(whole) > 1:
        return whole[0].gap
    return f",{head[1:]}" if "\n" in head else habits.comma


def _laid_out(fresh: Sequence[Line], source: Node, habits: Habits) -> str:
    """A list that was empty, as the file lays out its lists."""
    if not fresh:
        return "[]"
    lead = habits.lead(source.key) if habits.unit is not None else None
    inner = "" if lead is None else f"{lead}{habits.unit}"
    comma = habits.comma if lead is None else f",{inner}"
    return f"[{inner}{comma.join(line.token for line in fresh)}{lead or ''}]"


def _fresh(value: str, habits: Habits) -> Line:
    return Line(f'"{habits.spelled(value)}"', value, "")


def _relined(whole: Sequence[Line], replacements: Sequence[Replacement], habits: Habits, between: str) -> list[Line]:
    """The lines of a list after the replacements, each with the gap that follows it."""
    written: list[Line] = []
    for run, local in _runs(whole, replacements):
        if not any(local):
            written += run
            continue
        made = _remade(run, local, habits)
        gaps = [line.gap for line in run[:-1]][: len(made) - 1]
        gaps += [between] * (len(made) - 1 - len(gaps)) + [run[-1].gap]
        written += [line._replace(gap=gap) for line, gap in zip(made, gaps, strict=False)]
    return _closed(written, whole[-1].gap, between)


def _closed(written: list[Line], end: str, between: str) -> list[Line]:
    """The last line is followed by what followed the last line before, every other by a comma."""
    if written:
        written[-1] = written[-1]._replace(gap=end)
    return [
        line if index == len(written) - 1 or line.gap.lstrip().startswith(",") else line._replace(gap=between)
        for index, line in enumerate(written)
    ]


def _remade(run: Sequence[Line], local: Sequence[Sequence[Replacement]], habits: Habits) -> list[Line]:
    """New lines for old ones; those that come out as they were keep their tokens."""
    value = "".join(applied(made, line.value) for line, made in zip(run, local, strict=True))
    values = lines(value)
    # Some writers hold several lines in one item: it stays one.
    if values and len(run) == 1 and (len(values) == 1 or "\n" in run[0].value[:-1]):
        return [Line(_respelled(run[0].token, local[0], habits), value, "")]
    head = _alike(run, values)
    tail = _alike(run[head:][::-1], values[head:][::-1])
    middle = [_fresh(each, habits) for each in values[head : len(values) - tail]]
    return [*run[:head], *middle, *run[len(run) - tail :]]


def _alike(run: Sequence[Line], values: Sequence[str]) -> int:
    count = 0
    for line, value in zip(run, values, strict=False):
        if line.value != value:
            break
        count += 1
    return count


def _runs(
    whole: Sequence[Line], replacements: Sequence[Replacement]
) -> Iterator[tuple[list[Line], list[list[Replacement]]]]:
    """The lines and what changes in each; one that loses its line feed takes the next into its run, as one line."""
    local = _by_line(whole, replacements)
    at = 0
    while at < len(whole):
        stop = at + 1
        cut = _cut(whole[at], local[at], before=False)
        while stop < len(whole) and cut:
            cut = _cut(whole[stop], local[stop], before=cut)
            stop += 1
        yield list(whole[at:stop]), local[at:stop]
        at = stop


def _cut(line: Line, local: Sequence[Replacement], *, before: bool) -> bool:
    """Whether a run lacks its last line feed after `line`; `before` is whether it did before it."""
    value = applied(local, line.value)
    return line.value.endswith("\n") and not value.endswith("\n") if value else before


def _by_line(whole: Sequence[Line], replacements: Sequence[Replacement]) -> list[list[Replacement]]:
    """Each replacement cut at the lines' ends, by line, in offsets of the line. What is new goes to the first."""
    local: list[list[Replacement]] = [[] for _ in whole]
    stops = list(accumulate(len(line.value) for line in whole))
    starts = [0, *stops[:-1]]
    index = 0
    for start, end, new in replacements:
        while index < len(whole) - 1 and stops[index] <= start:
            index += 1
        local[index].append(Replacement(start - starts[index], min(end, stops[index]) - starts[index], new))
        while end > stops[index]:
            index += 1
            local[index].append(Replacement(0, min(end, stops[index]) - starts[index], ""))
    return local


def _respelled(token: str, replacements: Sequence[Replacement], habits: Habits) -> str:
    """A string token with replacements (in offsets of its value) made; what stays keeps its spelling."""
    wanted = [offset for start, end, _ in replacements for offset in (start, end)]
    places = iter(_places(token, wanted))
    spelled = [Replacement(next(places), next(places), habits.spelled(new)) for _, _, new in replacements]
    return applied(spelled, token)


def _places(token: str, offsets: Sequence[int]) -> list[int]:
    """Where in a string token the characters at `offsets` of its value stand; `offsets` are in order."""
    places: list[int] = []
    surplus = 1  # the opening quote; each escape adds what it is longer than one character
    escapes = _ESCAPE.finditer(token)
    escape = next(escapes, None)
    for offset in offsets:
        while escape and escape.start() - surplus < offset:
            surplus += len(escape[0]) - 1
            escape = next(escapes, None)
        places.append(offset + surplus)
    return places
