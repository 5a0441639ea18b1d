"""Findings of a run: the error that ended it, the warnings it raised, and promised errors that stayed away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, CellError, Finding, IssueType, Rung, Severity, Staleness
from workers.knowledge.words import by_position, first_line, targets
from workers.review.causes import judge, limited
from workers.review.drafts import Draft, findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import CellRun, Execution, KernelWarning
    from workers.protocols import Cell, Document

EVIDENCE_CHARS = 2000
TAG = "raises-exception"

_STALE_CATEGORY = re.compile(r"Deprecat|FutureWarning|^Pandas\d+Warning$|^RemovedIn")


def find(document: Document, execution: Execution) -> tuple[Finding, ...]:
    """What the run of `document` showed, in document order."""
    drafts = [*_ended(document, execution), *_warned(document, execution), *_kept_quiet(document, execution)]
    return findings(document, drafts)


def _ended(document: Document, execution: Execution) -> Iterator[Draft]:
    run = execution.failed_run
    if run is not None and run.error is not None and run.cell < len(document.cells):
        yield _error(document.cells[run.cell], run.error, execution.ended)
    elif execution.status == "failed":
        error = CellError(name=execution.ended or "Killed", message=execution.reason, traceback="", line=None)
        killed = CellError(name="Killed", message="", traceback="", line=None)
        verdict = limited(execution.ended) or judge(killed, "")
        yield Draft(
            cell=None,
            offset=0,
            rule="execution/error",
            anchor=error.name,
            message=f"the run ended early: {error.name}",
            issue_type=verdict.issue_type,
            severity=Severity.HIGH,
            staleness=Staleness.BROKEN,
            rung=Rung.E5,
            cause=verdict.cause,
            evidence=error.message[:EVIDENCE_CHARS],
            unlock=verdict.unlock,
        )


def _error(cell: Cell, error: CellError, ended: str) -> Draft:
    verdict = limited(ended) or judge(error, cell.source)
    offset = _offset(cell, error.line)
    return Draft(
        cell=cell.index,
        offset=offset,
        rule="execution/error",
        anchor=f"{error.name} {_line_at(cell, offset)}",
        message=f"running this ends in {error.name}: {first_line(error.message)}".rstrip(": "),
        issue_type=verdict.issue_type,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E5,
        cause=verdict.cause,
        evidence=_evidence(error),
        fix=direction(error.message) if verdict.cause is Cause.CODE else "",
        unlock=verdict.unlock,
    )


def _warned(document: Document, execution: Execution) -> Iterator[Draft]:
    seen: set[tuple[int, int, str, str]] = set()
    for run in execution.cells:
        for warning in run.warnings:
            index = _cell_of(run, warning)
            if index >= len(document.cells) or not _STALE_CATEGORY.search(warning.category):
                continue
            draft = _warning(document.cells[index], warning)
            key = (index, draft.offset, warning.category, warning.message)
            if key not in seen:
                seen.add(key)
                yield draft


def _cell_of(run: CellRun, warning: KernelWarning) -> int:
    """The cell whose line is meant: that of a function may be another than the one that ran."""
    return int(warning.filename[5:]) if re.fullmatch(r"cell:\d+", warning.filename) else run.cell


def _warning(cell: Cell, warning: KernelWarning) -> Draft:
    line = warning.line or _line_it_is_about(cell, warning)
    offset = _offset(cell, line)
    mild = line is None or warning.category == "PendingDeprecationWarning"
    return Draft(
        cell=cell.index,
        offset=offset,
        rule="execution/warning",
        anchor=f"{warning.category} {_line_at(cell, offset) if line else first_line(warning.message)}",
        message=f"{warning.category}: {first_line(warning.message)}",
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.LOW if mild else Severity.MEDIUM,
        staleness=Staleness.DEPRECATED,
        rung=Rung.E3,
        cause=Cause.CODE if line else Cause.ENVIRONMENT,
        evidence=warning.message.strip()[:EVIDENCE_CHARS],
        fix=direction(warning.message),
        unlock="" if line else "versions of the installed libraries that fit each other",
    )


def _line_it_is_about(cell: Cell, warning: KernelWarning) -> int | None:
    """The one line of the cell that says what a warning from inside a library complains of.

    Libraries often warn at their own line about what the caller wrote.
    """
    for hint in targets(warning.message):
        name = hint.old.rpartition(".")[2]
        stated = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") if name else None
        lines = [number for number, text in enumerate(cell.source.split("\n"), 1) if stated and stated.search(text)]
        if len(lines) == 1:
            return lines[0]
    return None


def _kept_quiet(document: Document, execution: Execution) -> Iterator[Draft]:
    for run in execution.cells:
        if run.cell < len(document.cells) and _broken_promise(document.cells[run.cell], run):
            cell = document.cells[run.cell]
            yield Draft(
                cell=cell.index,
                offset=0,
                rule="execution/expected-error",
                anchor=cell.source.strip().split("\n")[0],
                message=f"the tag `{TAG}` promises an error, but the cell runs without one",
                issue_type=IssueType.OTHER,
                severity=Severity.MEDIUM,
                staleness=Staleness.BROKEN,
                rung=Rung.E5,
                fix="take the tag away, or show an error that still happens",
            )


def _broken_promise(cell: Cell, run: CellRun) -> bool:
    return TAG in cell.tags and run.status == "ok" and bool(cell.source.strip())


def direction(message: str) -> str:
    """Which way a repair could go, from the message's own words; empty when it has none."""
    if by_position(message):
        return "use .iloc for access by position"
    hints = targets(message)
    exact = [f"`{hint.old}` -> `{hint.new}`" for hint in hints if hint.exact]
    return "; ".join(dict.fromkeys(exact or [f"see `{hint.new}`" for hint in hints]))


def _evidence(error: CellError) -> str:
    """The message and the end of the traceback, where the failing frames are."""
    text = f"{error.name}: {error.message}".strip()
    rest = EVIDENCE_CHARS - len(text) - 1
    return f"{text}\n{error.traceback[-rest:]}".strip() if rest > 0 else text[:EVIDENCE_CHARS]


def _offset(cell: Cell, line: int | None) -> int:
    """Where the text of line `line` (from 1) starts; the first line when it is unknown or not there."""
    lines = cell.source.split("\n")
    number = line if line and 0 < line <= len(lines) else 1
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    return sum(len(text) + 1 for text in lines[: number - 1]) + indent


def _line_at(cell: Cell, offset: int) -> str:
    return cell.source[offset:].split("\n", 1)[0]
