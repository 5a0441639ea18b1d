"""Quarantine: what a policy stopped is put away in the run's folder, and of such a run nothing is published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from workers.contract import messages, runs
from workers.contract.paths import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.contract.domain import Execution, Report, Run
    from workers.contract.redact import Redactor

VETO = "network"
"""The case by which a validation says that a repair reaches out or shows a secret; see `validate.network`."""
WHY = "why.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """One thing that a policy stopped."""

    artifact: str
    iteration: int | None
    """Whose attempt it was; None for the unchanged artifact."""
    reason: str


def stopped(run: Run) -> tuple[Stopped, ...]:
    """What a policy stopped in a run: theft of a credential by whatever ran, and repairs that reached out or showed a secret."""
    return tuple(each for report in run.reports for each in _of(report))


def put_away(folder: Path, run: Run, redactor: Redactor) -> bool:
    """Move the attempts that a policy stopped out of the records' way, and say why; False where there is nothing to."""
    found = stopped(run)
    if not found:
        return False
    place = folder / runs.QUARANTINE
    place.mkdir(exist_ok=True)
    for each in found:
        if each.iteration is not None:
            _move(folder, place, each.artifact, each.iteration)
    told = redactor.mask_all([asdict(each) for each in found])
    write_atomically(place / WHY, messages.encode({"stopped": told}))
    return True


def _of(report: Report) -> Iterator[Stopped]:
    path = report.artifact.path
    base = () if report.base is None else (report.base.first, *([report.base.second] if report.base.second else []))
    for theft in dict.fromkeys(each for execution in base for each in _thefts(execution)):
        yield Stopped(artifact=path, iteration=None, reason=theft)
    for record in report.records:
        refused = record.validation.refused
        if refused is not None and refused.name == VETO:
            yield Stopped(artifact=path, iteration=record.iteration, reason=refused.evidence)


def _thefts(execution: Execution) -> Iterator[str]:
    attempts = (*execution.attempts, *(each for cell in execution.cells for each in cell.attempts))
    for each in attempts:
        if each.kind == "stolen":
            yield f"it sends a credential that was laid out as bait to {each.host or 'a place that was not seen'}"


def _move(folder: Path, place: Path, artifact: str, iteration: int) -> None:
    """The copy and the patch; the record of what happened stays."""
    source = runs.record_folder(folder, iteration, artifact)
    target = runs.record_folder(place, iteration, artifact)
    target.mkdir(parents=True, exist_ok=True)
    for name in (artifact.rpartition("/")[2], "patch.diff"):
        if (source / name).is_file():
            (source / name).replace(target / name)
