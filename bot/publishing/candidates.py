"""What of a run may be published: each repaired artifact goes through the gate, and through what GitHub has now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import commits, gate
from bot.gate import Moved, Refusal, Same
from bot.grouping import Candidate
from bot.published import Ending, Landing
from workers.contract import report as numbers
from workers.contract import runs
from workers.contract.errors import ConfigError, DocumentError

if TYPE_CHECKING:
    from bot.publishing.work import Work
    from workers.contract.domain import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run's artifacts, by what may become of them."""

    candidates: tuple[Candidate, ...] = ()
    moved: tuple[str, ...] = ()
    """Paths of repaired artifacts that the base has changed since."""
    landings: tuple[Landing, ...] = ()
    """Of those that may not be published at all."""


async def judged(work: Work) -> Judged:
    """Every repaired artifact of the run, judged."""
    candidates: list[Candidate] = []
    moved: list[str] = []
    refused: dict[str, list[str]] = defaultdict(list)
    for report in work.run.reports:
        if numbers.delivered(report) is None:
            continue
        match await _judged(work, report):
            case Candidate() as candidate:
                candidates.append(candidate)
            case Moved():
                moved.append(report.artifact.path)
            case Refusal(why=why):
                refused[why].append(report.artifact.path)
    landings = [Landing(ending=Ending.REFUSED, paths=tuple(paths), why=f"{why}.") for why, paths in refused.items()]
    return Judged(candidates=tuple(candidates), moved=tuple(moved), landings=tuple(landings))


async def _judged(work: Work, report: Report) -> Candidate | Moved | Refusal:
    path = report.artifact.path
    why = gate.refused_path(path, work.job.paths) or gate.refused_verdict(report)
    if why:
        return Refusal(why)
    try:
        folder = work.app.runs / runs.checked_id(work.run.id)
        raw = runs.read_delivered(folder, report, gate.size_limit(work.config, path))
    except (ConfigError, DocumentError) as error:
        return Refusal(f"its copy cannot be used: {error}")
    there = await gate.on_github(work.api, await _tree(work), path, report.artifact.digest)
    if not isinstance(there, Same):
        return there
    if raw is None:
        return Refusal("nothing is delivered for it")
    why = gate.refused_text(there.raw, raw, work.app.redactor)
    if why or raw == there.raw:
        return Refusal(why or "it is what GitHub has already")
    root = gate.root_of(work.config, path)
    earlier = work.follows.content.piece(path) if work.follows else None
    return Candidate(
        report=report,
        root=root.path if root else ".",
        raw=raw,
        before=there.raw,
        base=earlier.base if earlier else report.artifact.digest,
        base_blob=earlier.base_blob if earlier else there.blob,
        earlier=earlier.findings if earlier else (),
        outputs_kept=_kept(work, path),
    )


def _kept(work: Work, path: str) -> tuple[int, ...]:
    """What the run says of it; a folder that does not say costs a sentence and no repair."""
    try:
        left = runs.read_deliveries(work.app.runs / runs.checked_id(work.run.id))
    except ConfigError:
        return ()
    return left.get(path, numbers.NOTHING).outputs_kept


async def _tree(work: Work) -> str:
    """What was repaired: the base, or our own branch."""
    return await commits.tree_of(work.api, work.follows.tip) if work.follows else work.base_tree
