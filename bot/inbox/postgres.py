"""Deliveries in Postgres: one statement for a whole batch."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # the driver ships none

from bot.inbox.delivery import LOCK_S, Committed, Delivery, InboxError, Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

INSERT = """
insert into deliveries (guid, content_key, event, body, received_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::float8[])
on conflict do nothing returning id, guid, content_key
"""
KNOWN = "select content_key from deliveries where content_key = any($1::text[])"
PROBE = """
insert into watermarks (name, value) values ('web-probe', extract(epoch from now())::text)
on conflict (name) do update set value = excluded.value
"""
_DRIVER: Any = asyncpg
WEATHER = (
    asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError,
)  # fmt: skip
"""InternalClientError: what the driver says of a connection that the server ended while it was being asked."""


@dataclass(frozen=True, slots=True)
class PostgresStore:
    """A pool, for it replaces connections that broke."""

    pool: Any

    async def commit(self, batch: Sequence[Delivery]) -> Committed:
        """Store the deliveries in one transaction.

        Raises:
            InboxError: the server is away, locked or full.
        """
        # In one order everywhere: two processes with the same deliveries must not wait for each other.
        order = sorted(range(len(batch)), key=lambda index: batch[index].content_key)
        try:
            rows, known = await self._insert([batch[index] for index in order])
        except WEATHER as error:
            raise InboxError(f"the ledger cannot store: {str(error) or type(error).__name__}") from error
        new = {(row["guid"], row["content_key"]) for row in rows}
        answers = [_answer(delivery, new, known) for delivery in batch]
        return Committed(answers, max((row["id"] for row in rows), default=0))

    async def _insert(self, batch: list[Delivery]) -> tuple[list[Any], set[str]]:
        """The new rows, and of the other deliveries the content keys that are stored."""
        columns = [list(column) for column in zip(*batch, strict=True)]
        async with self.pool.acquire(timeout=LOCK_S) as connection:
            rows = await connection.fetch(INSERT, *columns, timeout=LOCK_S)
            if len(rows) == len(batch):
                return rows, set()
            known = await connection.fetch(KNOWN, columns[1], timeout=LOCK_S)
        return rows, {row["content_key"] for row in known}

    async def probe(self) -> None:
        """Write one row that means nothing.

        Raises:
            InboxError: the server cannot be written to.
        """
        try:
            await self.pool.execute(PROBE, timeout=LOCK_S)
        except WEATHER as error:
            raise InboxError(f"the ledger cannot be written: {str(error) or type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections, at once where they do not close by themselves."""
        try:
            async with asyncio.timeout(LOCK_S):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()


def _answer(delivery: Delivery, new: set[tuple[str, str]], known: set[str]) -> Stored:
    """A pair is taken out when it is answered: of two equal deliveries in one batch one is new."""
    pair = (delivery.guid, delivery.content_key)
    if pair in new:
        new.discard(pair)
        return Stored.NEW
    return Stored.DUPLICATE if delivery.content_key in known else Stored.CLASH


async def connect(dsn: str) -> PostgresStore:
    """A store at `dsn`.

    Raises:
        InboxError: the server cannot be reached.
    """
    try:
        pool = await _DRIVER.create_pool(dsn, min_size=1, max_size=2, timeout=LOCK_S, command_timeout=LOCK_S)
    except WEATHER as error:
        raise InboxError(f"the ledger cannot be reached: {str(error) or type(error).__name__}") from error
    return PostgresStore(pool)
