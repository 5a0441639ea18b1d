"""What the page of a job shows while there is no run to show."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bot.pages.words import text, words
from workers.contract.ledger.tables import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job's page, while there is no run to show."""

    job_id: int
    repository: str
    lane: str
    sha: str
    trigger: str
    state: str
    reason: str
    live: bool
    """Something will change yet: the page loads itself again."""
    facts: tuple[tuple[str, str], ...]
    done: int
    artifacts: int


_STATES = {
    "ready": "waiting or under way",
    "ran": "done, being published",
    "finished": "finished",
    "parked": "given up after several tries",
    "cancelled": "cancelled",
}


def job_view(row: Mapping[Any, Any], job: Job) -> JobView:
    """A row of the ledger's `jobs`, and the job in it."""
    progress = _progress(row["progress"])
    started = row["state"] == "ready" and bool(progress)
    return JobView(
        job_id=row["id"],
        repository=text(job.repository),
        lane=text(job.lane),
        sha=job.sha[:12],
        trigger=job.trigger.value.replace("_", " "),
        state="under way" if started else _STATES.get(row["state"], row["state"]),
        reason=text(row["reason"]),
        live=row["state"] not in TERMINAL,
        facts=_facts(progress),
        done=_number(progress.get("done")),
        artifacts=_number(progress.get("artifacts")),
    )


def _progress(written: str) -> dict[str, Any]:
    try:
        value: Any = json.loads(written)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _facts(progress: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    if progress.get("phase"):
        rows.append(("phase", words(str(progress["phase"]))))
    if progress.get("artifact"):
        rows.append(("artifact", str(progress["artifact"])))
    if progress.get("iteration"):
        of = f" of {progress['of']}" if progress.get("of") else ""
        rows.append(("iteration", f"{progress['iteration']}{of}"))
    if progress.get("artifacts"):
        rows.append(("artifacts done", f"{_number(progress.get('done'))} of {progress['artifacts']}"))
    if progress.get("elapsed_s"):
        rows.append(("elapsed", f"{_number(progress['elapsed_s'])} s"))
    return tuple((name, text(value)) for name, value in rows)


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
