"""The base changed what a run repaired: the same is asked for at the base's new head, and whoever asked is told by that."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from bot import lanes
from bot.publications import State
from bot.published import Ending, Landing, Published
from workers.contract import messages
from workers.contract.ledger import claims, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.publishing.work import Work
    from workers.contract.job import Job

JOBS = tables.jobs


NOTHING: Mapping[str, str] = MappingProxyType({})


async def redo(work: Work, paths: Sequence[str], carry: Mapping[str, str] = NOTHING) -> int:
    """The job that works on `paths` at the base's head: one that waits, or a new one. The requests go over to it.

    `carry` names by path the run whose edits it tries first.

    Repeated after a kill it finds the job it made: that one waits for as long as ours is not at its end.

    Raises:
        LostClaimError: the job is no longer ours; nothing was written.
    """
    number = None if work.follows else work.job.pull_request
    wanted = replace(
        work.job, sha=work.base_sha, branch=work.base, pull_request=number, paths=tuple(paths), carry=dict(carry)
    )
    async with work.app.ledger.write() as connection:
        now = work.app.ledger.clock()
        await claims.guarded(connection, work.claim, updated_at=now)
        found = await _waiting(connection, wanted, now) or await _inserted(connection, wanted, now)
        of_ours = tables.requests.c.job_id == work.job.id
        await connection.execute(update(tables.requests).where(of_ours).values(job_id=found))
    return found


async def rebase(work: Work) -> Published:
    """Have the artifacts of a pull request of ours proven anew at the head of its base, our edits first."""
    pieces = work.follows.content.pieces if work.follows else ()
    return await _anew(work, {piece.path: piece.run for piece in pieces if piece.run})


async def recreate(work: Work) -> Published:
    """Have the artifacts of a pull request of ours repaired from the start at the head of its base."""
    return await _anew(work, NOTHING)


async def _anew(work: Work, carry: Mapping[str, str]) -> Published:
    row = work.follows
    if row is None:
        return Published((Landing(ending=Ending.REFUSED, paths=(), why="This is no pull request of mine."),))
    paths = tuple(piece.path for piece in row.content.pieces)
    if row.state is not State.OPEN:
        why = "It is not open, or people work on its branch."
        return Published((Landing(ending=Ending.HANDS_OFF, paths=paths, number=row.number, why=why),))
    await redo(work, paths, carry)
    return Published((Landing(ending=Ending.REDONE, paths=paths, number=row.number),))


async def _waiting(connection: AsyncConnection, wanted: Job, now: float) -> int | None:
    """A job of the lane that nobody has begun, widened to what is wanted."""
    of = select(JOBS).where(
        JOBS.c.repository_id == wanted.repository_id,
        JOBS.c.lane == wanted.lane,
        JOBS.c.id > wanted.id,
        JOBS.c.state == "ready",
        JOBS.c.lease_owner == "",
        JOBS.c.stop.is_(False),
    )
    for row in (await connection.execute(of.order_by(JOBS.c.id))).mappings():
        there = messages.job_from_json(row["job"].encode())
        both = there if _asks_for(there, wanted) else lanes.joined(wanted, there)
        if both is not None:
            others = {path: run for path, run in there.carry.items() if path not in wanted.paths}
            await _write(connection, replace(both, id=there.id, carry=others | dict(wanted.carry)), now)
            return there.id
    return None


def _asks_for(there: Job, wanted: Job) -> bool:
    """It is the one that was made for this before."""
    return replace(there, id=wanted.id) == wanted


async def _inserted(connection: AsyncConnection, wanted: Job, now: float) -> int:
    values = {
        "installation_id": wanted.installation_id,
        "repository_id": wanted.repository_id,
        "lane": wanted.lane,
        "job": "{}",
        "state": "ready",
        "progress": json.dumps({"phase": "queued"}),
        # Whoever comes by next makes its check run: the progress task, or the conclusion.
        "check_state": "intended",
        "created_at": now,
        "updated_at": now,
    }
    made = await connection.execute(insert(JOBS).values(**values).returning(JOBS.c.id))
    job = replace(wanted, id=made.scalar_one())
    await _write(connection, job, now)
    return job.id


async def _write(connection: AsyncConnection, job: Job, now: float) -> None:
    text = json.dumps(messages.job_to_json(job))
    await connection.execute(update(JOBS).where(JOBS.c.id == job.id).values(job=text, updated_at=now))
