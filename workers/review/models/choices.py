"""Models that a form of Colab offers beside the one that is set: `MODEL = "a"  # @param ["a", "b"]`.

The comment is what the drop-down is made of, so a choice that was shut down is one that fails when somebody takes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import IssueType, Rung, Severity, Staleness, Suggestion
from workers.review.drafts import Draft, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workers.contract.domain import Edit
    from workers.protocols import Cell, Document
    from workers.review.models.names import ModelName

_FORM = re.compile(r"""['"][ \t]*\#[ \t]*@param[ \t]*\[""")
_ITEM = re.compile(r"""[ \t]*(["'])((?:models/)?)([\w.:@-]+)\1[ \t]*([,\]])""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """What is said of a model that is past its end or near it."""

    staleness: Staleness
    message: str
    evidence: str
    new: str | None
    """What the same call takes instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    name: str
    start: int
    """Of the name itself."""
    outer: tuple[int, int]
    """With its quotes."""


def form(document: Document, named: ModelName, judge: Callable[[str], Stale | None]) -> Draft | None:
    """The stale choices of the form beside a model's name; None where there are none, or where nothing else would be left."""
    cell = document.cells[named.cell]
    every = tuple(_choices(cell.source, named.end))
    told = {one.name: stale for one in every if (stale := judge(one.name)) is not None}
    after = _after(every, told, named.name)
    if not told or not any(name and name not in told for name in after):
        return None
    worst = Staleness.RETIRED if any(one.staleness is Staleness.RETIRED for one in told.values()) else None
    edits = tuple(_edits(cell, every, after))
    return Draft(
        cell=cell.index,
        offset=next(one.start for one in every if one.name in told),
        rule=f"models/{(worst or Staleness.DEPRECATED).value}",
        anchor=" ".join(told),
        message=f"the form offers models of which their vendor says: {'; '.join(one.message for one in told.values())}",
        issue_type=IssueType.STALE_MODEL,
        severity=Severity.MEDIUM,
        staleness=worst or Staleness.DEPRECATED,
        rung=Rung.E3 if worst else Rung.E2,
        evidence=next(iter(told.values())).evidence,
        fix="Offer models that are served.",
        suggestion=Suggestion(edits=edits, resolved=True) if edits else None,
    )


def _choices(source: str, end: int) -> Iterator[_Choice]:
    """The choices behind a name that ends there; none where the list is anything but names in quotes."""
    found = _FORM.match(source, end)
    at, made = (found.end() if found else -1), list[_Choice]()
    while at >= 0 and (item := _ITEM.match(source, at)) is not None:
        outer = (item.start(1), item.end(3) + 1)
        made.append(_Choice(name=item[3], start=item.start(3), outer=outer))
        at = item.end() if item[4] == "," else -1
    if at < 0:
        yield from made


def _after(every: Sequence[_Choice], told: dict[str, Stale], value: str) -> list[str]:
    """What each choice is called afterwards, in order; empty for one that goes: it fails, or is there already."""
    taken = {one.name for one in every if one.name not in told}
    after: list[str] = []
    for one in every:
        stale = told.get(one.name)
        new = one.name if stale is None else stale.new
        if stale is not None and new is None:
            kept = stale.staleness is not Staleness.RETIRED or one.name == value
            after.append(one.name if kept else "")
            continue
        after.append("" if stale is not None and new in taken else new or "")
        taken.add(new or "")
    return after


def _edits(cell: Cell, every: Sequence[_Choice], after: Sequence[str]) -> Iterator[Edit]:
    first = next(index for index, name in enumerate(after) if name)
    if first:
        yield replace(cell, every[0].outer[0], every[first].outer[0], "")
    for index, (one, new) in enumerate(zip(every, after, strict=True)):
        if index > first and not new:
            yield replace(cell, every[index - 1].outer[1], one.outer[1], "")
        elif new and new != one.name:
            yield replace(cell, one.start, one.start + len(one.name), new)
