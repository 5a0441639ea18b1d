"""No repair may bring staleness of its own: what an edit writes resolves in the environment, and its calls bind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workers.contract.domain import Case, Execution, Rung
from workers.validate.excerpts import masked
from workers.validate.statements import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.contract.domain import Finding, Place
    from workers.protocols import Cell, Change, Document, Review

_SHOWN = 3
_READ = Execution(status="not_run", reason="read, not run")


class NoNewStaleness:
    """The review of the head proves nothing stale in an edited cell that was not in it before."""

    name = "no_new_staleness"

    def __init__(self, review: Review) -> None:
        self._review = review

    async def check(self, change: Change) -> Case:
        """Refuse an edit that names what is not there, with a veto. Nothing runs."""
        before = await self._review(change.base, _READ)
        after = await self._review(change.head, _READ)
        found = new_findings(change, before, after)
        shown = [f"{finding.rule}: {finding.message}" for finding in found[:_SHOWN]]
        return Case(
            name=self.name,
            passed=not found,
            veto=True,
            evidence=masked("; ".join(shown)) or "what the edits name is there",
            feedback=masked(f"Do not write what is stale itself: {shown[0]}") if shown else "",
            cells=tuple(sorted({finding.place.cell for finding in found if finding.place})),
        )


def new_findings(change: Change, before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Finding, ...]:
    """The proven findings of the head that an edit brought. Not those in text that could not be read before."""
    seen = list(_read_off(before))
    known = {(finding.id, place.cell) for finding, place in seen}
    told = Counter(_said(finding, place) for finding, place in seen)
    found: list[Finding] = []
    for finding, place in _read_off(after):
        if finding.rung < Rung.E4:
            continue
        said = _said(finding, place)
        told[said] -= 1
        if told[said] < 0 and (finding.id, place.cell) not in known and _is_ours(change, place):
            found.append(finding)
    return tuple(found)


def _read_off(findings: Iterable[Finding]) -> Iterator[tuple[Finding, Place]]:
    """What is known without a run, and where it stands. A suspicion of the base may well be proven in the head."""
    for finding in findings:
        if finding.place and not finding.rule.startswith("execution/"):
            yield finding, finding.place


def _said(finding: Finding, place: Place) -> tuple[int, str, str]:
    """What is said and in which cell: an id alone moves on to the next equal text when one before it is mended."""
    return (place.cell, finding.rule, finding.message)


def _is_ours(change: Change, place: Place) -> bool:
    """True for what stands in an edited cell that could be read before, and was not merely hidden there."""
    old, new = _code(change.base), _code(change.head)
    was, now = old.get(place.cell), new.get(place.cell)
    if was is None or now is None or was.source == now.source or not read(was.source).parses:
        return False
    return not (_stood_there(was, now, place) and _hidden(old, place.cell))


def _stood_there(was: Cell, now: Cell, place: Place) -> bool:
    return now.source.split("\n")[place.line - 1] in was.source.split("\n")


def _hidden(old: Mapping[int, Cell], until: int) -> bool:
    """True when a cell before could not be read: nobody knew what its imports bind."""
    return any(index < until and not read(cell.source).parses for index, cell in old.items())


def _code(document: Document) -> dict[int, Cell]:
    return {cell.index: cell for cell in document.cells if cell.kind == "code"}
