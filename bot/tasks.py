"""The github process: it hears what was stored, decides, dispatches, publishes, and keeps house. Wiring alone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from bot import broker, deliveries, dispatch, lifecycle, publish, reconcile, sweep, watchdog
from bot.app import App
from bot.app_auth import KeyFile, keys_of
from bot.github import GitHub, connect
from bot.pacing import Pace
from bot.settings import github_settings
from bot.signature import page_secret
from workers.contract import logs
from workers.contract.bell import Bell
from workers.contract.deployment import keep_private
from workers.contract.errors import MendloopError
from workers.contract.ledger import open_ledger, tables
from workers.contract.ledger.working import owner, work
from workers.contract.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from sqlalchemy import Table

    from bot.app_auth import Keys
    from bot.settings import GitHubSettings
    from workers.contract.ledger import Claim
    from workers.contract.redact import Redactor

log = structlog.get_logger()

FIRST_S = 1.0
"""After the start, before the clock's passes begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """A pass that the clock asks for."""

    name: str
    every_s: float
    act: Callable[[App], Awaitable[object]]


@dataclass(slots=True, kw_only=True)
class Process:
    """Everything that runs beside each other until the process is told to stop."""

    app: App
    lease_s: float
    reconcile_s: float
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    wakes: list[asyncio.Event] = field(default_factory=list[asyncio.Event])

    async def run(self) -> None:
        """Work until `stop` is set; what is under way then has a few seconds, and is handed back after them."""
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(each) for each in self._loops()]
            others = [group.create_task(self._chore(chore)) for chore in chores(self.reconcile_s)]
            others.append(group.create_task(self.app.bell.listen("github", *self.wakes)))
            await asyncio.wait(loops)
            for task in others:
                task.cancel()

    def _loops(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._loop(tables.deliveries, "stored", deliveries.handle, 2),
            self._loop(tables.requests, "new", dispatch.handle, 4),
            self._loop(tables.jobs, "ran", publish.handle, 4),
        ]

    def _loop(self, table: Table, state: str, handle: Callable[[App, Claim], Awaitable[None]], concurrency: int) -> Any:
        wake = asyncio.Event()
        self.wakes.append(wake)

        async def handled(claim: Claim) -> None:
            await handle(self.app, claim)

        return work(
            self.app.ledger, table, (state,), handled,
            owner=owner("github"), lease_s=self.lease_s, wake=wake, stop=self.stop, concurrency=concurrency,
        )  # fmt: skip

    async def _chore(self, chore: Chore) -> None:
        """Do it again and again; what goes wrong with one pass is for the next."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await chore.act(self.app)
            except MendloopError as error:
                log.warning("chore.put_off", chore=chore.name, why=f"{type(error).__name__}: {error}")
            except Exception:
                log.exception("chore.failed", chore=chore.name)
            await asyncio.sleep(chore.every_s)


def chores(reconcile_s: float) -> list[Chore]:
    """What the clock asks for, and how often."""
    shown: dict[int, str] = {}

    async def progress(app: App) -> None:
        await watchdog.show_progress(app, shown)

    return [
        Chore(name="progress", every_s=watchdog.PROGRESS_S, act=progress),
        Chore(name="lifecycle", every_s=2.0, act=lifecycle.look),
        Chore(name="ring", every_s=10.0, act=watchdog.ring_again),
        Chore(name="conclude", every_s=3.0, act=watchdog.conclude_left_over),
        Chore(name="answer", every_s=3.0, act=watchdog.answer_left_over),
        Chore(name="sweep", every_s=10.0, act=sweep.due),
        Chore(name="reconcile", every_s=reconcile_s, act=reconcile.reconcile),
        Chore(name="stuck", every_s=300.0, act=watchdog.give_up_stuck),
    ]


async def main(settings: GitHubSettings, masking: Redactor) -> None:
    """Open what the process holds, work, and close it; every token is revoked at the end."""
    async with AsyncExitStack() as stack:
        ledger = await open_ledger(settings.ledger_url)
        stack.push_async_callback(ledger.close)
        bell = Bell(url=settings.redis_url)
        stack.push_async_callback(bell.close)
        github = await stack.enter_async_context(
            connect(
                api_url=settings.github_api,
                app_id=settings.app_id,
                keys=keys(settings),
                pace=Pace(gap_s=settings.pace_s),
            )
        )
        app = App(
            ledger=ledger,
            github=github,
            bell=bell,
            runs=settings.runs,
            redactor=masking,
            app_id=settings.app_id,
            slug=settings.slug or await slug(github),
            public_url=settings.public_url,
            page_secret=page_secret(settings.page_secret, settings.state),
            dry_run=settings.dry_run,
        )
        await stack.enter_async_context(
            broker.serve(app, where=settings.broker, github_url=settings.github_url, secret=settings.broker_secret)
        )
        process = Process(app=app, lease_s=settings.lease_s, reconcile_s=settings.reconcile_s)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, process.stop.set)
        log.info("github.ready", app=app.slug)
        await process.run()


def keys(settings: GitHubSettings) -> Keys:
    """The App's keys: read again whenever their file changes, or those that were handed over."""
    if settings.private_key_file is not None:
        return KeyFile(settings.private_key_file)
    given = keys_of(settings.private_key)
    return lambda: given


async def slug(github: GitHub) -> str:
    """The App's name in URLs, as GitHub has it."""
    return str((await (await github.app()).get("/app"))["slug"])


def run() -> int:
    """Start the process by the variables it was given; its exit code."""
    masking = redactor(os.environ, str(Path.home()))
    logs.configure("github", masking)
    try:
        settings = github_settings(os.environ)
        keep_private()
        asyncio.run(main(settings, masking))
    except MendloopError as error:
        sys.stderr.write(f"mendloop-app github: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(run())
