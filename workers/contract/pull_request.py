"""A run as the text of a pull request: what was wrong, what changed and why, what proves it, what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract import report as numbers
from workers.contract.markdown import block, capped, code, row
from workers.contract.report import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.contract.domain import CellRun, Execution, Finding, Record, Report, Run
    from workers.contract.report import Delivery

BODY_CHARS = 60_000
"""GitHub refuses bodies of 65,536 characters."""
FINDINGS = 50
CELLS = 40


def pull_request_markdown(run: Run, deliveries: Mapping[str, Delivery]) -> str:
    """The body of a pull request; foreign text in it is inert, and the whole is bounded."""
    sections = [_summary(run)]
    sections += [_artifact(report, deliveries.get(report.artifact.path, numbers.NOTHING)) for report in run.reports]
    sections.append(_provenance(run))
    return _bounded(sections)


def _bounded(sections: list[str]) -> str:
    """Whole sections while they fit: half a table or an open fence would garble the rest."""
    body = sections[0]
    for index, section in enumerate(sections[1:], 1):
        if len(body) + len(section) > BODY_CHARS:
            left = count(len(sections) - index, "section")
            return f"{body}\n\n{left} left out here for length; the run's folder has everything.\n"
        body += f"\n\n{section}"
    return body + "\n"


def _summary(run: Run) -> str:
    totals = numbers.totals(run)
    counts = ", ".join(f"{totals[name]} {name}" for name in numbers.OUTCOMES if totals[name])
    cost = f"{totals['model_calls']} model calls, {totals['cost_usd']:.2f} US dollars, {totals['seconds']:.1f} s"
    lines = [
        "# mendloop",
        "",
        f"{count(len(run.reports), 'artifact')}: {counts or 'nothing to do'}. {cost}.",
        "",
        row("artifact", "outcome", "base", "head", "evidence", "iterations", "left"),
        row(*["---"] * 7),
        *(_line(report) for report in run.reports),
    ]
    return "\n".join(lines)


def _line(report: Report) -> str:
    return row(
        code(report.artifact.path),
        numbers.outcome_name(report.outcome),
        _status(numbers.base_status(report)),
        _status(numbers.head(report).status),
        evidence(report),
        str(len(report.records)),
        str(len(numbers.remaining(report.outcome))),
    )


def _status(status: str) -> str:
    return status.replace("_", " ")


def evidence(report: Report) -> str:
    """The evidence level, and for a partial run how far it got."""
    level = numbers.evidence_level(report)
    run = numbers.evidence(report)
    until = "" if run is None or level != "partial" else f" to cell {run.until_cell}"
    unboxed = "" if run is None or run.boxed or run.status == "not_run" else ", without a box"
    return f"{level.value}{until}{unboxed}"


def _artifact(report: Report, delivery: Delivery) -> str:
    cells = ", ".join(map(str, delivery.changed_cells))
    parts = [
        f"## {code(report.artifact.path)}: {numbers.outcome_name(report.outcome)}",
        code(numbers.reason(report), 600),
        *_wrong(report),
        *_changed(report, cells),
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
    seen = f" Seen: {code(finding.evidence)}." if finding.evidence else ""
    kind = f"{finding.severity.value}, {finding.staleness.value}, {finding.rung.name}"
    return f"- {where}{code(finding.message)} ({kind}, {code(finding.rule)}).{seen}"


def _changed(report: Report, cells: str) -> Iterator[str]:
    record = numbers.delivered(report)
    if record is None:
        return
    yield "### What changed and why"
    yield "\n".join(
        f"- {code(change, 600)} (iteration {made.iteration}, {made.repair.by})"
        for made in contributing(report.records, record.iteration)
        for change in made.repair.changes_made
    )
    yield f"Changed cells: {cells or 'none'}. Every other byte of the file is as it was."


def contributing(records: tuple[Record, ...], until: int) -> tuple[Record, ...]:
    """The records whose edits no rule refused, up to the delivered one."""
    return tuple(made for made in records if made.iteration <= until and made.validation.refused is None)


def _before_and_after(report: Report) -> Iterator[str]:
    base = report.base.first if report.base else None
    head = numbers.head(report)
    if base is None or (base.status == "not_run" and head.status == "not_run"):
        if base is not None and base.reason:
            yield f"It was not run: {code(base.reason)}."
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
    return f"{code(refused.name)}: {code(why, 160)}" if why else code(refused.name)


def _left(report: Report) -> Iterator[str]:
    left = numbers.remaining(report.outcome)
    if not left:
        return
    yield "### What is left"
    yield "\n".join(_open_item(finding) for finding in left[:FINDINGS])


def _open_item(finding: Finding) -> str:
    where = f"cell {finding.place.cell}: " if finding.place else ""
    unlock = finding.unlock or finding.fix or "a person has to decide"
    return f"- [ ] {where}{code(finding.message)} Cause: {finding.cause.value}. To unlock: {code(unlock)}"


def _provenance(run: Run) -> str:
    made = run.provenance
    short = {"environment": made.environment, "configuration": made.configuration, "rules": made.rules}
    digests = ", ".join(f"{name} {code(capped(digest, 200)[:12])}" for name, digest in short.items() if digest)
    return (
        f"Run {code(run.id)} of mendloop {code(made.version)}, judged by the date {made.as_of}, Python "
        f"{code(made.python or 'none')}, box {code(made.sandbox)}; {digests}."
    )
