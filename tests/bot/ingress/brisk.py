"""A web process that loses its patience sooner, so that tests need not wait as long as GitHub does."""

from __future__ import annotations

import os
from pathlib import Path

import uvloop

from bot.connections import Limits
from bot.signature import Secrets
from bot.web import serve
from workers.contract.bell import Bell

BRISK = Limits(request_s=1.5, idle_s=1.5, look_s=0.1, connections=600)


async def main() -> None:
    state = Path(os.environ["MENDLOOP_STATE_DIR"])
    await serve(
        host="127.0.0.1",
        port=int(os.environ["MENDLOOP_PORT"]),
        secrets=Secrets(current=os.environ["MENDLOOP_WEBHOOK_SECRET"]),
        page_secret=b"a page secret of a test",
        ledger_url=os.environ["MENDLOOP_LEDGER_URL"],
        runs=state / "runs",
        bell=Bell(url=f"unix://{state / 'nobody.sock'}"),
        limits=BRISK,
    )


if __name__ == "__main__":
    uvloop.run(main())
