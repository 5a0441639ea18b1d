"""Rows of the ledger for tests, with what a test does not care about filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from workers.contract.ledger import tables

if TYPE_CHECKING:
    from sqlalchemy import Table

    from workers.contract.ledger import Ledger


async def add_job(
    ledger: Ledger, *, repository: int = 1, lane: str = "main", installation: int = 1, **values: Any
) -> int:
    row = {
        "installation_id": installation,
        "repository_id": repository,
        "lane": lane,
        "job": "{}",
        "created_at": 0.0,
        "updated_at": 0.0,
    }
    async with ledger.write() as connection:
        return (
            await connection.execute(insert(tables.jobs).values(**row | values).returning(tables.jobs.c.id))
        ).scalar_one()


async def add_delivery(ledger: Ledger, guid: str) -> int:
    row = {"guid": guid, "content_key": guid, "event": "push", "body": b"{}", "received_at": 0.0}
    table = tables.deliveries
    async with ledger.write() as connection:
        return (await connection.execute(insert(table).values(**row).returning(table.c.id))).scalar_one()


async def row(ledger: Ledger, table: Table, number: int) -> dict[str, Any]:
    async with ledger.read() as connection:
        return dict((await connection.execute(select(table).where(table.c.id == number))).mappings().one())


async def states(ledger: Ledger, table: Table) -> dict[int, str]:
    async with ledger.read() as connection:
        return {found.id: found.state for found in await connection.execute(select(table.c.id, table.c.state))}


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
