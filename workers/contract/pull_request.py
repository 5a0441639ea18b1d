"""A run as the text of a pull request: totals, a section per artifact, and where it all comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract import report as numbers
from workers.contract.artifact_section import artifact_section, verdict
from workers.contract.markdown import code, impersonal, prose, row
from workers.contract.report import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.domain import Report, Run
    from workers.contract.report import Delivery

BODY_CHARS = 60_000
"""GitHub refuses bodies of 65,536 characters."""
NOTE_CHARS = 200
LEFT_SHOWN = 20
RECORDS_SHOWN = 60
DISCLOSURE = (
    "This pull request was made by an automation, mendloop. It says what was run and what came of it; whether to merge "
    "is for a person to decide."
)
COMMANDS = (
    "Who may write here can comment `/repair rebase`, `/repair recreate`, `/repair continue <guidance>`, "
    "`/repair ignore <path>`, `/repair revert`, `/repair status` or `/repair help`. Closing this pull request is a no to "
    "its findings; a commit of yours on its branch makes the branch yours, and mendloop stops."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a pull request on GitHub says beside the run."""

    notes: tuple[str, ...] = ()
    """Sentences in Markdown that stand at the top; foreign text in them has to be inert already."""
    link: str = ""
    """URL of the run's page."""
    chars: int = BODY_CHARS
    """What the whole may have."""


def pull_request_markdown(run: Run, deliveries: Mapping[str, Delivery], frame: Frame | None = None) -> str:
    """The body of a pull request; foreign text in it is inert, and the whole is bounded."""
    sections = [_summary(run), *(frame.notes if frame else ()), *(_for_a_person(run) if frame else ())]
    sections += [
        artifact_section(report, deliveries.get(report.artifact.path, numbers.NOTHING)) for report in run.reports
    ]
    sections.append(_provenance(run))
    if frame is None:
        return _bounded(sections, BODY_CHARS)
    tail = impersonal("\n\n".join([_records(run), COMMANDS, _signature(frame)]))
    return impersonal(_bounded(sections, frame.chars - len(tail) - 1)) + f"\n{tail}\n"


def _bounded(sections: list[str], chars: int) -> str:
    """Whole sections while they fit: half a table or an open fence would garble the rest."""
    body = sections[0]
    for index, section in enumerate(sections[1:], 1):
        if len(body) + len(section) > chars - NOTE_CHARS:
            left = count(len(sections) - index, "section")
            return f"{body}\n\n{left} left out here for length; the run's folder has everything.\n"
        body += f"\n\n{section}"
    return body + "\n"


def _for_a_person(run: Run) -> list[str]:
    """The remaining delta of all artifacts in one list: what a reviewer has to decide."""
    left = [(report.artifact.path, finding) for report in run.reports for finding in numbers.remaining(report.outcome)]
    if not left:
        return []
    lines = [f"- {code(path)}: {prose(numbers.remains(finding))}" for path, finding in left[:LEFT_SHOWN]]
    if len(left) > LEFT_SHOWN:
        lines.append(f"- {len(left) - LEFT_SHOWN} more, in the sections below")
    return ["## Left for a person", "\n".join(lines)]


def _records(run: Run) -> str:
    """Every iteration with the digest of its copy, folded away."""
    rows = [
        row(
            code(report.artifact.path),
            str(record.iteration),
            code(record.repair.by),
            verdict(record),
            code(record.updated),
        )
        for report in run.reports
        for record in report.records
    ]
    head = [row("artifact", "iteration", "by", "verdict", "SHA-256 of the copy"), row(*["---"] * 5)]
    more = [row("…", *[""] * 3, f"{len(rows) - RECORDS_SHOWN} more")] if len(rows) > RECORDS_SHOWN else []
    table = "\n".join([*head, *rows[:RECORDS_SHOWN], *more])
    return f"<details><summary>Records of the run</summary>\n\n{table}\n\n</details>"


def _signature(frame: Frame) -> str:
    return DISCLOSURE + (f" [The run in full]({frame.link})." if frame.link else "")


def _summary(run: Run) -> str:
    totals = numbers.totals(run)
    cost = f"{totals['model_calls']} model calls, {totals['cost_usd']:.2f} US dollars, {totals['seconds']:.1f} s"
    lines = [
        "# mendloop",
        "",
        f"{count(len(run.reports), 'artifact')}: {numbers.shown_counts(run) or 'nothing to do'}. {cost}.",
        "",
        row("artifact", "outcome", "base", "head", "evidence", "iterations", "left"),
        row(*["---"] * 7),
        *(_line(report) for report in run.reports),
    ]
    return "\n".join(lines)


def _line(report: Report) -> str:
    return row(
        code(report.artifact.path),
        numbers.shown_outcome(report),
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
