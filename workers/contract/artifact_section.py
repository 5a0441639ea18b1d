"""One artifact in a pull request: what was wrong, what changed and why, what proves it, what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract import report as numbers
from workers.contract.domain import Cause, Fresh
from workers.contract.fault_section import fault_section
from workers.contract.markdown import block, code, prose, row
from workers.contract.report import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import CellRun, Execution, Finding, Record, Report
    from workers.contract.report import Delivery

FINDINGS = 50
CELLS = 40


def artifact_section(report: Report, delivery: Delivery) -> str:
    """A heading and what there is to say below it."""
    parts = [
        f"## {code(report.artifact.path)}: {numbers.shown_outcome(report)}",
        prose(numbers.reason(report)),
        *_wrong(report),
        *fault_section(report.fault),
        *_changed(report, delivery),
        *_before_and_after(report),
        *_iterations(report),
        *_left(report),
    ]
    return "\n\n".join(parts)


def _wrong(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield "### What was wrong"
    yield "\n".join(_finding(finding) for finding in report.findings[:FINDINGS])
    if len(report.findings) > FINDINGS:
        yield f"{len(report.findings) - FINDINGS} more in the run's folder."
    error = report.base.first.error if report.base else None
    if error is not None:
        yield f"Running it unchanged ended in cell {report.base.first.failed_cell if report.base else ''} with:"
        yield block(f"{error.name}: {error.message}")


def _finding(finding: Finding) -> str:
    where = f"cell {finding.place.cell}, line {finding.place.line}: " if finding.place else ""
    seen = f" Seen: {code(finding.evidence.splitlines()[0])}." if finding.evidence.strip() else ""
    cause = "" if finding.cause is Cause.CODE else f", cause {finding.cause.value}"
    kind = f"{finding.severity.value}, {finding.staleness.value}, {finding.rung.name}{cause}"
    return f"- {where}{prose(finding.message)} ({kind}, {code(finding.rule)}).{seen}"


def _changed(report: Report, delivery: Delivery) -> Iterator[str]:
    record = numbers.delivered(report)
    if record is None:
        return
    yield "### What changed and why"
    yield "\n".join(
        f"- {prose(change)} (iteration {made.iteration}, {made.repair.by})"
        for made in contributing(report.records, record.iteration)
        for change in made.repair.changes_made
    )
    stored = (
        f" Stored outputs changed: cells {_cells_of(delivery.outputs_changed)}." if delivery.outputs_changed else ""
    )
    yield f"Changed cells: {_cells_of(delivery.changed_cells)}.{stored} Every other byte of the file is as it was."
    if delivery.outputs_kept:
        yield (
            "Run now, these edited cells print something else than the stored outputs they keep: "
            f"{_cells_of(delivery.outputs_kept)}. `outputs: changed` in the configuration replaces those."
        )


def _cells_of(indexes: tuple[int, ...]) -> str:
    return ", ".join(map(str, indexes)) or "none"


def contributing(records: tuple[Record, ...], until: int) -> tuple[Record, ...]:
    """The records whose edits no rule refused, up to the delivered one."""
    return tuple(made for made in records if made.iteration <= until and made.validation.refused is None)


def _before_and_after(report: Report) -> Iterator[str]:
    base = report.base.first if report.base else None
    head = numbers.head(report)
    if base is None or (base.status == "not_run" and head.status == "not_run"):
        if base is not None and base.reason:
            yield f"It was not run: {prose(base.reason)}"
        return
    if isinstance(report.outcome, Fresh):
        return
    yield "### Base and head, cell by cell"
    yield "\n".join([row("cell", "base", "head"), row("---", "---", "---"), *_cells(base, head)])
    if report.base and report.base.flaky:
        yield "The unchanged artifact ended differently in two runs: it is flaky, and no run of it proves a repair."


def _cells(base: Execution, head: Execution) -> Iterator[str]:
    after = {run.cell: run for run in head.cells}
    for run in base.cells[:CELLS]:
        yield row(str(run.cell), _cell(run), _cell(after.get(run.cell)))
    if len(base.cells) > CELLS:
        yield row("…", f"{len(base.cells) - CELLS} more", "in the run's folder")


def _cell(run: CellRun | None) -> str:
    if run is None or run.status == "not_run":
        return "not run"
    warned = f", {count(len(run.warnings), 'warning')}" if run.warnings else ""
    if run.error is None:
        return f"ok, {run.seconds:.1f} s{warned}"
    return f"{'expected ' if run.expected else ''}{code(f'{run.error.name}: {run.error.message}', 120)}{warned}"


def _iterations(report: Report) -> Iterator[str]:
    if not report.records:
        return
    yield "### Iterations"
    head = [row("#", "by", "findings", "edits", "verdict", "left", "seconds"), row(*["---"] * 7)]
    yield "\n".join(head + [_iteration(record) for record in report.records])


def _iteration(record: Record) -> str:
    return row(
        str(record.iteration),
        code(record.repair.by),
        str(len(record.review)),
        str(len(record.repair.edits)),
        verdict(record),
        str(len(record.validation.remaining)),
        f"{record.seconds:.1f}",
    )


def verdict(record: Record) -> str:
    """Passed, or the first rule that refused."""
    if record.validation.passed:
        return "passed"
    refused = next((case for case in record.validation.cases if not case.passed), None)
    if refused is None:
        return "something is left"
    why = refused.feedback or refused.evidence
    return f"{code(refused.name)}: {prose(why, 200)}" if why else code(refused.name)


def _left(report: Report) -> Iterator[str]:
    left = numbers.remaining(report.outcome)
    if not left:
        return
    yield "### What is left"
    yield "\n".join(_open_item(finding) for finding in left[:FINDINGS])


def _open_item(finding: Finding) -> str:
    where = f"cell {finding.place.cell}: " if finding.place else ""
    return f"- [ ] {where}{prose(numbers.remains(finding))}"
