"""Two processes write at once: no update is lost, and nobody sees `database is locked`."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import traceback
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, update

from workers.contract.ledger import open_ledger, tables

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from workers.contract.ledger import Ledger

WRITERS = 8
EACH = 1000
FORK = multiprocessing.get_context("fork")


async def increment(connection: AsyncConnection, by: int = 1) -> None:
    used = (await connection.execute(select(tables.budgets.c.used))).scalar_one()
    await connection.execute(update(tables.budgets).values(used=used + by))


async def start(url: str) -> None:
    ledger = await open_ledger(url, create=True)
    async with ledger.write() as connection:
        await connection.execute(insert(tables.budgets).values(key="n", window=0, used=0))
    await ledger.close()


async def total(url: str) -> float:
    ledger = await open_ledger(url)
    async with ledger.read() as connection:
        found = (await connection.execute(select(tables.budgets.c.used))).scalar_one()
    await ledger.close()
    return float(found)


async def add_up(url: str, times: int) -> None:
    ledger = await open_ledger(url)
    for _ in range(times):
        await ledger.transact(increment)
    await ledger.close()


def writer(url: str, times: int) -> None:
    try:
        asyncio.run(add_up(url, times))
    except BaseException:
        traceback.print_exc()
        raise


def test_f232_eight_processes_lose_no_update(sqlite_url: str) -> None:
    asyncio.run(start(sqlite_url))
    processes = [FORK.Process(target=writer, args=(sqlite_url, EACH // WRITERS)) for _ in range(WRITERS)]

    for process in processes:
        process.start()
    for process in processes:
        process.join(120)

    assert [process.exitcode for process in processes] == [0] * WRITERS
    assert asyncio.run(total(sqlite_url)) == EACH // WRITERS * WRITERS


async def test_f232_eight_ledgers_lose_no_update_when_the_row_is_locked_first(postgres_url: str) -> None:
    await start(postgres_url)
    times = 25

    async def locked(connection: AsyncConnection) -> None:
        await connection.execute(select(tables.budgets).with_for_update())
        await increment(connection)

    async def writing(ledger: Ledger) -> None:
        for _ in range(times):
            await ledger.transact(locked)

    ledgers = [await open_ledger(postgres_url) for _ in range(WRITERS)]
    async with asyncio.TaskGroup() as group:
        for ledger in ledgers:
            group.create_task(writing(ledger))

    assert await total(postgres_url) == WRITERS * times
    for ledger in ledgers:
        await ledger.close()


async def test_a_transaction_refused_because_of_another_one_is_done_again(postgres_url: str) -> None:
    await start(postgres_url)
    one, other = [await open_ledger(postgres_url) for _ in range(2)]
    attempts = 0

    async def strict(connection: AsyncConnection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        used = (await connection.execute(select(tables.budgets.c.used))).scalar_one()
        if attempts == 1:
            await other.transact(lambda second: increment(second, 10))
        await connection.execute(update(tables.budgets).values(used=used + 1))

    await one.transact(strict)

    assert attempts == 2
    assert await total(postgres_url) == 11
    await one.close()
    await other.close()


def test_a_transaction_that_begins_as_a_reader_is_what_loses(tmp_path: Path) -> None:
    """The broken twin: `BEGIN` instead of `BEGIN IMMEDIATE`, as the driver does of itself."""
    path = tmp_path / "twin.sqlite3"
    first, second = (sqlite3.connect(path, isolation_level=None, timeout=0.1) for _ in range(2))
    first.execute("PRAGMA journal_mode=WAL")
    first.execute("CREATE TABLE n (used INTEGER)")
    first.execute("INSERT INTO n VALUES (0)")
    for connection in (first, second):
        connection.execute("BEGIN")
        connection.execute("SELECT used FROM n").fetchone()
    first.execute("UPDATE n SET used = 1")
    first.execute("COMMIT")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        second.execute("UPDATE n SET used = 1")
