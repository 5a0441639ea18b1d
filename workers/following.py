"""How far a job is: written into the ledger while it is worked on, where a wish to stop it is read."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select

from workers.contract.ledger import LedgerError, LostClaimError, claims, tables

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from workers.contract.domain import Report
    from workers.contract.ledger import Claim, Ledger

log = structlog.get_logger()

TICK_S = 1.0
"""How often progress is written and a wish to stop is read."""


@dataclass(slots=True, kw_only=True)
class Following:
    """How far the job is, as the ledger's `jobs.progress` has it."""

    started: float = field(default_factory=time.monotonic)
    phase_now: str = "fetch"
    artifact: str = ""
    iteration: int = 0
    of: int = 0
    artifacts: set[str] = field(default_factory=set[str])
    done: int = 0

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        """The loop entered a phase."""
        self.artifacts.add(artifact)
        self.artifact, self.phase_now, self.iteration = artifact, phase, iteration

    def finished(self, report: Report) -> None:
        """An artifact ended."""
        self.artifacts.add(report.artifact.path)
        self.done += 1

    def told(self) -> dict[str, Any]:
        """As JSON tells it."""
        return {
            "phase": self.phase_now,
            "artifact": self.artifact,
            "iteration": self.iteration,
            "of": self.of,
            "artifacts": len(self.artifacts),
            "done": self.done,
            "elapsed_s": round(time.monotonic() - self.started, 1),
        }


async def follow(ledger: Ledger, claim: Claim, following: Following, cancelled: asyncio.Event) -> None:
    """Write progress and obey a wish to stop. A claim that was lost ends the work too; the last write then finds out."""
    told = ""
    while True:
        await asyncio.sleep(TICK_S)
        now = json.dumps(following.told())
        try:
            if await _told(ledger, claim, now if now != told else None):
                cancelled.set()
            told = now
        except LostClaimError:
            cancelled.set()
        except LedgerError as error:
            log.warning("job.no_progress_written", why=str(error))


async def _told(ledger: Ledger, claim: Claim, progress: str | None) -> bool:
    """Write progress; whether somebody wants the job stopped."""

    async def tell(connection: AsyncConnection) -> bool:
        if progress is not None:
            await claims.guarded(connection, claim, progress=progress)
        found = await connection.execute(select(tables.jobs.c.stop).where(tables.jobs.c.id == claim.id))
        return bool(found.scalar_one())

    # Whole or not at all: it is cancelled at any moment, and half-way it would hold the ledger.
    return await ledger.transact(tell)
