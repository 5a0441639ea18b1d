"""Publications as rows: read, taken over and written, each write only by who may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, or_, select, update

from bot.publications.values import Publication, State, from_row, to_columns
from workers.contract.ledger import LostClaimError, claims, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from workers.contract.ledger import Claim, Ledger

ROWS = tables.publications
NEVER = 1e18
"""A time to look that never comes: nothing is left to do."""
LOOK_AGAIN_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Held:
    """The publications as the holder of a claimed job may write them."""

    ledger: Ledger
    claim: Claim

    async def intend(self, new: Mapping[str, Any]) -> Publication:
        """Insert a row in state `intended`, under this claim."""
        now = self.ledger.clock()
        values = {"state": State.INTENDED, "job_id": self.claim.id, "fencing": self.claim.fencing, "look_at": now}
        values |= {"created_at": now, "updated_at": now, "told": frozenset[str]()} | dict(new)
        async with self.ledger.write() as connection:
            await claims.guarded(connection, self.claim, updated_at=now)
            made = await connection.execute(insert(ROWS).values(**to_columns(values)).returning(*ROWS.c))
            return from_row(made.mappings().one())

    async def take(self, publication: Publication) -> Publication:
        """Take a row over from whichever job wrote it last."""
        async with self.ledger.write() as connection:
            await claims.guarded(connection, self.claim, updated_at=self.ledger.clock())
            # Of one job the later claim alone; of two jobs whoever comes, for a lane has one at a time.
            free = or_(ROWS.c.job_id != self.claim.id, ROWS.c.fencing <= self.claim.fencing)
            where = and_(ROWS.c.id == publication.id, ROWS.c.state == publication.state, free)
            return await _changed(connection, where, job_id=self.claim.id, fencing=self.claim.fencing)

    async def record(self, publication: Publication, **values: Any) -> Publication:
        """Write what was done or is about to be done.

        Raises:
            LostClaimError: the job or the row is no longer ours; nothing was written.
        """
        now = self.ledger.clock()
        async with self.ledger.write() as connection:
            await claims.guarded(connection, self.claim, updated_at=now)
            where = and_(
                ROWS.c.id == publication.id,
                ROWS.c.job_id == self.claim.id,
                ROWS.c.fencing == self.claim.fencing,
                ROWS.c.state == publication.state,
            )
            return await _changed(connection, where, **values, updated_at=now)


async def record_unclaimed(ledger: Ledger, publication: Publication, **values: Any) -> Publication:
    """Write outside of a job: only if nobody has written since the row was read.

    Raises:
        LostClaimError: somebody has.
    """
    unchanged = and_(
        ROWS.c.id == publication.id,
        ROWS.c.state == publication.state,
        ROWS.c.job_id == publication.job_id,
        ROWS.c.fencing == publication.fencing,
        ROWS.c.tip_intended == publication.tip_intended,
        ROWS.c.tip == publication.tip,
    )
    async with ledger.write() as connection:
        return await _changed(connection, unchanged, **values, updated_at=ledger.clock())


async def _changed(connection: AsyncConnection, where: Any, **values: Any) -> Publication:
    statement = update(ROWS).where(where).values(**to_columns(values)).returning(*ROWS.c)
    row = (await connection.execute(statement)).mappings().first()
    if row is None:
        raise LostClaimError("the publication is no longer ours to write")
    return from_row(row)


async def of_repository(ledger: Ledger, repository_id: int, base: str | None = None) -> tuple[Publication, ...]:
    """All publications of a repository, or of one base branch; the oldest first."""
    where = [ROWS.c.repository_id == repository_id] + ([ROWS.c.base == base] if base is not None else [])
    async with ledger.read() as connection:
        rows = await connection.execute(select(*ROWS.c).where(*where).order_by(ROWS.c.id))
        return tuple(from_row(row) for row in rows.mappings())


async def due(ledger: Ledger, limit: int) -> tuple[Publication, ...]:
    """Those that it is time to look at, the longest due first. While a job of theirs is being published, its writer looks."""
    jobs = tables.jobs
    busy = select(jobs.c.id).where(jobs.c.repository_id == ROWS.c.repository_id, jobs.c.state == "ran").exists()
    wanted = select(*ROWS.c).where(ROWS.c.look_at <= ledger.clock(), ~busy).order_by(ROWS.c.look_at, ROWS.c.id)
    async with ledger.read() as connection:
        return tuple(from_row(row) for row in (await connection.execute(wanted.limit(limit))).mappings())


async def postpone(ledger: Ledger, publication: Publication, until: float) -> Publication:
    """Look again at `until`, unless something asked for an earlier look meanwhile."""
    due = and_(ROWS.c.id == publication.id, ROWS.c.look_at == publication.look_at)
    async with ledger.write() as connection:
        await connection.execute(update(ROWS).where(due).values(look_at=min(until, NEVER)))
    return replace(publication, look_at=min(until, NEVER))
