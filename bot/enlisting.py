"""Putting work into the ledger: one transaction in which a request finds its job, or gets one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bot import lanes
from bot.upsert import insert_or_ignore
from workers.contract import messages
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.app import App
    from workers.contract.job import Job
    from workers.contract.ledger import Claim

HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many jobs somebody may ask for in an hour."""

    key: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A job to be; its id is not known yet."""

    job: Job
    allowance: Allowance | None = None
    do: str = ""
    """What the publisher is to do with what it published; such a job has no run, and goes past the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlisted:
    """The job that answers the request."""

    job_id: int
    new: bool


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The allowance is used up; nothing was written."""


async def enlist(app: App, claim: Claim, wanted: Wanted) -> Enlisted | Exhausted:
    """Attach the claimed request to a job: one under way that covers it, one that waits, or a new one.

    Raises:
        LostClaimError: the request is no longer ours; nothing was written.
    """
    async with app.ledger.write() as connection:
        now = app.ledger.clock()
        await _alone(connection, wanted.job.repository_id)
        found = None if wanted.do else await _under_way(connection, wanted.job, now)
        new = found is None
        if new and wanted.allowance and not await _spend(connection, wanted.allowance, now):
            return Exhausted()
        if found is None:
            found = await _insert(connection, wanted, now)
        await app.ledger.finish_in(connection, claim, state="attached", job_id=found, reason="")
    return Enlisted(job_id=found, new=new)


async def _alone(connection: AsyncConnection, repository_id: int) -> None:
    """One at a time in a repository: two who look at once would both find nothing. SQLite has one writer anyway."""
    rows = tables.repositories.c
    await connection.execute(select(rows.id).where(rows.id == repository_id).with_for_update())


async def _under_way(connection: AsyncConnection, wanted: Job, now: float) -> int | None:
    """A job of the lane that answers `wanted` too, after it was widened where it has not begun."""
    for row in await _lane(connection, wanted):
        there = messages.job_from_json(row["job"].encode())
        is_run = row["state"] == "ready" or (row["state"] == "ran" and row["run_id"])
        if is_run and not row["stop"] and lanes.covers(there, wanted):
            return there.id
        both = lanes.joined(there, wanted) if _waits(row) else None
        if both is not None and there.sha == wanted.sha:
            return await _widen(connection, replace(both, id=there.id), now)
    return None


async def _lane(connection: AsyncConnection, wanted: Job) -> Sequence[Mapping[str, Any]]:
    jobs = tables.jobs
    of = select(jobs).where(
        jobs.c.repository_id == wanted.repository_id, jobs.c.lane == wanted.lane, jobs.c.state.not_in(tables.TERMINAL)
    )
    return [dict(row) for row in (await connection.execute(of.order_by(jobs.c.id))).mappings()]


def _waits(row: Mapping[str, Any]) -> bool:
    """Nobody has begun. A lease that ran out is not enough: its holder may only have been stopped for a while."""
    return row["state"] == "ready" and row["lease_owner"] == "" and not row["stop"]


async def _widen(connection: AsyncConnection, job: Job, now: float) -> int:
    await connection.execute(
        update(tables.jobs).where(tables.jobs.c.id == job.id).values(job=_text(job), updated_at=now)
    )
    return job.id


async def _insert(connection: AsyncConnection, wanted: Wanted, now: float) -> int:
    """A new job; those of the lane that wait for an older commit are part of it from now on."""
    job, replaced = wanted.job, list[int]()
    for row in await _lane(connection, job):
        both = lanes.joined(messages.job_from_json(row["job"].encode()), job) if _waits(row) and not wanted.do else None
        if both is not None:
            job, replaced = both, [*replaced, row["id"]]
    values = {
        "installation_id": job.installation_id,
        "repository_id": job.repository_id,
        "lane": job.lane,
        "job": "{}",
        "state": "ran" if wanted.do else "ready",
        "progress": json.dumps({"do": wanted.do} if wanted.do else {"phase": "queued"}),
        "check_state": "none" if wanted.do else "intended",
        "created_at": now,
        "updated_at": now,
    }
    made = await connection.execute(insert(tables.jobs).values(**values).returning(tables.jobs.c.id))
    job = replace(job, id=made.scalar_one())
    await connection.execute(update(tables.jobs).where(tables.jobs.c.id == job.id).values(job=_text(job)))
    await _replace(connection, replaced, job.id, now)
    return job.id


async def _replace(connection: AsyncConnection, replaced: list[int], by: int, now: float) -> None:
    if not replaced:
        return
    jobs, requests = tables.jobs, tables.requests
    gone = {"state": "cancelled", "reason": f"a newer commit is worked on instead, in job {by}", "updated_at": now}
    await connection.execute(update(jobs).where(jobs.c.id.in_(replaced)).values(**gone))
    await connection.execute(update(requests).where(requests.c.job_id.in_(replaced)).values(job_id=by))


def _text(job: Job) -> str:
    return json.dumps(messages.job_to_json(job))


async def _spend(connection: AsyncConnection, allowance: Allowance, now: float) -> bool:
    """Take one of the allowance of this hour."""
    budgets, window = tables.budgets, int(now // HOUR_S) * HOUR_S
    await insert_or_ignore(
        connection, budgets, {"key": allowance.key, "window": window, "used": 0}, key=("key", "window")
    )
    left = (budgets.c.key == allowance.key) & (budgets.c.window == window) & (budgets.c.used < allowance.most)
    taken = await connection.execute(update(budgets).where(left).values(used=budgets.c.used + 1))
    return taken.rowcount == 1
