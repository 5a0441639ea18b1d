"""The power goes at a random moment: a copy of the files as they are then is a whole ledger with all that was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert

from workers.contract.ledger import open_ledger, tables

if TYPE_CHECKING:
    from collections.abc import Generator
    from multiprocessing.process import BaseProcess as SpawnedProcess

SNAPSHOTS = 60
FORK = multiprocessing.get_context("fork")


def writer(url: str, acked: Path) -> None:
    """Store deliveries until killed; the name of each goes to `acked` once it is stored."""
    asyncio.run(store(url, acked))


async def store(url: str, acked: Path) -> None:
    ledger = await open_ledger(url)
    with acked.open("ab", buffering=0) as file:
        for number in itertools.count():
            guid = f"guid-{number}"
            body = b"x" * random.randrange(20_000)
            row = {"guid": guid, "content_key": guid, "event": "push", "body": body, "received_at": 0.0}
            async with ledger.write() as connection:
                await connection.execute(insert(tables.deliveries).values(**row))
            file.write(f"{guid}\n".encode())


async def created(url: str) -> None:
    await (await open_ledger(url, create=True)).close()


@contextmanager
def stopped(process: SpawnedProcess) -> Generator[None]:
    """The process stands still wherever it is, as when the power goes."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def copy(path: Path, to: Path) -> None:
    """The files at one instant: the writer stands still. The shared index is lost with the power."""
    to.mkdir()
    for ending in ("", "-wal"):
        if Path(f"{path}{ending}").exists():
            shutil.copyfile(f"{path}{ending}", to / f"copy{ending}")


def look(folder: Path) -> tuple[str, set[str]]:
    with sqlite3.connect(folder / "copy") as connection:
        (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
        return integrity, {guid for (guid,) in connection.execute("SELECT guid FROM deliveries")}


def torn(folder: Path) -> None:
    """The last page of the log was under way: half of it is there, and what follows is garbage."""
    wal = folder / "copy-wal"
    wal.touch()
    size = wal.stat().st_size
    with wal.open("r+b") as file:
        file.seek(0, 2)
        file.write(random.randbytes(2000))
    assert wal.stat().st_size == size + 2000


def test_f234_every_snapshot_under_load_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    path, acked = tmp_path / "ledger.sqlite3", tmp_path / "acked"
    acked.touch()
    asyncio.run(created(f"sqlite:///{path}"))
    process = FORK.Process(target=writer, args=(f"sqlite:///{path}", acked), daemon=True)
    process.start()
    taken: list[tuple[Path, set[str]]] = []

    for number in range(SNAPSHOTS):
        time.sleep(random.uniform(0, 0.02))
        with stopped(process):
            copy(path, tmp_path / f"snapshot-{number}")
            taken.append((tmp_path / f"snapshot-{number}", set(acked.read_text().split())))
    process.kill()
    process.join()

    for number, (folder, known) in enumerate(taken):
        if number % 2:
            torn(folder)
        integrity, found = look(folder)
        assert integrity == "ok"
        assert known <= found
    assert len(taken[-1][1]) > SNAPSHOTS / 2


async def test_f234_a_ledger_that_does_not_keep_its_log_is_what_loses(tmp_path: Path) -> None:
    """The broken twin: the database file alone is no copy of what was acknowledged."""
    path = tmp_path / "ledger.sqlite3"
    ledger = await open_ledger(f"sqlite:///{path}", create=True)
    async with ledger.write() as connection:
        await connection.execute(insert(tables.watermarks).values(name="a", value="b"))

    copy(path, tmp_path / "whole")
    copy(path, tmp_path / "without")
    (tmp_path / "without" / "copy-wal").unlink()

    with sqlite3.connect(tmp_path / "whole" / "copy") as connection:
        assert connection.execute("SELECT value FROM watermarks").fetchall() == [("b",)]
    with sqlite3.connect(tmp_path / "without" / "copy") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'watermarks'").fetchone() == (0,)
    await ledger.close()
