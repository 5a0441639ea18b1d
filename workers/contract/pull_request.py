"""A run as the text of a pull request: totals, a section per artifact, and where it all comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract import report as numbers
from workers.contract.artifact_section import artifact_section
from workers.contract.markdown import code, row
from workers.contract.report import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.domain import Report, Run
    from workers.contract.report import Delivery

BODY_CHARS = 60_000
"""GitHub refuses bodies of 65,536 characters."""


def pull_request_markdown(run: Run, deliveries: Mapping[str, Delivery]) -> str:
    """The body of a pull request; foreign text in it is inert, and the whole is bounded."""
    sections = [_summary(run)]
    sections += [
        artifact_section(report, deliveries.get(report.artifact.path, numbers.NOTHING)) for report in run.reports
    ]
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
        numbers.shown_evidence(report),
        str(len(report.records)),
        str(len(numbers.remaining(report.outcome))),
    )


def _status(status: str) -> str:
    return status.replace("_", " ")


def _provenance(run: Run) -> str:
    made = run.provenance
    short = {"environment": made.environment, "configuration": made.configuration, "rules": made.rules}
    digests = ", ".join(f"{name} {code(digest[:12])}" for name, digest in short.items() if digest)
    return (
        f"Run {code(run.id)} of mendloop {code(made.version)}, judged by the date {made.as_of}, Python "
        f"{code(made.python or 'none')}, box {code(made.sandbox)}; {digests}."
    )
