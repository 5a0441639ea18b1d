"""The broker as a server: a unix socket that only our own user may open, or between machines TCP with a shared secret."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
import uvicorn

from bot.desk import Broker
from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from bot.app import App

log = structlog.get_logger()

START_S = 10.0
EXPIRE_S = 5.0
"""How soon a token is ended whose holder did not give it back."""
MIN_SECRET_CHARS = 16


@asynccontextmanager
async def serve(app: App, *, where: str, github_url: str, secret: str = "") -> AsyncGenerator[Broker]:
    """The broker at `unix:///path` or `http://host:port`, until the block ends; then its tokens are revoked.

    Raises:
        ConfigError: it would listen on TCP without a secret worth the name.
        OSError, TimeoutError: it cannot listen there.
    """
    if not where.startswith("unix://") and len(secret) < MIN_SECRET_CHARS:
        raise ConfigError(f"a broker on the network needs a secret of at least {MIN_SECRET_CHARS} characters")
    broker = Broker(app=app, github_url=github_url.rstrip("/"), secret=secret)
    listening = _socket(where)
    config = uvicorn.Config(
        broker.asgi(), lifespan="off", log_config=None, access_log=False, server_header=False, timeout_keep_alive=30
    )
    server = _Server(config)
    tasks = [
        asyncio.create_task(server.serve(sockets=[listening]), name="broker"),
        asyncio.create_task(_look_after(broker), name="broker's clock"),
    ]
    try:
        async with asyncio.timeout(START_S):
            await server.listens.wait()
        yield broker
    finally:
        server.should_exit = server.force_exit = True
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await broker.close()
        _remove(where)


async def _look_after(broker: Broker) -> None:
    """End the tokens of jobs that are over, again and again."""
    while True:
        await asyncio.sleep(EXPIRE_S)
        try:
            await broker.expire()
        except Exception:
            # A ledger that cannot be read now can be read later.
            log.exception("broker.expire")


class _Server(uvicorn.Server):
    """uvicorn inside a process that has signal handlers of its own."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _remove(where: str) -> None:
    parts = urlsplit(where)
    if parts.scheme == "unix":
        Path(parts.path).unlink(missing_ok=True)


def _socket(where: str) -> socket.socket:
    """A listening socket; a unix socket is our user's from the moment it exists."""
    parts = urlsplit(where)
    if parts.scheme != "unix":
        return socket.create_server((parts.hostname or "127.0.0.1", parts.port or 0))
    _remove(where)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listening.bind(parts.path)
    finally:
        os.umask(before)
    listening.listen(128)
    return listening
