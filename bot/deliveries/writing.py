"""Decisions as rows. Each may be written twice with the effect of once, in any order that deliveries may come in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, select, true, update

from bot.triggers import (
    Ask,
    CancelRequest,
    Decision,
    InstallationChange,
    Nothing,
    PublicationLook,
    RepositoryChange,
    RepositorySeen,
    ThreadClosed,
)
from bot.upsert import insert_or_ignore, upsert
from workers.contract.job import Trigger
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

OPEN = ("new", "attached")
"""States of a request that is not answered yet."""
LIVE = ("intended", "branched", "open")
"""States of a publication that a change of its base matters to."""
WORKING = ("repair", "retry", "rebase", "recreate", "continue")
"""Verbs that make no sense once the pull request is closed."""


async def write(connection: AsyncConnection, decision: Decision, *, delivery_id: int, now: float) -> None:
    """Write what was decided, in the caller's transaction."""
    match decision:
        case Ask():
            await _ask(connection, decision, delivery_id, now)
        case RepositorySeen():
            await _seen(connection, decision, now)
        case RepositoryChange():
            await _repository(connection, decision, now)
        case InstallationChange():
            await _installation(connection, decision, now)
        case PublicationLook():
            await _look(connection, decision)
        case CancelRequest():
            await _cancel(connection, decision, delivery_id, now)
        case ThreadClosed():
            await _closed(connection, decision, now)
        case Nothing():
            pass


async def _ask(connection: AsyncConnection, ask: Ask, delivery_id: int, now: float) -> None:
    values = {
        "work_key": ask.work_key,
        "delivery_id": delivery_id,
        "installation_id": ask.installation_id,
        "repository_id": ask.repository_id,
        "trigger": ask.trigger.value,
        "verb": ask.verb,
        "arguments": json.dumps(dict(ask.arguments)),
        "actor_id": ask.actor_id,
        "actor": ask.actor,
        "number": ask.number,
        "comment_id": ask.comment_id,
        "comment_kind": ask.comment_kind,
        "check_run_id": ask.check_run_id,
        "branch": ask.branch,
        "sha": ask.sha,
        "created_at": now,
    }
    await insert_or_ignore(connection, tables.requests, values, key=("work_key",))


async def _seen(connection: AsyncConnection, seen: RepositorySeen, now: float) -> None:
    """Rows for what is new to us. What is known stays: this delivery may be older than what told it."""
    installation = {
        "id": seen.installation_id,
        "account": seen.account,
        "account_id": seen.account_id,
        "updated_at": now,
    }
    await insert_or_ignore(connection, tables.installations, installation, key=("id",))
    values = {
        "id": seen.id,
        "installation_id": seen.installation_id,
        "full_name": seen.full_name,
        "default_branch": seen.default_branch,
        "private": seen.private,
        "updated_at": now,
    }
    if await insert_or_ignore(connection, tables.repositories, values, key=("id",)):
        return
    row, table = tables.repositories.c, tables.repositories
    unnamed = update(table).where(row.id == seen.id, row.default_branch == "")
    await connection.execute(unnamed.values(default_branch=seen.default_branch))
    # The App was taken away and installed again, and the list of its repositories never came.
    states = tables.installations.c
    reinstalled = update(table).where(
        row.id == seen.id,
        row.installation_id.in_(select(states.id).where(states.state == "deleted")),
        exists().where(states.id == seen.installation_id, states.state == "active"),
    )
    await connection.execute(reinstalled.values(**values | {"state": "active"}))


async def _installation(connection: AsyncConnection, change: InstallationChange, now: float) -> None:
    values = {
        "id": change.id,
        "account": change.account,
        "account_id": change.account_id,
        "state": change.state,
        "permissions": json.dumps(dict(change.permissions), sort_keys=True),
        "updated_at": now,
    }
    # The end of an installation is its end: installed again, it is another number.
    alive = tables.installations.c.state != "deleted"
    await upsert(connection, tables.installations, values, key=("id",), where=alive)
    if change.state == "active":
        return
    reason = f"the installation is {change.state}"
    await _halt(connection, lambda table: table.c.installation_id == change.id, reason, now)
    if change.state == "deleted":
        lost = update(tables.repositories).where(tables.repositories.c.installation_id == change.id)
        await connection.execute(lost.values(state="withdrawn", updated_at=now))


async def _repository(connection: AsyncConnection, change: RepositoryChange, now: float) -> None:
    moved = await _is_elsewhere(connection, change)
    state = "withdrawn" if moved else change.state
    values = {
        "id": change.id,
        "installation_id": change.installation_id,
        "full_name": change.full_name,
        "private": change.private,
        "state": state,
        "updated_at": now,
    } | ({"default_branch": change.default_branch} if change.default_branch else {})
    # Who may no longer see a repository says nothing about those who may.
    row = tables.repositories.c
    where = row.installation_id == change.installation_id if state == "withdrawn" else true()
    if not await upsert(connection, tables.repositories, values, key=("id",), where=where):
        return
    if state != "active":
        await _halt(connection, lambda table: table.c.repository_id == change.id, f"the repository is {state}", now)
    await _halt(connection, _through_others(change), "the repository belongs to another installation", now)


def _through_others(change: RepositoryChange) -> Callable[[Table], ColumnElement[bool]]:
    return lambda table: and_(table.c.repository_id == change.id, table.c.installation_id != change.installation_id)


async def _is_elsewhere(connection: AsyncConnection, change: RepositoryChange) -> bool:
    """Whether the repository went to an account other than the one this installation is for."""
    if not change.owner_id:
        return False
    accounts = tables.installations.c
    found = await connection.execute(select(accounts.account_id).where(accounts.id == change.installation_id))
    account_id = found.scalar_one_or_none()
    return bool(account_id) and account_id != change.owner_id


async def _halt(
    connection: AsyncConnection, where: Callable[[Table], ColumnElement[bool]], reason: str, now: float
) -> None:
    """Stop all jobs and refuse all requests that `where` holds for."""
    await _stop_jobs(connection, now, where(tables.jobs))
    await _refuse(connection, reason, tables.requests.c.state.in_(OPEN), where(tables.requests))


async def _stop_jobs(connection: AsyncConnection, now: float, *where: ColumnElement[bool]) -> None:
    jobs = tables.jobs
    statement = update(jobs).where(jobs.c.state.not_in(tables.TERMINAL), *where)
    await connection.execute(statement.values(stop=True, updated_at=now))


async def _refuse(connection: AsyncConnection, reason: str, *where: ColumnElement[bool]) -> None:
    requests = tables.requests
    # Without an owner: whoever is working on the request finds it gone, and writes nothing.
    values = {"state": "refused", "reason": reason, "lease_owner": "", "lease_until": 0.0}
    await connection.execute(update(requests).where(*where).values(**values))


async def _look(connection: AsyncConnection, look: PublicationLook) -> None:
    row = tables.publications.c
    concerned = row.number == look.number
    if look.branch is not None:
        concerned = or_(row.branch == look.branch, (row.base == look.branch) & row.state.in_(LIVE))
    statement = update(tables.publications).where(
        row.repository_id == look.repository_id, row.state != "pruned", concerned
    )
    await connection.execute(statement.values(look_at=0.0))


async def _cancel(connection: AsyncConnection, cancel: CancelRequest, delivery_id: int, now: float) -> None:
    tombstone = {
        "work_key": cancel.work_key,
        "delivery_id": delivery_id,
        "installation_id": cancel.installation_id,
        "repository_id": cancel.repository_id,
        "trigger": Trigger.COMMAND.value,
        "state": "refused",
        "reason": cancel.reason,
        "created_at": now,
    }
    # Deliveries may come in any order: what is taken back before it was asked for must not be done afterwards.
    if await insert_or_ignore(connection, tables.requests, tombstone, key=("work_key",)):
        return
    row = tables.requests.c
    found = await connection.execute(select(row.job_id).where(row.work_key == cancel.work_key, row.state.in_(OPEN)))
    job_id = found.scalar_one_or_none()
    await _refuse(connection, cancel.reason, row.work_key == cancel.work_key, row.state.in_(OPEN))
    if job_id is not None:
        wanted = exists().where(row.job_id == job_id, row.state.in_(OPEN))
        await _stop_jobs(connection, now, tables.jobs.c.id == job_id, ~wanted)


async def _closed(connection: AsyncConnection, closed: ThreadClosed, now: float) -> None:
    jobs, row = tables.jobs.c, tables.requests.c
    await _stop_jobs(connection, now, jobs.repository_id == closed.repository_id, jobs.lane == closed.lane)
    concerned = (row.repository_id == closed.repository_id, row.number == closed.number)
    reason = "the pull request was closed"
    await _refuse(connection, reason, *concerned, row.state == "new", row.verb.in_(WORKING))
