"""What the page of a run shows, decided here: the template only places it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from bot.pages.words import text, words
from workers.contract import report as numbers
from workers.contract.markdown import seen
from workers.contract.report import count

if TYPE_CHECKING:
    from workers.contract.domain import Finding, Record, Report, Run

FINDINGS = 200
DIFF_LINES = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """Something stale, as a row."""

    where: str
    message: str
    kind: str
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationView:
    """One iteration, as a row."""

    number: int
    by: str
    findings: int
    edits: int
    verdict: str
    left: int
    seconds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactView:
    """One artifact: a row in the summary, and a section."""

    anchor: str
    path: str
    outcome: str
    reason: str
    base: str
    head: str
    evidence: str
    error: str
    findings: tuple[FindingView, ...]
    more_findings: int
    changes: tuple[str, ...]
    iterations: tuple[IterationView, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line of a patch and what it is."""

    kind: Literal["file", "hunk", "add", "del", "same"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run's page."""

    run_id: str
    started: str
    summary: str
    artifacts: tuple[ArtifactView, ...]
    diff: tuple[DiffLine, ...]
    diff_left_out: int
    provenance: tuple[tuple[str, str], ...]


def run_view(run: Run, patch: str) -> RunView:
    """A run and the patch it delivers."""
    lines = patch.splitlines()
    return RunView(
        run_id=run.id,
        started=run.started,
        summary=_summary(run),
        artifacts=tuple(_artifact(index, report) for index, report in enumerate(run.reports, 1)),
        diff=_diff(lines[:DIFF_LINES]),
        diff_left_out=max(len(lines) - DIFF_LINES, 0),
        provenance=_provenance(run),
    )


def _summary(run: Run) -> str:
    totals = numbers.totals(run)
    counts = ", ".join(f"{totals[name]:g} {name}" for name in numbers.OUTCOMES if totals[name])
    calls = count(int(totals["model_calls"]), "model call")
    return (
        f"{count(len(run.reports), 'artifact')}: {counts or 'nothing to do'}. "
        f"{totals['seconds']:.1f} s, {calls}, {totals['cost_usd']:.2f} US dollars."
    )


def _provenance(run: Run) -> tuple[tuple[str, str], ...]:
    made = run.provenance
    rows = (
        ("mendloop", made.version),
        ("judged by the date", made.as_of),
        ("Python", made.python),
        ("box", made.sandbox),
        ("environment", made.environment[:12]),
        ("configuration", made.configuration[:12]),
        ("rules", made.rules[:12]),
    )
    return tuple((name, text(value)) for name, value in rows if value)


def _artifact(index: int, report: Report) -> ArtifactView:
    base = report.base.first if report.base else None
    error = base.error if base else None
    where = f"cell {base.failed_cell}: " if base and base.failed_cell is not None else ""
    delivered = numbers.delivered(report)
    return ArtifactView(
        anchor=f"artifact-{index}",
        path=text(report.artifact.path),
        outcome=numbers.outcome_name(report.outcome),
        reason=text(numbers.sentence(numbers.reason(report))),
        base=words(numbers.base_status(report)),
        head=words(numbers.head(report).status),
        evidence=numbers.shown_evidence(report),
        error=text(f"{where}{error.name}: {error.message}") if error else "",
        findings=tuple(_finding(finding) for finding in report.findings[:FINDINGS]),
        more_findings=max(len(report.findings) - FINDINGS, 0),
        changes=() if delivered is None else _changes(report, delivered.iteration),
        iterations=tuple(_iteration(record) for record in report.records),
        left=tuple(_left(finding) for finding in numbers.remaining(report.outcome)[:FINDINGS]),
    )


def _changes(report: Report, until: int) -> tuple[str, ...]:
    kept = (made for made in report.records if made.iteration <= until and made.validation.refused is None)
    return tuple(text(change) for made in kept for change in made.repair.changes_made)


def _finding(finding: Finding) -> FindingView:
    return FindingView(
        where=_where(finding),
        message=text(finding.message),
        kind=f"{finding.severity.value}, {finding.staleness.value}, {finding.rung.name}",
        rule=text(finding.rule),
        evidence=text(finding.evidence),
    )


def _where(finding: Finding) -> str:
    return f"cell {finding.place.cell}, line {finding.place.line}" if finding.place else "whole artifact"


def _left(finding: Finding) -> str:
    return f"{_where(finding)}: {text(numbers.remains(finding))}"


def _iteration(record: Record) -> IterationView:
    return IterationView(
        number=record.iteration,
        by=text(record.repair.by),
        findings=len(record.review),
        edits=len(record.repair.edits),
        verdict=_verdict(record),
        left=len(record.validation.remaining),
        seconds=f"{record.seconds:.1f}",
    )


def _verdict(record: Record) -> str:
    if record.validation.passed:
        return "passed"
    refused = next((case for case in record.validation.cases if not case.passed), None)
    if refused is None:
        return "something is left"
    why = refused.feedback or refused.evidence
    return text(f"{refused.name}: {why}" if why else refused.name)


def _diff(lines: list[str]) -> tuple[DiffLine, ...]:
    """The lines of a unified diff by kind; `---` and `+++` count as a file's only where its hunk has not begun."""
    shown: list[DiffLine] = []
    in_hunk = False
    for line in lines:
        if line.startswith("diff ") or (not in_hunk and line.startswith(("---", "+++"))):
            in_hunk, kind = False, "file"
        elif line.startswith("@@"):
            in_hunk, kind = True, "hunk"
        else:
            kind = {"+": "add", "-": "del"}.get(line[:1], "same")
        shown.append(DiffLine(kind=cast("Any", kind), text=seen(line)))
    return tuple(shown)
