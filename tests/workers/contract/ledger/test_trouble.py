"""What can be the matter with a ledger is said in few words, and nothing is kept of what failed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from tests.stores import psql
from tests.workers.contract.ledger.rows import add_delivery, states
from workers.contract.ledger import LedgerError, Trouble, open_ledger, tables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from workers.contract.ledger import Ledger

BIG = b"x" * 200_000
END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mendloop'"


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def fill(ledger: Ledger, guid: str, body: bytes = BIG) -> None:
    row = {"guid": guid, "content_key": guid, "event": "push", "body": body, "received_at": 0.0}
    async with ledger.write() as connection:
        await connection.execute(insert(tables.deliveries).values(**row))


async def mark_and(ledger: Ledger, act: Callable[[AsyncConnection], Awaitable[None]]) -> None:
    """Write something, then `act`, in one transaction."""
    async with ledger.write() as connection:
        await connection.execute(insert(tables.watermarks).values(name="a", value="b"))
        await act(connection)


async def guids(ledger: Ledger) -> list[str]:
    async with ledger.read() as connection:
        return list(
            (await connection.execute(select(tables.deliveries.c.guid).order_by(tables.deliveries.c.id))).scalars()
        )


async def test_a_broken_constraint_stays_what_it_is(ledger: Ledger) -> None:
    await add_delivery(ledger, "one")

    with pytest.raises(IntegrityError):
        await add_delivery(ledger, "one")

    assert await guids(ledger) == ["one"]


async def test_an_exception_of_the_caller_passes_and_nothing_is_kept(ledger: Ledger) -> None:
    async def reset(_connection: AsyncConnection) -> None:
        raise ConnectionResetError("the caller's own")

    with pytest.raises(ConnectionResetError):
        await mark_and(ledger, reset)

    async with ledger.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(tables.watermarks))).scalar_one() == 0


async def test_a_wrong_statement_is_a_bug_and_no_trouble(postgres_url: str) -> None:
    ledger = await open_ledger(postgres_url, create=True)

    with pytest.raises(ProgrammingError):
        async with ledger.write() as connection:
            await connection.execute(text("SELEKT 1"))

    await ledger.close()


async def test_a_ledger_without_tables_says_to_migrate(url: str) -> None:
    ledger = await open_ledger(url)
    if ledger.file is not None:
        ledger.file.prepare()

    for look in (ledger.ready(), ledger.claim(tables.jobs, ("ready",), "me", lease_s=1)):
        with pytest.raises(LedgerError, match="mendloop-app migrate") as caught:
            await look
        assert caught.value.trouble is Trouble.UNMIGRATED
    await ledger.close()


async def test_f233_a_full_disk_is_said_nothing_is_kept_and_room_is_enough_to_go_on(sqlite_url: str) -> None:
    ledger = await open_ledger(sqlite_url, create=True)
    await fill(ledger, "before")

    async with ledger.write() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
    with pytest.raises(LedgerError, match="no room left") as caught:
        await fill(ledger, "too much")
    assert caught.value.trouble is Trouble.FULL
    assert await guids(ledger) == ["before"]
    async with ledger.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1000000"))
    await fill(ledger, "after")

    assert await guids(ledger) == ["before", "after"]
    await ledger.close()


CHILD = """
import asyncio, resource, signal, sys
from sqlalchemy import insert
from workers.contract.ledger import LedgerError, open_ledger, tables

async def main(url, limit):
    ledger = await open_ledger(url)
    acked = []
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for number in range(40):
        guid = f"in-child-{number}"
        row = dict(guid=guid, content_key=guid, event="push", body=b"x" * 50_000, received_at=0.0)
        try:
            async with ledger.write() as connection:
                await connection.execute(insert(tables.deliveries).values(**row))
        except LedgerError as error:
            print("refused", error.trouble)
            break
        print("acked", guid)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    async with ledger.write() as connection:
        await connection.execute(insert(tables.deliveries).values(**(row | dict(guid="room", content_key="room"))))
    print("acked room")
    await ledger.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def test_f233_a_file_that_may_not_grow_loses_nothing_that_was_acknowledged(sqlite_url: str) -> None:
    asyncio.run(created(sqlite_url))

    done = subprocess.run(
        [sys.executable, "-c", CHILD, sqlite_url, "700000"], capture_output=True, text=True, check=False, timeout=60
    )

    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert "refused full" in lines
    acked = [line.removeprefix("acked ") for line in lines if line.startswith("acked")]
    assert len(acked) > 2
    assert acked[-1] == "room"
    with sqlite3.connect(path_of(sqlite_url)) as connection:
        assert [guid for (guid,) in connection.execute("SELECT guid FROM deliveries ORDER BY id")] == acked
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def created(url: str) -> None:
    ledger = await open_ledger(url, create=True)
    await ledger.close()


async def test_f235_a_ledger_that_may_not_be_written_is_denied(sqlite_url: str) -> None:
    await created(sqlite_url)
    ledger = await open_ledger(f"sqlite:///file:{path_of(sqlite_url)}?mode=ro&uri=true")

    with pytest.raises(LedgerError, match="permissions") as caught:
        await fill(ledger, "one")

    assert caught.value.trouble is Trouble.DENIED
    await ledger.close()


async def test_f235_a_place_where_no_file_can_be_is_denied(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LedgerError, match="permissions") as caught:
        await open_ledger(f"sqlite:///{tmp_path}/file/ledger.sqlite3", create=True)

    assert caught.value.trouble is Trouble.DENIED


async def test_f235_a_file_that_was_deleted_takes_no_more_writes(sqlite_url: str) -> None:
    ledger = await open_ledger(sqlite_url, create=True)
    await fill(ledger, "before")

    path_of(sqlite_url).unlink()
    with pytest.raises(LedgerError, match="file is gone") as gone:
        await fill(ledger, "into nothing")
    path_of(sqlite_url).write_bytes(b"")
    with pytest.raises(LedgerError, match="another file stands in its place"):
        await ledger.ready()

    assert gone.value.trouble is Trouble.MISSING
    await ledger.close()


def no_database(raw: bytes) -> bytes:
    return b"garbage" * len(raw)


def torn(raw: bytes) -> bytes:
    return raw[:4096] + os.urandom(len(raw) - 4096)


@pytest.mark.parametrize("harm", [no_database, torn])
async def test_f235_a_damaged_file_is_said_to_be_damaged(sqlite_url: str, harm: Any) -> None:
    ledger = await open_ledger(sqlite_url, create=True)
    await fill(ledger, "before")
    await ledger.close()
    path = path_of(sqlite_url)
    path.write_bytes(harm(path.read_bytes()))

    damaged = await open_ledger(sqlite_url)
    with pytest.raises(LedgerError, match="restore it from a backup") as caught:
        await fill(damaged, "after")

    assert caught.value.trouble is Trouble.CORRUPT
    await damaged.close()


async def test_f232_a_writer_that_never_ends_is_waited_for_no_longer_than_said(sqlite_url: str) -> None:
    ledger = await open_ledger(sqlite_url, create=True)

    @event.listens_for(ledger.writing.sync_engine, "checkout")
    def hurry(connection: Any, *_rest: Any) -> None:
        connection.cursor().execute("PRAGMA busy_timeout = 50")

    stubborn = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    stubborn.execute("BEGIN IMMEDIATE")

    with pytest.raises(LedgerError, match="another writer") as caught:
        await fill(ledger, "one")
    stubborn.execute("ROLLBACK")
    await fill(ledger, "two")

    assert caught.value.trouble is Trouble.LOCKED
    assert await guids(ledger) == ["two"]
    await ledger.close()
    _ = hurry


async def test_f236_connections_the_server_ended_are_made_anew(postgres_url: str) -> None:
    ledger = await open_ledger(postgres_url, create=True)
    await fill(ledger, "before")

    async def end_it(connection: AsyncConnection) -> None:
        await psql(postgres_url, END_ALL)
        await connection.execute(text("SELECT 1"))

    with pytest.raises(LedgerError) as caught:
        await mark_and(ledger, end_it)
    await fill(ledger, "after")

    assert caught.value.trouble is Trouble.UNREACHABLE
    assert await guids(ledger) == ["before", "after"]
    await ledger.close()


async def test_f236_a_transaction_that_idles_is_ended_and_keeps_nothing(postgres_url: str) -> None:
    ledger = await open_ledger(postgres_url, create=True)

    async def idle(connection: AsyncConnection) -> None:
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
        await asyncio.sleep(0.3)
        await connection.execute(text("SELECT 1"))

    with pytest.raises(LedgerError) as caught:
        await mark_and(ledger, idle)

    assert caught.value.trouble is Trouble.UNREACHABLE
    async with ledger.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(tables.watermarks))).scalar_one() == 0
    await ledger.close()


async def test_f236_a_statement_that_takes_too_long_is_ended(postgres_url: str) -> None:
    ledger = await open_ledger(postgres_url, create=True)

    async def dawdle(connection: AsyncConnection) -> None:
        await connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
        await connection.execute(text("SELECT pg_sleep(30)"))

    with pytest.raises(LedgerError) as caught:
        await mark_and(ledger, dawdle)

    assert caught.value.trouble is Trouble.LOCKED
    await ledger.close()


async def test_every_wait_on_postgres_has_an_end(postgres_url: str) -> None:
    ledger = await open_ledger(postgres_url, create=True)

    async with ledger.read() as connection:
        found = [
            (await connection.execute(text(f"SHOW {name}"))).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]

    assert found == ["10s", "8s", "30s"]
    await ledger.close()


async def test_f236_a_pool_that_is_used_up_is_said_and_recovers(postgres_url: str) -> None:
    ledger = await open_ledger(postgres_url, create=True)
    await ledger.writing.dispose()
    small = ledger.writing.execution_options()
    small.pool._timeout = 0.1  # pyright: ignore[reportAttributeAccessIssue]  # eight seconds otherwise
    held = [await small.connect() for _ in range(10)]

    with pytest.raises(LedgerError) as caught:
        await fill(ledger, "one")
    for connection in held:
        await connection.close()
    await fill(ledger, "two")

    assert caught.value.trouble is Trouble.LOCKED
    assert await guids(ledger) == ["two"]
    await ledger.close()


async def test_f236_a_server_that_is_not_there_is_not_reachable() -> None:
    ledger = await open_ledger("postgresql://nobody:hunter2hunter2@127.0.0.1:1/none")

    with pytest.raises(LedgerError) as caught:
        await ledger.ready()

    assert caught.value.trouble is Trouble.UNREACHABLE
    assert "hunter2" not in str(caught.value)
    await ledger.close()


async def test_two_engines_of_a_file_wait_and_write_to_the_disk(sqlite_url: str) -> None:
    ledger = await open_ledger(sqlite_url, create=True)
    seen: list[Any] = []

    for engine in (ledger.writing, ledger.reading):
        async with engine.connect() as connection:
            seen.append(
                [
                    (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
                    for name in ("journal_mode", "synchronous", "busy_timeout")
                ]
            )

    assert seen == [["wal", 2, 8000]] * 2
    assert await states(ledger, tables.jobs) == {}
    await ledger.close()


def test_the_file_is_for_its_owner_alone(sqlite_url: str) -> None:
    asyncio.run(created(sqlite_url))

    assert path_of(sqlite_url).stat().st_mode & 0o777 == 0o600
