"""The sweep: when a repository's moment has come, everything in it is asked for once.

The schedule is the owner's and stands in the repository, so this task knows moments alone. Whoever reads the
configuration stores the next one (`windows.rescheduled`), and lets a sweep pass whose moment is none (`windows.is_moment`
of the argument `at`): it was made only so that the schedule be read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select, update

from bot import windows
from bot.upsert import insert_or_ignore
from workers.contract.job import Trigger
from workers.contract.ledger import tables
from workers.contract.phases import reached

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.app import App

log = structlog.get_logger()

AT_ONCE = 100
"""Repositories in one transaction."""
ASK_AGAIN_S = 86_400.0
"""So long after a sweep was asked for and nobody stored the next moment, the schedule is read again."""


async def due(app: App, *, at_once: int = AT_ONCE) -> int:
    """Ask for every repository whose moment has come, however long ago: a missed window is made up for once.

    Returns for how many. Safe to run twice, and by several processes at once.

    Raises:
        LedgerError: the ledger is in trouble; what was asked for until then stays.
    """
    asked = 0
    while True:
        numbers = await app.ledger.transact(lambda connection: _ask_some(connection, at_once, app.ledger.clock()))
        asked += len(numbers)
        if numbers:
            reached("sweep.asked", repositories=len(numbers))
            await app.bell.ring("github", numbers[0])
        if len(numbers) < at_once:
            return asked


async def _ask_some(connection: AsyncConnection, at_once: int, now: float) -> list[int]:
    """Ask for the repositories that waited longest; their numbers."""
    rows = await _waiting(connection, at_once, now)
    for row in rows:
        await _ask(connection, row, now)
    return [row["id"] for row in rows]


async def _waiting(connection: AsyncConnection, at_once: int, now: float) -> list[RowMapping]:
    """Repositories that may be worked on and whose moment has come, the longest waiting first."""
    repositories, installations = tables.repositories, tables.installations
    statement = (
        select(repositories)
        .join(installations, installations.c.id == repositories.c.installation_id)
        .where(repositories.c.state == "active", installations.c.state == "active", repositories.c.next_sweep_at <= now)
        .order_by(repositories.c.next_sweep_at, repositories.c.id)
        .limit(at_once)
        .with_for_update(skip_locked=True, of=repositories)
    )
    return list((await connection.execute(statement)).mappings())


async def _ask(connection: AsyncConnection, row: RowMapping, now: float) -> None:
    at = row["next_sweep_at"]
    # A repository nobody has scheduled yet waits since 1970; its asking is named after the time it was noticed.
    key = windows.window_key(row["id"], at or now)
    request = {
        "work_key": key,
        "installation_id": row["installation_id"],
        "repository_id": row["id"],
        "trigger": Trigger.SWEEP.value,
        "arguments": json.dumps({"paths": [], "at": at}),
        "branch": row["default_branch"],
        "created_at": now,
    }
    new = await insert_or_ignore(connection, tables.requests, request, key=("work_key",))
    repositories = tables.repositories
    await connection.execute(
        update(repositories)
        .where(repositories.c.id == row["id"])
        .values(next_sweep_at=now + ASK_AGAIN_S, last_sweep_window=key.rpartition(":")[2], updated_at=now)
    )
    log.info("sweep.asked", repository_id=row["id"], window=key, new=new)
