"""Deliveries in SQLite: the driver itself, in one thread that does nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot.inbox.delivery import LOCK_S, Committed, Delivery, InboxError, Stored
from workers.contract.ledger import LedgerError
from workers.contract.ledger.engines import LedgerFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

T = TypeVar("T")

CHUNK_ROWS = 128
"""Rows of one statement. Each statement gives up the interpreter's lock once, and that is what a row costs here."""
CHECKPOINT_PAGES = 4000
"""Pages of the write-ahead log before they go into the file: 16 MB, so that a page written often is copied once."""
LARGE_BYTES = 1024 * 1024
INSERT_LARGE = """
insert or ignore into deliveries (guid, content_key, event, body, received_at) values (?, ?, ?, zeroblob(?), ?)
"""
PROBE = """
insert into watermarks (name, value) values ('web-probe', :now) on conflict (name) do update set value = excluded.value
"""


class _NotAllNewError(Exception):
    """Some delivery of a batch is in the ledger already."""


@dataclass(slots=True)
class SqliteStore:
    """One connection in one thread; opened anew after an error."""

    path: str
    lock_s: float = LOCK_S
    """How long one who waits for the file's lock goes on waiting."""
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "inbox"))
    connection: sqlite3.Connection | None = None
    """Belongs to the thread."""
    file: LedgerFile = field(init=False)
    """The one that `connection` writes."""

    async def commit(self, batch: Sequence[Delivery]) -> Committed:
        """Store the deliveries in one transaction that is on the disk when this returns.

        Raises:
            InboxError: the file is locked, full or not a ledger.
        """
        if all(len(delivery.body) < LARGE_BYTES for delivery in batch):
            with suppress(_NotAllNewError):
                return await self._in_thread(lambda connection: _insert_all(connection, batch))
            return await self._in_thread(lambda connection: _insert_each(connection, batch))
        committed = await self._in_thread(lambda connection: _insert_each(connection, batch))
        # The connection's statements keep what they last held, and this was much.
        await asyncio.get_running_loop().run_in_executor(self.thread, self._forget)
        return committed

    async def probe(self) -> None:
        """Write one row that means nothing.

        Raises:
            InboxError: the file cannot be written.
        """
        await self._in_thread(_probe)

    async def close(self) -> None:
        """Close the file, after what is under way."""
        await asyncio.get_running_loop().run_in_executor(self.thread, self._forget)
        self.thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self.connection is None:
                self.connection = _connect(self.path, self.lock_s)
                self.file = LedgerFile(Path(self.path))
            with _transaction(self.connection):
                done = work(self.connection)
            # SQLite goes on writing into a file that was deleted or replaced; nothing in it would ever be found.
            self.file.check()
        except (sqlite3.Error, LedgerError) as error:
            self._forget()
            raise InboxError(f"the ledger {self.path} cannot store: {error}") from error
        return done

    def _forget(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def _connect(path: str, lock_s: float) -> sqlite3.Connection:
    # The thread of the executor, whoever asks; transactions are begun by us: the driver would begin them late.
    connection = sqlite3.connect(path, timeout=lock_s, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None, None, None]:
    """Holds the one write lock from the start, so that nobody has to turn from a reader into a writer."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def _insert_all(connection: sqlite3.Connection, batch: Sequence[Delivery]) -> Committed:
    """Store deliveries that are all new, in few statements.

    Raises:
        _NotAllNewError: one is not; nothing is stored.
    """
    last_row = 0
    for start in range(0, len(batch), CHUNK_ROWS):
        chunk = batch[start : start + CHUNK_ROWS]
        cursor = connection.execute(_statement(len(chunk)), [value for delivery in chunk for value in delivery])
        if cursor.rowcount != len(chunk):
            raise _NotAllNewError
        last_row = cursor.lastrowid or 0
    return Committed([Stored.NEW] * len(batch), last_row)


def _insert_each(connection: sqlite3.Connection, batch: Sequence[Delivery]) -> Committed:
    """One by one, to learn which are new."""
    answers = [_insert_one(connection, delivery) for delivery in batch]
    row = connection.execute("select max(id) from deliveries").fetchone()[0] if Stored.NEW in answers else 0
    return Committed(answers, row)


def _insert_one(connection: sqlite3.Connection, delivery: Delivery) -> Stored:
    if len(delivery.body) < LARGE_BYTES:
        new = connection.execute(_statement(1), delivery).rowcount
    else:
        new = _insert_large(connection, delivery)
    if new:
        return Stored.NEW
    found = connection.execute("select 1 from deliveries where content_key = ?", (delivery.content_key,))
    return Stored.DUPLICATE if found.fetchone() else Stored.CLASH


def _insert_large(connection: sqlite3.Connection, delivery: Delivery) -> int:
    """Make room in the row, then fill it piece by piece: a bound value is copied twice over. 1 when the row is new."""
    cursor = connection.execute(
        INSERT_LARGE,
        (delivery.guid, delivery.content_key, delivery.event, len(delivery.body), delivery.received_at),
    )
    if cursor.rowcount:
        with (
            connection.blobopen("deliveries", "body", cursor.lastrowid or 0) as blob,
            memoryview(delivery.body) as body,
        ):
            for start in range(0, len(body), LARGE_BYTES):
                blob.write(body[start : start + LARGE_BYTES])
    return cursor.rowcount


@cache
def _statement(rows: int) -> str:
    values = ", ".join(["(?, ?, ?, ?, ?)"] * rows)
    return f"insert or ignore into deliveries (guid, content_key, event, body, received_at) values {values}"  # noqa: S608 - question marks alone


def _probe(connection: sqlite3.Connection) -> None:
    connection.execute(PROBE, {"now": str(time.time())})
