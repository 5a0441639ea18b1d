"""The watchdog: every check run comes to an end, nothing waits unheard, and people see how far it is.

Each function is one pass over the ledger for the clock; all are safe to repeat and to run in several processes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import and_, func, or_, select, update

from bot import check_run, reactions
from bot.github import Limited, Unavailable
from workers.contract import runs
from workers.contract.errors import ConfigError
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sqlalchemy import ColumnElement

    from bot.app import App
    from workers.contract.domain import Run

log = structlog.get_logger()

AT_ONCE = 100
GRACE_S = 10.0
"""So long after its end a job's publisher may still conclude the check run itself."""
LATE_S = 5.0
"""A check run that was not made by then is made by the clock."""
STUCK_S = 6 * 3600.0
"""A job that nobody touched for so long will not come to an end by itself."""
PROGRESS_S = 5.0
"""Between two updates of one check run."""
WAITING = {"deliveries": "stored", "requests": "new", "jobs": "ready"}


async def conclude_left_over(app: App) -> int:
    """Conclude the check runs of jobs that ended without doing it; how many."""
    jobs = tables.jobs.c
    ended = and_(
        jobs.state.in_(tables.TERMINAL),
        jobs.check_state.in_(("intended", "open")),
        or_(jobs.updated_at <= app.ledger.clock() - GRACE_S, jobs.state == "cancelled"),
    )
    return await _each(app, ended, _conclude)


async def give_up_stuck(app: App) -> int:
    """Park the jobs that nobody has touched for hours and nobody holds; how many. Their check runs say so."""
    now = app.ledger.clock()
    jobs = tables.jobs
    stuck = and_(
        jobs.c.state.in_(("ready", "ran")),
        jobs.c.updated_at <= now - STUCK_S,
        jobs.c.lease_until <= now - GRACE_S,
        jobs.c.tries > 0,
        jobs.c.not_before <= now - STUCK_S,
    )
    parked = update(jobs).where(stuck).values(state="parked", reason="nobody brought it to an end", updated_at=now)
    async with app.ledger.write() as connection:
        return (await connection.execute(parked)).rowcount


async def show_progress(app: App, shown: dict[int, str]) -> int:
    """Bring open check runs up to date whose job's progress is another than `shown`, which is kept up to date too."""
    jobs = tables.jobs.c
    worked_on = and_(jobs.check_state == "open", jobs.lease_owner != "")
    # One that was just dispatched has its check run made there.
    late = and_(jobs.check_state == "intended", jobs.created_at <= app.ledger.clock() - LATE_S)
    seen: set[int] = set()

    async def show(_app: App, row: Mapping[str, Any]) -> bool:
        digest = hashlib.sha256(row["progress"].encode()).hexdigest()
        seen.add(row["id"])
        if shown.get(row["id"]) == digest:
            return False
        await check_run.show_progress(app, row)
        shown[row["id"]] = digest
        return True

    changed = await _each(app, and_(jobs.state == "ready", or_(worked_on, late)), show)
    for gone in shown.keys() - seen:
        del shown[gone]
    return changed


async def answer_left_over(app: App) -> int:
    """End the requests whose job came to its end without ending them; how many."""
    requests, jobs = tables.requests, tables.jobs
    of = (
        select(requests, jobs.c.state.label("job_state"))
        .join(jobs, jobs.c.id == requests.c.job_id)
        .where(
            requests.c.state == "attached",
            jobs.c.state.in_(tables.TERMINAL),
            jobs.c.updated_at <= app.ledger.clock() - GRACE_S,
        )
        .limit(AT_ONCE)
    )
    async with app.ledger.read() as connection:
        rows = [dict(row) for row in (await connection.execute(of)).mappings()]
    done = 0
    for row in rows:
        last = reactions.DONE if row["job_state"] == "finished" else reactions.NOT_DONE
        try:
            await reactions.settle(app, row, last)
        except (Limited, Unavailable):
            continue
        async with app.ledger.write() as connection:
            ended = (requests.c.id == row["id"]) & (requests.c.state == "attached")
            await connection.execute(update(requests).where(ended).values(state="answered"))
        done += 1
    return done


async def ring_again(app: App) -> int:
    """Ring for everything that waits: a ring may have been lost. How many kinds of rows wait."""
    rung = 0
    for name, state in WAITING.items():
        table = tables.metadata.tables[name]
        now = app.ledger.clock()
        waits = and_(table.c.state == state, table.c.not_before <= now, table.c.lease_until <= now)
        async with app.ledger.read() as connection:
            first = (await connection.execute(select(table.c.id).where(waits).limit(1))).scalar_one_or_none()
        if first is not None:
            await app.bell.ring("loop" if name == "jobs" else "github", first)
            rung += 1
    return rung


async def _conclude(app: App, row: Mapping[str, Any]) -> bool:
    run = _run(app, row["run_id"]) if row["state"] == "finished" else None
    await check_run.conclude(app, row, run, reason=row["reason"])
    return True


def _run(app: App, run_id: str) -> Run | None:
    try:
        return runs.read_run(app.runs / runs.checked_id(run_id))
    except (ConfigError, OSError):
        return None


async def _each(app: App, which: ColumnElement[bool], act: Callable[[App, Mapping[str, Any]], Awaitable[bool]]) -> int:
    """`act` on each such job; what GitHub has no time for now comes again at the next pass."""
    # In any order: those that cannot be done now must not keep the others from their turn.
    of = select(tables.jobs).where(which).order_by(func.random()).limit(AT_ONCE)
    async with app.ledger.read() as connection:
        rows = [dict(row) for row in (await connection.execute(of)).mappings()]
    done = 0
    for row in rows:
        try:
            done += await act(app, row)
        except (Limited, Unavailable) as error:
            log.info("watchdog.later", job=row["id"], reason=str(error))
    return done
