"""A run in numbers: the one source of what the terminal, the JSON contract and the pull request say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workers.contract.domain import (
    Errored,
    EvidenceLevel,
    Execution,
    Fresh,
    Improved,
    Repaired,
    Skipped,
    StopReason,
    Unrepaired,
)

if TYPE_CHECKING:
    from workers.contract.domain import Finding, Outcome, Record, Report, Run

OutcomeName = Literal["fresh", "repaired", "improved", "unrepaired", "skipped", "errored"]
OUTCOMES: tuple[OutcomeName, ...] = ("fresh", "repaired", "improved", "unrepaired", "skipped", "errored")
INTERRUPTED = "interrupted"
NOT_RUN = Execution(status="not_run")
_STOPPED = {
    StopReason.PASSED: "every check passed",
    StopReason.MAX_ITERATIONS: "the iterations are used up",
    StopReason.NO_PROGRESS: "an iteration left things as one before had",
    StopReason.NEEDS_HUMAN: "a person has to decide",
    StopReason.BUDGET: "time or money is used up",
    StopReason.CANCELLED: "the run was interrupted",
    StopReason.OPERATIONAL_ERROR: "something on our side failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a run left in its folder for one artifact."""

    changed_cells: tuple[int, ...] = ()
    """Cells whose source is another than before, from 0."""
    patch: str | None = None
    """Path of the patch under the run's folder."""
    outputs_changed: tuple[int, ...] = ()
    """Cells whose stored outputs are others than before, from 0."""
    outputs_kept: tuple[int, ...] = ()
    """Edited cells that now print something else than the stored outputs they keep, from 0."""
    record: str | None = None
    """Path of the delivered record, or of the last one, under the run's folder."""


NOTHING = Delivery()


def outcome_name(outcome: Outcome) -> OutcomeName:
    """The outcome as one word."""
    match outcome:
        case Fresh():
            return "fresh"
        case Repaired():
            return "repaired"
        case Improved():
            return "improved"
        case Unrepaired():
            return "unrepaired"
        case Skipped():
            return "skipped"
        case Errored():
            return "errored"


def shown_outcome(report: Report) -> str:
    """The outcome for people: what an interrupted run did not get to is not called unrepaired, for nobody judged it."""
    name = outcome_name(report.outcome)
    interrupted = name == "unrepaired" and stop_reason(report.outcome) is StopReason.CANCELLED
    return INTERRUPTED if interrupted else name


def shown_counts(run: Run) -> str:
    """`1 fresh, 2 repaired`; empty for a run without artifacts."""
    names = [shown_outcome(report) for report in run.reports]
    return ", ".join(f"{names.count(name)} {name}" for name in (*OUTCOMES, INTERRUPTED) if name in names)


def stop_reason(outcome: Outcome) -> StopReason | None:
    """Why the loop ended; None where it never started."""
    match outcome:
        case Fresh() | Skipped():
            return None
        case Repaired():
            return StopReason.PASSED
        case Improved(reason=reason) | Unrepaired(reason=reason):
            return reason
        case Errored():
            return StopReason.OPERATIONAL_ERROR


def remaining(outcome: Outcome) -> tuple[Finding, ...]:
    """The remaining delta."""
    match outcome:
        case Improved(remaining=findings) | Unrepaired(remaining=findings):
            return findings
        case Fresh() | Repaired() | Skipped() | Errored():
            return ()


def reason(report: Report) -> str:
    """How it ended, in a sentence."""
    match report.outcome:
        case Skipped(reason=text) | Errored(reason=text):
            return text
        case Fresh():
            return report.note or "nothing stale at the classes that count"
        case Repaired(iteration=iteration):
            return report.note or f"everything that counts is mended and proven in iteration {iteration}"
        case Improved(remaining=left, reason=stop) | Unrepaired(remaining=left, reason=stop):
            return report.note or _stopped(stop, len(left))


def _stopped(stop: StopReason, left: int) -> str:
    if stop is StopReason.CANCELLED:
        known = f"what is known is {count(left, 'finding')}" if left else "this artifact was not judged"
        return f"{_STOPPED[stop]}; {known}"
    return f"{_STOPPED[stop]}; {count(left, 'finding')} left"


def count(number: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def delivered(report: Report) -> Record | None:
    """The record whose copy is delivered."""
    match report.outcome:
        case Repaired(iteration=iteration) | Improved(iteration=iteration):
            return next((record for record in report.records if record.iteration == iteration), None)
        case Fresh() | Unrepaired() | Skipped() | Errored():
            return None


def head(report: Report) -> Execution:
    """The run of what is delivered; `not_run` when nothing is."""
    record = delivered(report)
    return NOT_RUN if record is None else record.validation.head


def evidence(report: Report) -> Execution | None:
    """The run the outcome rests on: of what is delivered, else of the unchanged artifact."""
    record = delivered(report)
    if record is not None:
        return record.validation.head
    return None if report.base is None else report.base.first


def evidence_level(report: Report) -> EvidenceLevel:
    """What the outcome rests on."""
    run = evidence(report)
    if run is None or isinstance(report.outcome, Skipped | Errored):
        return EvidenceLevel.NONE
    # Something was executed and seen to fail, though no cell came to its end.
    return EvidenceLevel.PARTIAL if run.failed_run is not None else run.level


def shown_evidence(report: Report) -> str:
    """The evidence level, and for a partial run how far it got."""
    level = evidence_level(report)
    run = evidence(report)
    until = "" if run is None or level != "partial" else _until(run)
    reduced = "" if run is None or not run.reduced else f" (run {run.reduced})"
    unboxed = "" if run is None or run.boxed or run.status == "not_run" else ", without a box"
    return f"{level.value}{until}{reduced}{unboxed}"


def _until(run: Execution) -> str:
    return f", failed in cell {run.failed_cell}" if run.until_cell is None else f" to cell {run.until_cell}"


def base_status(report: Report) -> Literal["passed", "failed", "not_run", "flaky"]:
    """How the unchanged artifact ran."""
    if report.base is None:
        return "not_run"
    return "flaky" if report.base.flaky else report.base.first.status


def model_calls(report: Report) -> int:
    """Over all iterations."""
    return sum(record.repair.model_calls for record in report.records)


def cost_usd(report: Report) -> float:
    """Over all iterations."""
    return round(sum((record.repair.cost_usd for record in report.records), 0.0), 6)


def remains(finding: Finding) -> str:
    """Why a finding remains and what would unlock it, in a sentence."""
    unlock = finding.unlock or finding.fix or "a person has to decide"
    return f"{sentence(finding.message)} Cause: {finding.cause.value}. To unlock: {sentence(unlock)}"


def sentence(text: str) -> str:
    """`text` with a full stop, where it ends without one."""
    text = text.rstrip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def exit_code(run: Run) -> int:
    """0 all fresh, repaired or skipped; 1 something remains; 3 an artifact ended in an operational error."""
    names = {outcome_name(report.outcome) for report in run.reports}
    if "errored" in names:
        return 3
    return 1 if names & {"improved", "unrepaired"} else 0


def totals(run: Run) -> dict[str, float]:
    """One count per outcome, and what it cost."""
    names = [outcome_name(report.outcome) for report in run.reports]
    return {
        **{name: names.count(name) for name in OUTCOMES},
        "seconds": round(run.seconds, 3),
        "model_calls": sum(map(model_calls, run.reports)),
        "cost_usd": round(sum(map(cost_usd, run.reports), 0.0), 6),
    }
