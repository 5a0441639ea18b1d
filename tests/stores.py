"""Real stores to test against: a Redis of one's own, and one Postgres for all test processes of a session."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # it has none
import pgserver

from bot.serving import redis_program
from workers.contract import bell, rings

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from arq.connections import ArqRedis

STARTS_S = 20.0
ANSWERS_S = 60.0


@dataclass(slots=True)
class RedisServer:
    """A redis-server on a unix socket, that can be killed and started again; it keeps nothing."""

    folder: Path
    options: dict[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder / 'redis.sock'}"

    def start(self) -> None:
        given = {
            "port": "0",
            "unixsocket": str(self.folder / "redis.sock"),
            "save": "",
            "dir": str(self.folder),
        } | self.options
        arguments = [part for name, value in given.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen([redis_program(), *arguments], stdout=subprocess.DEVNULL)
        until = time.monotonic() + STARTS_S
        while not asyncio.run(bell.answers(self.url)):
            assert time.monotonic() < until, "redis does not start"
            time.sleep(0.01)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> ArqRedis:
        return rings.connect(self.url, "github", 5.0)


@contextmanager
def postgres(folder: Path) -> Generator[str]:
    """The URL of a server's own database. Processes that name the same folder share the server."""
    with alone(folder.with_suffix(".lock")):
        server = pgserver.get_server(folder)  # pyright: ignore[reportPrivateImportUsage]  # its one function
        if " on" in _first_answer(server):
            server.psql("ALTER SYSTEM SET fsync = off")
            server.psql("SELECT pg_reload_conf()")
    try:
        yield str(server.get_uri())
    finally:
        with alone(folder.with_suffix(".lock")):
            server.cleanup()


def _first_answer(server: Any) -> str:
    """Whether it writes through, as `psql` shows it; waits for one that runs and does not listen (yet, or any more)."""
    until = time.monotonic() + ANSWERS_S
    while True:
        try:
            return str(server.psql("SHOW fsync"))
        except subprocess.CalledProcessError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
            server.ensure_postgres_running()


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """One process at a time."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def new_database(server_url: str) -> str:
    """The URL of an empty database."""
    name = f"t{uuid4().hex}"
    await psql(server_url, f"CREATE DATABASE {name}")
    parts = urlsplit(server_url)
    return parts._replace(path=f"/{name}").geturl()


async def psql(url: str, statement: str) -> list[Any]:
    """Run one statement outside any transaction; its rows."""
    connection = cast("Any", await asyncpg.connect(url))  # pyright: ignore[reportUnknownMemberType]  # untyped
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


def shared_folder(base: Path) -> Path:
    """Of the base folder of a test process, the part that all processes of the session have in common."""
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
