"""From a stretch of a cell to a finding: places, exact edits and ids that survive reordering."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, Edit, Finding, IssueType, Place, Rung, Severity, Staleness, finding_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.contract.domain import Suggestion
    from workers.protocols import Cell, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A finding before its place is worked out and equal ones are counted."""

    cell: int | None
    """None where the whole artifact is meant."""
    offset: int
    """In the cell's source, in characters."""
    rule: str
    anchor: str
    """The stale text itself; white space does not matter."""
    message: str
    issue_type: IssueType
    severity: Severity
    staleness: Staleness
    rung: Rung
    cause: Cause = Cause.CODE
    evidence: str = ""
    fix: str = ""
    unlock: str = ""
    suggestion: Suggestion | None = None


def replace(cell: Cell, start: int, end: int, new: str) -> Edit:
    """The edit that puts `new` in place of `start` to `end` of the cell's source."""
    return Edit(cell=cell.index, start=start, end=end, old=cell.source[start:end], new=new)


def findings(document: Document, drafts: Iterable[Draft]) -> tuple[Finding, ...]:
    """The drafts as findings in document order, equal anchors of a rule numbered."""
    seen: Counter[tuple[str, str]] = Counter()
    made: list[Finding] = []
    for draft in sorted(drafts, key=_order):
        key = (draft.rule, " ".join(draft.anchor.split()))
        made.append(_finding(document, draft, seen[key]))
        seen[key] += 1
    return tuple(made)


def _order(draft: Draft) -> tuple[int, int, str]:
    return (-1 if draft.cell is None else draft.cell, draft.offset, draft.rule)


def _finding(document: Document, draft: Draft, occurrence: int) -> Finding:
    return Finding(
        id=finding_id(draft.rule, draft.anchor, occurrence),
        artifact=document.path,
        place=_place(document, draft),
        issue_type=draft.issue_type,
        severity=draft.severity,
        staleness=draft.staleness,
        rung=draft.rung,
        cause=draft.cause,
        rule=draft.rule,
        message=draft.message,
        evidence=draft.evidence,
        fix=draft.fix,
        unlock=draft.unlock,
        suggestion=draft.suggestion,
    )


def _place(document: Document, draft: Draft) -> Place | None:
    if draft.cell is None:
        return None
    before = document.cells[draft.cell].source[: draft.offset]
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Place(cell=draft.cell, line=line, column=column, file_line=document.file_line(draft.cell, line))
