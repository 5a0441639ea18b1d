"""How reader-experience findings read: no edit, and a word on what the author would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.domain import Cause, IssueType, Rung, Severity, Staleness
from workers.review.drafts import Draft

if TYPE_CHECKING:
    from workers.protocols import Document


def draft(  # noqa: PLR0913 - the parts of a finding
    rule: str,
    cell: int,
    offset: int,
    anchor: str,
    *,
    message: str,
    fix: str,
    issue_type: IssueType,
    cause: Cause = Cause.CODE,
    unlock: str = "",
) -> Draft:
    """A finding for the reader's sake."""
    return Draft(
        cell=cell,
        offset=offset,
        rule=rule,
        anchor=anchor,
        message=message,
        issue_type=issue_type,
        severity=Severity.LOW,
        staleness=Staleness.READER,
        rung=Rung.E2,
        cause=cause,
        fix=fix,
        unlock=unlock or fix,
    )


def prose_before(document: Document, cell: int) -> str:
    """All prose above a cell, in lower case, shell comments and headings included."""
    return "\n".join(one.source for one in document.cells if one.index < cell and one.kind == "markdown").lower()
