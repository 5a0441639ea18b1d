"""How a cell's outputs compare: identical, the same numbers, the same but for what no run repeats, or changed in meaning."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from workers.contract.domain import Case, Severity
from workers.validate.values import with_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.contract.domain import BaseEvidence, CellRun, Execution, Output

Likeness = Literal["identical", "volatile", "numeric", "cosmetic", "follows", "changed"]
"""`volatile`: the base itself says something else each time, so nothing can be compared. `follows`: it shows the new text
of an edited value where it showed the old one, and is otherwise the same."""

REL_TOLERANCE = 1e-9
"""Two numbers this close, relative to the greater, are one number printed by another version."""
_MOST_CHARS = 200_000
"""A longer text is compared for equality alone."""

# Atomic and possessive: a long run of digits must not cost the square of its length.
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?>\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d++)?")
_SCALAR_REPR = re.compile(r"\b(?:np|numpy)\.(?:float|int|uint|complex|bool|str)\w{0,12}\(([^()]{0,200})\)")
_SPACES = re.compile(r"[ \t]+")
_SET = re.compile(r"\{([^{}:]{1,5000})\}")
_PROGRESS = re.compile(r"\d%\||\b(?:it/s|s/it|ETA|eta)\b|\[[=>.#\-]{8,200}\]")
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "<address>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:\.\d{1,9})?\b"), "<time>"),
    (
        re.compile(
            r"(?:/private)?(?:/var)?/tmp/[^\s'\"<>)\]]{1,300}|<ipython-input-[^>]{1,80}>|/var/folders/[^\s'\"]{1,300}"
        ),
        "<path>",
    ),
    (
        re.compile(
            r"\b\d{1,12}(?:\.\d{1,15})?(?:e-?\d{1,3})?\s?(?:ns|us|\N{MICRO SIGN}s|\N{GREEK SMALL LETTER MU}s|ms|s|sec(?:ond)?s?|min(?:ute)?s?)"
            r"(?:/(?:step|epoch|it|loop|iter))?\b"
        ),
        "<duration>",
    ),
    (re.compile(r"\b(?:id|pid|thread)\s?[=:]\s?\d{3,}", re.IGNORECASE), "<id>"),
)
_PICTURES = ("image/", "application/pdf", "application/vnd.jupyter.widget-view")
_RICHER = ("text/html", "text/latex", "text/markdown")
"""Other forms of what text/plain says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An output as it is compared: neighbouring pieces of one stream are one piece."""

    kind: str
    name: str
    text: str
    mime: tuple[tuple[str, str], ...]


def classify(
    base: Sequence[Output],
    head: Sequence[Output],
    second_base: Sequence[Output] | None = None,
    *,
    rel_tolerance: float = REL_TOLERANCE,
) -> Likeness:
    """How the outputs of one cell compare. `second_base` is what the same bytes printed in another run."""
    old, new = shown(base), shown(head)
    likeness = _compared(old, new, rel_tolerance)
    if likeness == "changed" and second_base is not None:
        again = shown(second_base)
        return "volatile" if _compared(old, again, rel_tolerance) == "changed" else "changed"
    return likeness


def compare_outputs(
    base: BaseEvidence,
    head: Execution,
    edited: frozenset[int],
    *,
    values: Sequence[tuple[str, str]] = (),
    rel_tolerance: float = REL_TOLERANCE,
) -> Case:
    """A cell that was not edited, and that ran before and after, shows what it showed. An edited one is reported.

    `values` are the texts that the repair put in place of others: a model's name that an unedited cell prints.
    """
    first = {run.cell: run for run in base.first.cells}
    second = {run.cell: run for run in base.second.cells} if base.second is not None else {}
    found: dict[int, Likeness] = {}
    for run in head.cells:
        before, again = first.get(run.cell), second.get(run.cell)
        if before is not None and _ran(before) and _ran(run):
            outputs = again.outputs if again is not None and _ran(again) else None
            found[run.cell] = classify(before.outputs, run.outputs, outputs, rel_tolerance=rel_tolerance)
            expected = with_values(before.outputs, values)
            if (
                found[run.cell] == "changed"
                and classify(expected, run.outputs, rel_tolerance=rel_tolerance) != "changed"
            ):
                found[run.cell] = "follows"
    return _case(found, edited)


def shown(outputs: Sequence[Output]) -> tuple[Shown, ...]:
    """Outputs as they are compared."""
    pieces = groupby(outputs, key=lambda output: (output.kind, output.name) if output.kind == "stream" else id(output))
    return tuple(_merged(list(group)) for _, group in pieces)


def _merged(outputs: list[Output]) -> Shown:
    first = outputs[0]
    text = "".join(output.text for output in outputs)
    return Shown(kind=first.kind, name=first.name, text=text, mime=first.mime)


def _compared(old: tuple[Shown, ...], new: tuple[Shown, ...], rel_tolerance: float) -> Likeness:
    if old == new:
        return "identical"
    if max((len(output.text) for output in (*old, *new)), default=0) > _MOST_CHARS:
        return "changed"
    if _alike(old, new, lambda before, after: _same_numbers(before, after, rel_tolerance), mime_matters=True):
        return "numeric"
    before, after = _stripped(old), _stripped(new)
    same = _alike(
        before,
        after,
        lambda left, right: left == right or _same_numbers(left, right, rel_tolerance),
        mime_matters=False,
    )
    return "cosmetic" if same else "changed"


def _alike(
    old: tuple[Shown, ...], new: tuple[Shown, ...], same: Callable[[str, str], bool], *, mime_matters: bool
) -> bool:
    return len(old) == len(new) and all(
        (before.kind, before.name) == (after.kind, after.name)
        and same(before.text, after.text)
        and (before.mime == after.mime or (not mime_matters and _same_meaning(before, after)))
        for before, after in zip(old, new, strict=True)
    )


def _stripped(outputs: tuple[Shown, ...]) -> tuple[Shown, ...]:
    """Without what no run repeats: standard error, addresses, times, paths, progress, the order of sets."""
    kept = [
        Shown(kind=output.kind, name=output.name, text=text, mime=output.mime)
        for output in outputs
        if not (output.kind == "stream" and output.name == "stderr")
        for text in [cosmetic(output.text)]
        if text or output.mime or output.kind != "stream"
    ]
    # Standard error between two pieces of standard output split what is one text.
    return tuple(
        Shown(kind=group[0].kind, name=group[0].name, text="\n".join(one.text for one in group), mime=group[0].mime)
        for _, items in groupby(kept, key=lambda one: (one.kind, one.name) if one.kind == "stream" else id(one))
        for group in [list(items)]
    )


def cosmetic(text: str) -> str:
    """A text with a stand-in for everything that differs between two runs of the same code."""
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
    plain = "\n".join(line for line in lines if not _PROGRESS.search(line))
    for pattern, stand_in in _SHAPES:
        plain = pattern.sub(stand_in, plain)
    plain = _SET.sub(lambda found: "{" + ", ".join(sorted(part.strip() for part in found[1].split(","))) + "}", plain)
    return "\n".join(line for line in (_SPACES.sub(" ", one).strip() for one in plain.split("\n")) if line)


def _same_meaning(old: Shown, new: Shown) -> bool:
    """Pictures are compared by nothing but their being there; richer forms of a text by that text."""
    before, after = dict(old.mime), dict(new.mime)
    differing = [kind for kind in before if before[kind] != after.get(kind)]
    return before.keys() == after.keys() and all(
        kind.startswith(_PICTURES) or (kind in _RICHER and bool(old.text)) for kind in differing
    )


def _same_numbers(old: str, new: str, rel_tolerance: float) -> bool:
    """Equal but for numbers within the tolerance, the way a scalar is written, and the width of columns."""
    before, after = (_SPACES.sub(" ", _SCALAR_REPR.sub(r"\1", text)).strip() for text in (old, new))
    if before == after:
        return True
    left, right = _NUMBER.findall(before), _NUMBER.findall(after)
    if len(left) != len(right) or _NUMBER.sub("#", before) != _NUMBER.sub("#", after):
        return False
    return all(_close(one, other, rel_tolerance) for one, other in zip(left, right, strict=True))


def _close(one: str, other: str, rel_tolerance: float) -> bool:
    if one == other:
        return True
    if one.lstrip("+-").isdigit() and other.lstrip("+-").isdigit():
        # Whole numbers are counts: they agree or they do not.
        return one.lstrip("+") == other.lstrip("+")
    left, right = float(one), float(other)
    return left == right or math.isclose(left, right, rel_tol=rel_tolerance) or math.nextafter(left, right) == right


def _ran(run: CellRun) -> bool:
    return run.status == "ok" or run.expected


def _case(found: dict[int, Likeness], edited: frozenset[int]) -> Case:
    broken = tuple(cell for cell, likeness in found.items() if likeness == "changed" and cell not in edited)
    reported = [cell for cell, likeness in found.items() if likeness == "changed" and cell in edited]
    counts = {likeness: list(found.values()).count(likeness) for likeness in sorted(set(found.values()))}
    parts = [f"{count} {likeness}" for likeness, count in counts.items()] or ["no cell ran both before and after"]
    if broken:
        parts.append(f"changed in meaning though not edited: cell {', '.join(map(str, broken))}")
    if reported:
        parts.append(f"changed in meaning and edited: cell {', '.join(map(str, reported))}")
    return Case(
        name="outputs",
        passed=not broken,
        severity=Severity.HIGH if broken else Severity.LOW,
        veto=True,
        evidence="; ".join(parts),
        feedback="Keep what the other cells show." if broken else "",
        cells=tuple(sorted(edited)) if broken else (),
    )
