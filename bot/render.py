"""A run as a check run shows it: conclusion, title, summary, annotations and buttons, within GitHub's bounds.

Conclusions never block a merge for our own faults, nor for what we offer to mend; only what waits for a person asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.published import NOTHING, sentence
from workers.contract import report as numbers
from workers.contract.domain import Errored, Fresh, Improved, Repaired, Skipped, StopReason, Unrepaired
from workers.contract.markdown import block, capped, code, impersonal, prose, row, seen
from workers.contract.report import count

if TYPE_CHECKING:
    from bot.published import Published
    from workers.contract.domain import Finding, Report, Run

Conclusion = Literal["success", "neutral", "cancelled", "action_required"]
Level = Literal["notice", "warning"]

TEXT_CHARS = 65_000
"""GitHub takes 65,535 characters in a summary and in a text."""
ANNOTATIONS = 500
ROWS = 100
BUTTONS: dict[str, tuple[str, str]] = {
    "repair": ("Repair", "Open a pull request with the repair"),
    "ignore": ("Ignore", "Leave these artifacts alone from now on"),
    "explain": ("Explain", "Say why this was found and what helps"),
}
"""Identifier -> label, description; GitHub allows 20, 20 and 40 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A remark at one line of a file."""

    path: str
    line: int
    """In the file, from 1; of a notebook the line of the JSON."""
    level: Level
    title: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """As GitHub takes it."""
        return {
            "path": self.path,
            "start_line": self.line,
            "end_line": self.line,
            "annotation_level": self.level,
            "title": self.title,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check run says at its end."""

    conclusion: Conclusion
    title: str
    summary: str
    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    buttons: tuple[str, ...] = ()

    def output(self, annotations: tuple[Annotation, ...] = ()) -> dict[str, Any]:
        """The `output` of a check run with some of the annotations."""
        shown: dict[str, Any] = {"title": self.title[:255], "summary": capped(self.summary, TEXT_CHARS)}
        if self.text:
            shown["text"] = capped(self.text, TEXT_CHARS)
        if annotations:
            shown["annotations"] = [annotation.to_json() for annotation in annotations]
        return shown


def conclusion_of(report: Report) -> Conclusion:
    """The one table from outcomes to conclusions."""
    match report.outcome:
        case Fresh():
            return "success"
        case Improved(reason=StopReason.NEEDS_HUMAN) | Unrepaired(reason=StopReason.NEEDS_HUMAN):
            return "action_required"
        case Improved(reason=StopReason.CANCELLED) | Unrepaired(reason=StopReason.CANCELLED):
            return "cancelled"
        case Repaired() | Improved() | Unrepaired() | Skipped() | Errored():
            return "neutral"


def worst(found: set[Conclusion]) -> Conclusion:
    """Which of several artifacts speaks for the run: a person's decision first."""
    if "action_required" in found:
        return "action_required"
    if "cancelled" in found:
        return "cancelled"
    return "neutral" if "neutral" in found else "success"


def actions(buttons: tuple[str, ...]) -> list[dict[str, str]]:
    """The buttons as GitHub takes them."""
    return [{"identifier": each, "label": BUTTONS[each][0], "description": BUTTONS[each][1]} for each in buttons]


def verdict(
    run: Run, *, published: Published = NOTHING, text: str = "", buttons: bool = False, offer: bool = False
) -> Verdict:
    """What the check run says of a finished run. `text` is the run as its pull request would describe it.

    With `buttons` a person may answer; with `offer` nobody has repaired it yet.
    """
    if not run.reports:
        return nothing_to_do()
    stale = any(isinstance(report.outcome, Repaired | Improved | Unrepaired) for report in run.reports)
    shown = tuple(each for each in BUTTONS if each != "repair" or offer) if buttons and stale else ()
    return Verdict(
        conclusion=worst({conclusion_of(report) for report in run.reports}),
        title=_title(run),
        summary=_summary(run, published),
        text=text,
        annotations=remarks(run),
        buttons=shown,
    )


def nothing_to_do() -> Verdict:
    """No artifact was concerned."""
    return Verdict(
        conclusion="success", title="Nothing to do", summary="No notebook or page that is kept true is concerned."
    )


def config_problem(message: str) -> Verdict:
    """The owner's configuration cannot be used."""
    said = f"`.github/mendloop.yml` on the default branch cannot be used, so nothing was done:\n\n{block(message)}"
    return Verdict(conclusion="action_required", title="The configuration has a mistake", summary=said)


def our_fault(reason: str) -> Verdict:
    """It ended without a result, and not because of the repository."""
    said = f"This did not come to an end: {prose(reason or 'something on our side failed')}\n\nIt says nothing about the repository."
    return Verdict(conclusion="neutral", title="No result", summary=said)


def cancelled(reason: str) -> Verdict:
    """A person, or a newer commit, ended it."""
    return Verdict(conclusion="cancelled", title="Stopped", summary=prose(reason or "stopped as asked"))


def remarks(run: Run) -> tuple[Annotation, ...]:
    """One per finding that has a place, the most severe first within bounds."""
    found = [(report, finding) for report in run.reports for finding in report.findings if finding.place is not None]
    found.sort(key=lambda pair: -pair[1].severity.rank)
    return tuple(_annotation(report, finding) for report, finding in found[:ANNOTATIONS])


def _annotation(report: Report, finding: Finding) -> Annotation:
    place = finding.place
    where = f"Cell {place.cell}, line {place.line}" if place else "The whole artifact"
    parts = [f"{where}: {finding.message}", finding.evidence, finding.fix, f"Finding {finding.id}."]
    return Annotation(
        path=report.artifact.path,
        line=place.file_line if place else 1,
        level="notice" if finding.severity.rank == 0 else "warning",
        title=capped(seen(finding.rule), 200),
        message=capped(seen(impersonal("\n".join(part for part in parts if part))), 4000),
    )


def _title(run: Run) -> str:
    totals = numbers.totals(run)
    counts = ", ".join(f"{int(totals[name])} {name}" for name in numbers.OUTCOMES if totals[name])
    return f"{count(len(run.reports), 'artifact')}: {counts}"


def _summary(run: Run, published: Published) -> str:
    head = [row("artifact", "outcome", "base", "evidence", "iterations", "left"), row(*["---"] * 6)]
    lines = [*head, *(_line(report) for report in run.reports[:ROWS])]
    parts = ["\n".join(lines)]
    if len(run.reports) > ROWS:
        parts.append(f"{len(run.reports) - ROWS} more artifacts.")
    if published.landings:
        parts.append("\n".join(f"- {sentence(landing)}" for landing in published.landings[:ROWS]))
    parts.append(f"Run {code(run.id)}, {run.seconds:.0f} s.")
    return "\n\n".join(parts)


def _line(report: Report) -> str:
    return row(
        code(report.artifact.path),
        numbers.outcome_name(report.outcome),
        numbers.base_status(report).replace("_", " "),
        numbers.shown_evidence(report),
        str(len(report.records)),
        str(len(numbers.remaining(report.outcome))),
    )
