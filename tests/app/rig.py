"""The whole App as an operator starts it, against the fake GitHub: real processes, git, Redis, kernels, HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import update

from bot.windows import next_sweep_at
from tests.fake_github import Hub
from workers.contract.ledger import open_ledger, tables

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from workers.contract.config_github import Sweep

READY_S = 60.0
PATIENCE_S = 60.0
LOOK_S = 0.05


@dataclass(slots=True)
class Deployment:
    """One machine that runs `mendloop-app serve`."""

    hub: Hub
    state: Path
    environ: dict[str, str]
    port: int
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(default_factory=Path)

    @property
    def url(self) -> str:
        """Of the web process."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, **more: str) -> None:
        """Start all processes; `more` are variables of this start alone."""
        self.log = self.state / "serve.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bot.main", "serve"],
                env=self.environ | more, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                cwd=self.state,
            )  # fmt: skip

    async def ready(self) -> None:
        """Wait until deliveries would be stored."""
        async with httpx.AsyncClient(trust_env=False) as client:
            await until(lambda: self._answers(client), within_s=READY_S, what="the App is ready", told=self.tail)

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        with suppress(httpx.HTTPError):
            return (await client.get(f"{self.url}/readyz")).is_success
        return False

    def stop(self) -> int:
        """Ask it to end, and wait; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def events(self) -> list[dict[str, Any]]:
        """What the processes logged, as JSON objects."""
        found: list[dict[str, Any]] = []
        for line in self.log.read_text(errors="replace").splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def tail(self) -> str:
        """The end of the log, for a failing test."""
        return "".join(self.log.read_text(errors="replace").splitlines(keepends=True)[-40:])

    async def pass_time_until_sweep(self, repository_id: int, sweep: Sweep) -> None:
        """As if the clock had just reached the repository's next sweep: its last moment is noted as not yet done."""
        day = 86_400.0
        moment = next_sweep_at(sweep, repository_id, time.time() - day)
        ledger = await open_ledger(f"sqlite:///{self.state}/ledger.sqlite3")
        mine = tables.repositories.c.id == repository_id
        async with ledger.write() as connection:
            await connection.execute(update(tables.repositories).where(mine).values(next_sweep_at=moment))
        await ledger.close()

    def pids(self) -> dict[str, int]:
        """Process kind -> its process id, as the supervisor last told."""
        return {e["name"]: e["pid"] for e in self.events() if e.get("event") == "supervisor.started"}


async def until(
    condition: Callable[[], Any], *, within_s: float = PATIENCE_S, what: str = "", told: Callable[[], str] | None = None
) -> Any:
    """Wait until `condition` is true and return what it came to.

    Raises:
        AssertionError: it did not come true in time.
    """
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        await asyncio.sleep(LOOK_S)
    raise AssertionError(f"not within {within_s:g} s: {what}\n{told() if told else ''}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def deployed(
    folder: Path, *, cache: Path | None = None, start: bool = True, variables: Mapping[str, str] | None = None
) -> AsyncGenerator[Deployment]:
    """A fake GitHub with the App installed nowhere yet, and the App running beside it."""
    port = free_port()
    secret = secrets.token_hex(20)
    async with Hub.serve(webhook_url=f"http://127.0.0.1:{port}/webhook", secret=secret) as hub:
        state = folder / "state"
        state.mkdir(mode=0o700)
        key = state / "app.pem"
        key.write_text(hub.app.private_key_pem)
        key.chmod(0o600)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "MENDLOOP_STATE_DIR": str(state),
            "MENDLOOP_GITHUB_API": hub.api_url,
            "MENDLOOP_GITHUB_URL": hub.git_url,
            "MENDLOOP_APP_ID": str(hub.app.id),
            "MENDLOOP_APP_SLUG": hub.app.slug,
            "MENDLOOP_PRIVATE_KEY_FILE": str(key),
            "MENDLOOP_WEBHOOK_SECRET": secret,
            "MENDLOOP_PORT": str(port),
            "MENDLOOP_PACE_S": "0",
            "XDG_CACHE_HOME": str(cache or folder / "cache"),
            **{name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_CERT"))},
            **(variables or {}),
        }
        deployment = Deployment(hub, state, environ, port)
        try:
            if start:
                deployment.start()
                await deployment.ready()
            yield deployment
        finally:
            deployment.stop()
