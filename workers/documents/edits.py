"""Edits against the text they were made for: checked, applied, and narrowed to what they really change."""

from __future__ import annotations

from bisect import bisect_left
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from workers.contract.errors import EditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.contract.domain import Edit

_MOST_LINE_PAIRS = 250_000
"""Comparing line by line costs the product of both counts; beyond this the edit is taken as one change."""


class Replacement(NamedTuple):
    """Replace `[start, end)` of a text by `new`."""

    start: int
    end: int
    new: str


def plain(text: str) -> str:
    """`text` with every line ended by a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def lines(text: str) -> list[str]:
    """Lines with their line feeds. Not `splitlines`, which splits on U+2028 and form feeds too."""
    whole = text.split("\n")
    return [f"{line}\n" for line in whole[:-1]] + ([whole[-1]] if whole[-1] else [])


def checked(edits: Sequence[Edit], source: str) -> list[Edit]:
    """The edits of one cell in order.

    Raises:
        EditError: one lies outside, finds another text than its `old`, or overlaps another.
    """
    ordered = sorted(edits, key=attrgetter("start", "end"))
    for edit in ordered:
        if not 0 <= edit.start <= edit.end <= len(source):
            raise EditError(f"cell {edit.cell}: [{edit.start}, {edit.end}) lies outside its {len(source)} characters")
        found = source[edit.start : edit.end]
        if found != edit.old:
            raise EditError(f"cell {edit.cell}: at {edit.start} stands {found[:80]!a}, not {edit.old[:80]!a}")
    for one, other in pairwise(ordered):
        if other.start < one.end or (other.start, other.end) == (one.start, one.end):
            raise EditError(f"cell {one.cell}: two edits overlap at {other.start}")
    return ordered


def applied(replacements: Sequence[Replacement], text: str) -> str:
    """`text` with all replacements made; they are in order and do not overlap."""
    pieces: list[str] = []
    at = 0
    for start, end, new in replacements:
        pieces += (text[at:start], new)
        at = end
    return "".join((*pieces, text[at:]))


def narrowed(edits: Sequence[Edit]) -> list[Replacement]:
    """What the edits really change, in order: a line that an edit repeats as it was is left alone."""
    return [
        Replacement(edit.start + start, edit.start + end, new)
        for edit in edits
        for start, end, new in _differences(edit.old, plain(edit.new))
    ]


def _differences(old: str, new: str) -> Iterator[Replacement]:
    before, after = lines(old), lines(new)
    if len(before) * len(after) > _MOST_LINE_PAIRS:
        before, after = [old], [new]
    starts = [0, *accumulate(map(len, before))]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        if tag != "equal":
            stretch = "".join(before[first:last])
            yield _trimmed(starts[first], stretch, "".join(after[new_first:new_last]))


def _trimmed(at: int, old: str, new: str) -> Replacement:
    head = _common(old, new)
    old, new = old[head:], new[head:]
    tail = _common(old[::-1], new[::-1])
    return Replacement(at + head, at + head + len(old) - tail, new[: len(new) - tail])


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    differ = (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return next(differ, min(len(one), len(other)))


def in_file(replacements: Sequence[Replacement], text: str) -> list[Replacement]:
    """The same replacements for the source as the file has it, whose lines may end in carriage returns."""
    if "\r" not in text:
        return list(replacements)
    # A pair of `\r\n` is one character of the plain source: where those stand, in plain offsets.
    stretches = text.split("\r\n")
    pairs = [end - 1 for end in accumulate(len(stretch) + 1 for stretch in stretches[:-1])]
    ending = _line_end(text)

    def offset(plain_offset: int) -> int:
        return plain_offset + bisect_left(pairs, plain_offset)

    return [Replacement(offset(start), offset(end), new.replace("\n", ending)) for start, end, new in replacements]


def _line_end(text: str) -> str:
    """How the first line of `text` ends."""
    at = text.find("\r")
    feed = text.find("\n")
    if -1 < feed < at:
        return "\n"
    return text[at : at + 2] if text[at : at + 2] == "\r\n" else "\r"
