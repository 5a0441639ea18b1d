"""Findings of a run about the world around it: where it reached for, and the secrets in what it showed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract import leaks
from workers.contract.domain import Cause, IssueType, Rung, Severity, Staleness
from workers.review.causes import judge
from workers.review.drafts import Draft, findings
from workers.review.shown_secrets import mending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import CellRun, Execution, Finding, NetworkAttempt
    from workers.protocols import Document

ATTEMPT = "network/attempt"
STOLEN = "network/stolen"
UNREACHED = "network/unreached"
PRINTED = "secret/printed"
MOST = 20
"""Places of one cell that are spoken of."""


def find(document: Document, execution: Execution) -> tuple[Finding, ...]:
    """What reached out and what was shown that should not be, in document order."""
    drafts = [draft for run in execution.cells for draft in _of_cell(document, run)]
    drafts += [_attempt(_cell_that_names(document, attempt), attempt) for attempt in execution.attempts[:MOST]]
    return findings(document, drafts)


def _of_cell(document: Document, run: CellRun) -> Iterator[Draft]:
    if run.cell >= len(document.cells):
        return
    told = run.error is not None and judge(run.error, document.cells[run.cell].source).unlock.startswith(
        "needs network"
    )
    for attempt in run.attempts[:MOST]:
        # An error that says it all the same is a finding already.
        if not told or attempt.kind == "stolen":
            yield _attempt(run.cell, attempt)
    for kind in run.leaks:
        yield _printed(document, run.cell, kind)


def _cell_that_names(document: Document, attempt: NetworkAttempt) -> int | None:
    """The proxy does not see which cell asks; often only one cell can have."""
    naming = [cell.index for cell in document.cells if cell.kind == "code" and attempt.host in cell.source]
    return naming[0] if attempt.host and len(naming) == 1 else None


def place(attempt: NetworkAttempt) -> str:
    """Where an attempt went, for a reader."""
    if not attempt.host:
        return "a place that was not seen"
    return f"{attempt.host}:{attempt.port}" if attempt.port else attempt.host


def _attempt(cell: int | None, attempt: NetworkAttempt) -> Draft:
    if attempt.kind == "stolen":
        return _stolen(cell, attempt)
    weather = attempt.kind == "failed"
    who = "what this cell starts" if attempt.via == "other" else "this"
    why = f": {attempt.why}" if attempt.why else ""
    return Draft(
        cell=cell,
        offset=0,
        rule=UNREACHED if weather else ATTEMPT,
        anchor=attempt.host or attempt.via,
        message=f"{who} reaches for the network ({place(attempt)}) and gets nothing{why}",
        issue_type=IssueType.RUNTIME_RISK,
        severity=Severity.MEDIUM,
        staleness=Staleness.POLICY,
        rung=Rung.E5,
        cause=Cause.UPSTREAM if weather else Cause.ENVIRONMENT,
        evidence=f"{place(attempt)}{why}",
        unlock="the host answers" if weather else f"needs network ({place(attempt)})",
        fix="" if weather else "allow the host under `network.hosts`, or keep what is needed beside the artifact",
    )


def _stolen(cell: int | None, attempt: NetworkAttempt) -> Draft:
    return Draft(
        cell=cell,
        offset=0,
        rule=STOLEN,
        anchor=attempt.host or attempt.via,
        message=f"this sends a credential that was laid out as bait to {place(attempt)}; it did not get out",
        issue_type=IssueType.RUNTIME_RISK,
        severity=Severity.HIGH,
        staleness=Staleness.POLICY,
        rung=Rung.E5,
        cause=Cause.SECRET,
        evidence=place(attempt),
        unlock="a person looks at what this artifact does",
    )


def _printed(document: Document, cell: int, kind: str) -> Draft:
    bait = kind == leaks.CANARY
    suggestion = mending(document, cell)
    return Draft(
        cell=cell,
        offset=0,
        rule=PRINTED,
        anchor=kind,
        message=f"this cell shows {kind}",
        issue_type=IssueType.RUNTIME_RISK,
        severity=Severity.HIGH if bait else Severity.MEDIUM,
        staleness=Staleness.POLICY,
        rung=Rung.E5,
        cause=Cause.SECRET,
        evidence=kind,
        fix="do not show it: say that it is there, not what it is",
        suggestion=suggestion,
    )
