"""Opening the inbox of a ledger."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.inbox.group import GroupCommit
from bot.inbox.postgres import PostgresStore, connect
from bot.inbox.sqlite import SqliteStore
from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bot.inbox.delivery import Bell, Inbox


@asynccontextmanager
async def open_inbox(url: str, bell: Bell) -> AsyncGenerator[Inbox, None]:
    """The inbox of the ledger at `url` (`sqlite:///path` or `postgresql://...`), whose tables are there already.

    Raises:
        ConfigError: the URL is not one of the two.
        InboxError: the ledger cannot be written.
    """
    async with inbox_over(await _store(url), bell) as inbox:
        yield inbox


@asynccontextmanager
async def inbox_over(under: SqliteStore | PostgresStore, bell: Bell) -> AsyncGenerator[Inbox, None]:
    """The inbox over a store, which is closed with it.

    Raises:
        InboxError: the store cannot be written.
    """
    try:
        await under.probe()
        inbox = GroupCommit(under, bell)
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(inbox.write()), tasks.create_task(inbox.ring())]
            yield inbox
            for task in beside:
                task.cancel()
    finally:
        await under.close()


async def _store(url: str) -> SqliteStore | PostgresStore:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError("the ledger's URL cannot be read; expected sqlite:///path or postgresql://...") from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database:
            return SqliteStore(parsed.database)
        case "postgresql" | "postgres":
            return await connect(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
        case other:
            raise ConfigError(f"the ledger's URL starts with {other!r}; expected sqlite:///path or postgresql://...")
