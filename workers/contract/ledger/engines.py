"""Connections to the two databases, set so that no wait is without an end and no writer starts as a reader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine

from workers.contract.errors import ConfigError
from workers.contract.ledger.trouble import LedgerError, Trouble

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

BUSY_S = 8.0
"""How long a writer waits for another one before it gives up: GitHub waits ten seconds for an answer."""
STATEMENT_S = 10.0
IDLE_S = 30.0
"""A Postgres transaction in which nothing happens for so long is ended by the server."""
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(BUSY_S * 1000)}")


@dataclass(slots=True)
class LedgerFile:
    """The file of an SQLite ledger. SQLite goes on writing into a file that was deleted; we look."""

    path: Path
    identity: tuple[int, int] | None = None
    """Device and inode when it was first seen."""

    def prepare(self) -> None:
        """Make the file and its folder, for this user's eyes alone.

        Raises:
            LedgerError: they cannot be made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise LedgerError(Trouble.DENIED, f"{error.strerror}: {self.path}") from error

    def check(self) -> None:
        """Refuse a file that is gone, or is another one than before.

        Raises:
            LedgerError: it is.
        """
        try:
            found = self.path.stat()
        except OSError as error:
            raise LedgerError(Trouble.MISSING, f"{error.strerror}: {self.path}") from error
        now = (found.st_dev, found.st_ino)
        if self.identity is None:
            self.identity = now
        if now != self.identity:
            raise LedgerError(Trouble.MISSING, f"another file stands in its place: {self.path}")


def driver_url(url: str) -> URL:
    """The URL with the driver we use, and Postgres' own spelling of settings made the driver's.

    Raises:
        ConfigError: it is no URL of a ledger.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("the ledger's URL cannot be read; expected sqlite:///path or postgresql://...") from error
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ConfigError(f"the ledger's URL starts with {parsed.drivername!r}; expected sqlite or postgresql")
    query = dict(parsed.query)
    if driver.startswith("postgresql") and "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return parsed.set(drivername=driver, query=query)


def file_of(url: URL) -> LedgerFile | None:
    """The file of an SQLite ledger.

    Raises:
        ConfigError: it would be kept in memory.
    """
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise ConfigError("the ledger's URL names no file; expected sqlite:///path")
    return LedgerFile(Path(url.database.removeprefix("file:")).absolute())


def engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """One for writing, one for reading; with Postgres they are the same."""
    if url.get_backend_name() != "sqlite":
        engine = _postgres(url)
        return engine, engine
    busy = {"timeout": BUSY_S}
    writing = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=BUSY_S, connect_args=busy)
    reading = create_async_engine(url, pool_size=4, pool_timeout=BUSY_S, connect_args=busy)
    for engine, begin in ((writing, "BEGIN IMMEDIATE"), (reading, "BEGIN")):
        _sqlite(engine, begin)
    return writing, reading


def _postgres(url: URL) -> AsyncEngine:
    settings = {
        "application_name": "mendloop",
        "timezone": "UTC",
        "statement_timeout": f"{STATEMENT_S:.0f}s",
        "lock_timeout": f"{BUSY_S:.0f}s",
        "idle_in_transaction_session_timeout": f"{IDLE_S:.0f}s",
    }
    # The driver's own clock goes off after the server's: it is for a server that is not there any more.
    waits = {"timeout": BUSY_S, "command_timeout": STATEMENT_S + 5, "server_settings": settings}
    return create_async_engine(
        url,
        pool_size=10,
        max_overflow=0,
        pool_timeout=BUSY_S,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args=waits,
    )


def _sqlite(engine: AsyncEngine, begin: str) -> None:
    """The driver's own transactions are off: it would begin late, and deadlock where two readers turn into writers."""

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    _ = (on_connect, on_begin)
