"""The loop process: it takes jobs off the ledger, mends, and leaves the runs for whoever publishes them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workers.asking import Desk
from workers.contract import logs
from workers.contract.bell import Bell
from workers.contract.deployment import LOOP_VARIABLES, keep_private, loop_settings
from workers.contract.errors import MendloopError
from workers.contract.ledger import open_ledger, tables
from workers.contract.ledger.working import owner, work
from workers.contract.redact import redactor
from workers.network.allowing import of_machine
from workers.running.means import Means
from workers.sandbox.holding import Holding

if TYPE_CHECKING:
    from workers.contract.deployment import LoopSettings
    from workers.contract.ledger import Claim
    from workers.contract.redact import Redactor

PACKAGE_VARIABLES = ("UV_", "PIP_")


async def main(settings: LoopSettings, redactor: Redactor, means: Means) -> None:
    """Work until a signal comes. What is under way then has a few seconds, and is handed back after them."""
    # Not before: this loads GitPython, which starts git at once and hands it every variable there is.
    from workers import jobs  # noqa: PLC0415

    stop, wake = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ledger, bell = await open_ledger(settings.ledger_url), Bell(url=settings.redis_url)
    shop = jobs.Workshop(
        ledger=ledger,
        bell=bell,
        desk=Desk(broker=settings.broker, secret=settings.broker_secret),
        settings=settings,
        means=means,
        redactor=redactor,
    )

    async def handle(claim: Claim) -> None:
        await jobs.handle(shop, claim)

    try:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(bell.listen("loop", wake))
            await work(
                ledger, tables.jobs, ("ready",), handle,
                owner=owner("loop"), lease_s=settings.lease_s, wake=wake, stop=stop, concurrency=settings.jobs,
            )  # fmt: skip
            listening.cancel()
    finally:
        await bell.close()
        await ledger.close()


def run() -> int:
    """Start the process by the variables it was given; its exit code."""
    masking = redactor(os.environ, str(Path.home()))
    logs.configure("loop", masking)
    try:
        settings = loop_settings(os.environ)
        keep_private()
        allowance = of_machine(os.environ, shared=True)
        cache, index = _cache(settings), _forgotten()
        means = Means(cache=cache, index=index, programs=False, held=Holding(), network=allowance)
        asyncio.run(main(settings, masking, means))
    except MendloopError as error:
        sys.stderr.write(f"mendloop-app loop: {error}\n")
        return 2
    return 0


def _forgotten() -> dict[str, str]:
    """Take what may hold a secret out of our environment, for no child is to inherit it; what the installer may read."""
    told = {name: value for name, value in os.environ.items() if name not in LOOP_VARIABLES}
    for name in list(os.environ):
        if name in LOOP_VARIABLES or name.startswith(PACKAGE_VARIABLES):
            del os.environ[name]
    return told


def _cache(settings: LoopSettings) -> Path:
    """Environments are shared with the command line where a cache folder is named, and lie with the state otherwise."""
    stated = os.environ.get("XDG_CACHE_HOME", "")
    return Path(stated) / "mendloop" if stated.startswith("/") else settings.state / "cache"


if __name__ == "__main__":
    sys.exit(run())
