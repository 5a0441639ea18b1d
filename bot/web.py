"""The web process: the webhook beside the pages, on one port, without the App's key."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn, cast

import uvicorn
import uvloop

from bot.connections import Connections
from bot.inbox import open_inbox
from bot.metrics import IngressMetrics
from bot.pages import Pages, pages_app
from bot.settings import web_settings
from bot.signature import Secrets, page_secret
from bot.webhook import OUTCOMES, Webhook
from workers.contract import logs
from workers.contract.bell import Bell
from workers.contract.deployment import SettingsError, keep_private
from workers.contract.errors import ConfigError, MendloopError
from workers.contract.ledger import open_ledger
from workers.contract.redact import redactor

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from bot import inbox
    from bot.connections import Limits
    from bot.settings import WebSettings
    from bot.webhook import Receive, Scope, Send

WEBHOOK = "/webhook"
SHUTDOWN_S = 10
COLLECT_AFTER = (20_000, 20, 20)
"""Of `gc.set_threshold`; 700 new objects, the default, are a dozen requests."""
BACKLOG = 2048


class Web:
    """The ASGI application: deliveries do not pass through the routes of the pages."""

    def __init__(self, webhook: Webhook, pages: Any) -> None:
        self._webhook = webhook
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"] == WEBHOOK:
            await self._webhook(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


@asynccontextmanager
async def open_web(
    *, secrets: Secrets, page_secret: bytes, ledger_url: str, runs: Path, bell: inbox.Bell
) -> AsyncGenerator[Web, None]:
    """The application over an open ledger, whose tables are there already.

    Raises:
        ConfigError: the page secret or the ledger's URL cannot be used.
        InboxError: the ledger cannot be written.
    """
    if len(page_secret.strip()) < 16:  # noqa: PLR2004 - 128 bits at the very least
        raise ConfigError("the page secret is shorter than 16 characters; unset MENDLOOP_PAGE_SECRET to have one made")
    ledger = await open_ledger(ledger_url)
    try:
        async with open_inbox(ledger_url, bell) as stored:
            metrics = IngressMetrics(OUTCOMES)
            pages = Pages(ledger=ledger, runs=runs, secret=page_secret, inbox=stored, metrics=metrics)
            yield Web(Webhook(secrets, stored, metrics), pages_app(pages))
    finally:
        await ledger.close()


async def serve(  # noqa: PLR0913 - each is one setting of the process
    *,
    host: str,
    port: int,
    secrets: Secrets,
    page_secret: bytes,
    ledger_url: str,
    runs: Path,
    bell: inbox.Bell,
    limits: Limits | None = None,
    sockets: list[socket.socket] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. No port is open before the secrets and the ledger are known to be good.

    `sockets` are listened on instead of `host` and `port`. The loop should be uvloop's, as `main` makes it.
    """
    guard = Connections() if limits is None else Connections(limits)
    async with (
        open_web(secrets=secrets, page_secret=page_secret, ledger_url=ledger_url, runs=runs, bell=bell) as web,
        asyncio.TaskGroup() as tasks,
    ):
        watching = tasks.create_task(guard.watch())
        _spare_the_collector()
        await uvicorn.Server(_config(web, host, port, guard)).serve(sockets=sockets)
        watching.cancel()


async def run(settings: WebSettings) -> None:
    """Serve as the settings say."""
    bell = Bell(url=settings.redis_url)
    try:
        await serve(
            host=settings.host,
            port=settings.port,
            secrets=Secrets(current=settings.webhook_secret, previous=settings.webhook_secret_old),
            page_secret=page_secret(settings.page_secret, settings.state),
            ledger_url=settings.ledger_url,
            runs=settings.runs,
            bell=bell,
        )
    finally:
        await bell.close()


def main() -> NoReturn:
    """The web process. Exit codes: 2 for settings that cannot be used, 3 for a ledger that cannot be written."""
    keep_private()
    masking = redactor(os.environ)
    logs.configure("web", masking)
    try:
        settings = web_settings(os.environ)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings))
    except SettingsError as error:
        _leave("\n".join(f"mendloop-app web: {masking.mask(problem)}" for problem in error.problems), 2)
    except MendloopError as error:
        _leave(f"mendloop-app web: {masking.mask(str(error))}", 2 if isinstance(error, ConfigError) else 3)
    sys.exit(0)


def _spare_the_collector() -> None:
    """What is loaded by now stays: the collector of cycles need not look at it for every few requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _leave(words: str, status: int) -> NoReturn:
    sys.stderr.write(words + "\n")
    sys.exit(status)


def _config(web: Web, host: str, port: int, guard: Connections) -> uvicorn.Config:
    return uvicorn.Config(
        cast("Any", web),
        host=host,
        port=port,
        # uvicorn calls it with the arguments of the class it expects here.
        http=cast("Any", guard.protocol),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        # Whoever speaks to us is the peer of the socket; X-Forwarded-For is a stranger's word.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


if __name__ == "__main__":
    main()
