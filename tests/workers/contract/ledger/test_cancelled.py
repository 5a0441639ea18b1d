"""Whoever is cancelled in the middle of a transaction leaves nobody waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from workers.contract.ledger import open_ledger, tables

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection


async def test_a_cancelled_transaction_is_whole_before_its_task_ends(tmp_path: Path) -> None:
    ledger = await open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite3", create=True)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(connection: AsyncConnection) -> None:
        await connection.execute(tables.watermarks.insert().values(name="a", value="1"))
        begun.set()
        await go_on.wait()
        await connection.execute(update(tables.watermarks).values(value="2"))

    task = asyncio.create_task(ledger.transact(slow))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(2), ledger.write() as connection:
        assert (await connection.execute(select(tables.watermarks.c.value))).scalar_one() == "2"
    await ledger.close()
