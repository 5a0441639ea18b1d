"""What the web and the github process are told by their variables, and which variables a process may be given at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bot.private_key import PRIVATE_KEY, PRIVATE_KEY_FILE, private_key
from workers.contract import deployment
from workers.contract.deployment import Reading, SettingsError, Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind = Literal["web", "github", "loop"]
KINDS: tuple[Kind, ...] = ("github", "loop", "web")

WEBHOOK_SECRET = "MENDLOOP_WEBHOOK_SECRET"  # noqa: S105  # the variable's name
WEBHOOK_SECRET_OLD = "MENDLOOP_WEBHOOK_SECRET_OLD"  # noqa: S105
PAGE_SECRET = "MENDLOOP_PAGE_SECRET"  # noqa: S105
APP_ID = "MENDLOOP_APP_ID"
APP_SLUG = "MENDLOOP_APP_SLUG"
GITHUB_API = "MENDLOOP_GITHUB_API"
PUBLIC_URL = "MENDLOOP_PUBLIC_URL"
HOST = "MENDLOOP_HOST"
PORT = "MENDLOOP_PORT"
DRY_RUN = "MENDLOOP_DRY_RUN"
PACE_S = "MENDLOOP_PACE_S"
RECONCILE_S = "MENDLOOP_RECONCILE_S"
BROKER_LISTEN = "MENDLOOP_BROKER_LISTEN"

_EVERYWHERE = (
    deployment.LEDGER_URL,
    deployment.REDIS_URL,
    deployment.RUNS_DIR,
    deployment.STATE_DIR,
    deployment.GITHUB_URL,
)
_GITHUB = (
    GITHUB_API,
    APP_ID,
    APP_SLUG,
    PRIVATE_KEY,
    PRIVATE_KEY_FILE,
    PAGE_SECRET,
    PUBLIC_URL,
    DRY_RUN,
    PACE_S,
    RECONCILE_S,
)
_BROKER = (deployment.BROKER, BROKER_LISTEN, deployment.BROKER_SECRET)
MAY_HOLD: dict[Kind, tuple[str, ...]] = {
    "web": (*_EVERYWHERE, WEBHOOK_SECRET, WEBHOOK_SECRET_OLD, PAGE_SECRET, HOST, PORT, PUBLIC_URL, APP_SLUG),
    "github": (*_EVERYWHERE, *_GITHUB, *_BROKER, deployment.LEASE_S),
    "loop": deployment.LOOP_VARIABLES,
}
"""Process -> the only variables of ours it is given."""

_SYSTEM = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_STATE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR")
_NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")
_PACKAGES = ("XDG_CACHE_HOME", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS")
FROM_SYSTEM: dict[Kind, tuple[str, ...]] = {
    "web": _SYSTEM,
    "github": (*_SYSTEM, *_NETWORK),
    "loop": (*_SYSTEM, *_NETWORK, *_PACKAGES),
}
"""Process -> the variables of the machine it is given."""

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8080


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings(Shared):
    """What the web process is told. There is no key in it."""

    webhook_secret: str = field(repr=False)
    webhook_secret_old: str = field(repr=False)
    """The one before, while it is being replaced; empty when there is none."""
    page_secret: str = field(repr=False)
    """Makes the addresses of run pages unguessable; empty means that one is made and kept in the state folder."""
    host: str
    port: int
    public_url: str
    """Where people reach this process, without a slash at the end."""
    slug: str
    """The App's name in URLs; empty where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubSettings(Shared):
    """What the github process is told. There is no webhook secret in it."""

    app_id: int
    slug: str
    """The App's name in URLs; empty means that GitHub is asked."""
    private_key: str = field(repr=False)
    """PEM, one block or several, with plain line ends."""
    private_key_file: Path | None
    """Where it was read from; it may be exchanged while the process runs. None when a variable holds it."""
    github_api: str
    """Without a slash at the end."""
    public_url: str
    broker: str
    """Where the broker listens: `unix:///path` or `http://address:port`."""
    broker_secret: str = field(repr=False)
    """For `http`; empty for a unix socket."""
    page_secret: str = field(repr=False)
    """What makes links to pages; empty for the one that lies in the state folder."""
    dry_run: bool
    """Everything but writes to GitHub."""
    pace_s: float
    """At least so long between two writes of content in one installation."""
    lease_s: float
    """How long work is held without a sign of life."""
    reconcile_s: float
    """So long between two questions to GitHub which deliveries failed."""


def web_settings(environ: Mapping[str, str]) -> WebSettings:
    """What the web process is told by its variables.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    reading = Reading(environ)
    where = deployment.shared(reading)
    settings = WebSettings(
        ledger_url=where.ledger_url,
        redis_url=where.redis_url,
        runs=where.runs,
        state=where.state,
        github_url=where.github_url,
        webhook_secret=reading.secret(WEBHOOK_SECRET),
        webhook_secret_old=reading.secret(WEBHOOK_SECRET_OLD, ""),
        page_secret=reading.secret(PAGE_SECRET, ""),
        host=reading.text(HOST, LOOPBACK),
        port=reading.number(PORT, DEFAULT_PORT, 0, 65_535),
        public_url=_public_url(reading),
        slug=reading.text(APP_SLUG, ""),
    )
    reading.done()
    return settings


def github_settings(environ: Mapping[str, str]) -> GitHubSettings:
    """What the github process is told by its variables; the key is read from its file.

    Raises:
        SettingsError: a variable is missing or wrong, or the key cannot be used.
    """
    reading = Reading(environ)
    where = deployment.shared(reading)
    broker, secret = deployment.broker_of(reading, where.state, listen=BROKER_LISTEN)
    settings = GitHubSettings(
        ledger_url=where.ledger_url,
        redis_url=where.redis_url,
        runs=where.runs,
        state=where.state,
        github_url=where.github_url,
        app_id=reading.number(APP_ID, None, 1, 2**53),
        slug=reading.text(APP_SLUG, ""),
        private_key=private_key(reading),
        private_key_file=Path(reading.text(PRIVATE_KEY_FILE)) if environ.get(PRIVATE_KEY_FILE, "").strip() else None,
        github_api=reading.url(GITHUB_API, "https://api.github.com", ("https", "http")),
        public_url=_public_url(reading),
        broker=broker,
        broker_secret=secret,
        page_secret=reading.secret(PAGE_SECRET, ""),
        dry_run=reading.flag(DRY_RUN),
        pace_s=reading.seconds(PACE_S, 1.0),
        lease_s=reading.number(deployment.LEASE_S, int(deployment.DEFAULT_LEASE_S), 1, 600),
        reconcile_s=reading.seconds(RECONCILE_S, 60.0),
    )
    reading.done()
    return settings


READERS: dict[Kind, Callable[[Mapping[str, str]], Shared]] = {
    "web": web_settings,
    "github": github_settings,
    "loop": deployment.loop_settings,
}


def environment(kind: Kind, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of this kind, built from nothing: what it may hold, and nothing beside."""
    names = (*FROM_SYSTEM[kind], *MAY_HOLD[kind])
    given = {name: environ[name] for name in names if environ.get(name)}
    if kind == "github":
        given.setdefault(PUBLIC_URL, own_url(environ))
    if kind == "loop":
        given |= {name: value for name, value in environ.items() if name.startswith("UV_") and value}
    return given


def problems(kind: Kind, environ: Mapping[str, str]) -> tuple[str, ...]:
    """All that is missing or wrong for a process of this kind, a line each; no line holds a secret."""
    try:
        READERS[kind](environment(kind, environ))
    except SettingsError as error:
        return error.problems
    return ()


def _public_url(reading: Reading) -> str:
    """As set, or this machine's own address."""
    return reading.url(PUBLIC_URL, own_url(reading.environ), ("https", "http"))


def own_url(environ: Mapping[str, str]) -> str:
    """Where the web process is reached from its own machine."""
    return f"http://{LOOPBACK}:{environ.get(PORT, '').strip() or DEFAULT_PORT}"
