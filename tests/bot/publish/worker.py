"""Github processes that publish what waits and end, each started by fork from one that has imported everything.

`python -m tests.bot.publish.worker` reads lines of JSON: what a process needs and where it is to kill itself. For each it
prints how the process ended, as `os.waitstatus_to_exitcode` says it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from bot import publish
from tests.bot.publish.scene import LEASE_S, github, make_app
from workers.contract.ledger import open_ledger, tables
from workers.contract.phases import KILL_VARIABLE


async def work(told: dict[str, Any]) -> None:
    folder = Path(told["folder"])
    ledger = await open_ledger(f"sqlite:///{folder}/ledger.db", clock=lambda: told["now"])
    async with github(told["api_url"], told["app_id"], told["pem"]) as client:
        app = make_app(ledger, client, folder, told["app_id"], told["slug"])
        while (claim := await ledger.claim(tables.jobs, ("ran",), "killed", lease_s=LEASE_S)) is not None:
            await publish.handle(app, claim)
    await ledger.close()


def forked(told: dict[str, Any]) -> int:
    """How the process ended."""
    child = os.fork()
    if child == 0:
        os.environ[KILL_VARIABLE] = told["kill_at"]
        # What it logs is nobody's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
        try:
            asyncio.run(work(told))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    for line in sys.stdin:
        print(forked(json.loads(line)), flush=True)  # noqa: T201 - the answer
