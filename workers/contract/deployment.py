"""Settings of a deployment: the variables every process may read, and what the loop process is told.

A process reads its variables once, from the mapping it is handed; nobody else looks into the environment.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

T = TypeVar("T")

LEDGER_URL = "MENDLOOP_LEDGER_URL"
REDIS_URL = "MENDLOOP_REDIS_URL"
RUNS_DIR = "MENDLOOP_RUNS_DIR"
STATE_DIR = "MENDLOOP_STATE_DIR"
BROKER = "MENDLOOP_BROKER"
BROKER_SECRET = "MENDLOOP_BROKER_SECRET"  # noqa: S105  # the variable's name
GITHUB_URL = "MENDLOOP_GITHUB_URL"
LOOP_JOBS = "MENDLOOP_LOOP_JOBS"
LEASE_S = "MENDLOOP_LEASE_S"
BOX_HOSTS = "MENDLOOP_BOX_HOSTS"
BOX_CREDENTIALS = "MENDLOOP_BOX_CREDENTIALS"
DEFAULT_LEASE_S = 15.0
"""What a process that died held is taken over after this; one that lives says so three times as often."""

LOOP_VARIABLES = (
    *(LEDGER_URL, REDIS_URL, RUNS_DIR, STATE_DIR, BROKER, BROKER_SECRET, GITHUB_URL, LOOP_JOBS, LEASE_S),
    *(BOX_HOSTS, BOX_CREDENTIALS),
)
"""All that a loop process may be given: no key, no webhook secret."""

SECRET_CHARS = 16
"""A shorter secret is a guess away."""
SOCKET_BYTES = 107
"""A longer path is no name for a unix socket."""
PR_SET_DUMPABLE = 4


class SettingsError(ConfigError):
    """Theirs: variables are missing or wrong. One line; `problems` has a line for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(slots=True)
class Reading:
    """Variables being read. What is wrong is collected, so that all of it can be said at once; no value of a secret is."""

    environ: Mapping[str, str]
    problems: list[str] = field(default_factory=list[str])

    def text(self, name: str, default: str | None = None) -> str:
        """The variable without spaces around it; empty counts as unset. Without a default it has to be there."""
        value = self.environ.get(name, "").strip()
        if value:
            return value
        if default is None:
            return self.wrong(name, "is not set", "")
        return default

    def number(self, name: str, default: int | None, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        text = self.text(name, None if default is None else str(default))
        if not text:
            return low
        if not (text.isascii() and text.isdigit() and low <= int(text[:20]) <= high):
            return self.wrong(name, f"is {text!r}; expected a whole number from {low} to {high}", low)
        return int(text)

    def seconds(self, name: str, default: float) -> float:
        """A time that is not negative."""
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        # Not a number is neither below nor above anything.
        return value if 0 <= value <= 86_400 else self.wrong(name, f"is {text!r}; expected seconds", default)  # noqa: PLR2004  # a day

    def flag(self, name: str) -> bool:
        """True or false; unset is false."""
        text = self.text(name, "false").lower()
        if text in {"1", "true", "yes", "on"}:
            return True
        if text not in {"0", "false", "no", "off"}:
            self.wrong(name, f"is {text!r}; expected true or false", None)
        return False

    def url(self, name: str, default: str | None, schemes: tuple[str, ...]) -> str:
        """A URL with one of these schemes, without a slash at the end."""
        text = self.text(name, default).rstrip("/")
        if text and (split(text) is None or urlsplit(text).scheme not in schemes):
            return self.wrong(name, f"is not a URL that starts with {' or '.join(f'{s}:' for s in schemes)}", "")
        return text

    def socket(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """As `url`, or the path of a unix socket as `unix:///path`."""
        text = self.url(name, default, ("unix", *schemes))
        path = urlsplit(text).path
        if text.startswith("unix:") and not (path.startswith("/") and len(path.encode()) <= SOCKET_BYTES):
            short = f"give a shorter {STATE_DIR} or set {name}"
            return self.wrong(name, f"is no absolute path of at most {SOCKET_BYTES} bytes: {path}; {short}", "")
        return text

    def secret(self, name: str, default: str | None = None) -> str:
        """A secret that is long enough."""
        value = self.text(name, default)
        if value and len(value) < SECRET_CHARS:
            return self.wrong(name, f"has fewer than {SECRET_CHARS} characters", "")
        return value

    def folder(self, name: str, default: Path | None) -> Path:
        """An absolute path."""
        text = self.text(name, None if default is None else str(default))
        path = Path(text) if text else Path("/")
        return path if path.is_absolute() else self.wrong(name, f"is {text!r}; expected an absolute path", path)

    def wrong(self, name: str, what: str, instead: T) -> T:
        """Remember a problem and go on with `instead`."""
        self.problems.append(f"{name} {what}")
        return instead

    def done(self) -> None:
        """Refuse if anything was wrong.

        Raises:
            SettingsError: something was.
        """
        if self.problems:
            raise SettingsError(tuple(dict.fromkeys(self.problems)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What every process is told."""

    ledger_url: str = field(repr=False)
    """`sqlite:///path` or `postgresql://...`; it may hold a password."""
    redis_url: str = field(repr=False)
    """Where the bell is; it may hold a password."""
    runs: Path
    """The run store."""
    state: Path
    """The folder of everything that was given no other place."""
    github_url: str
    """GitHub's pages and repositories, without a slash at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings(Shared):
    """What the loop process is told. There is no key in it and no webhook secret."""

    broker: str
    """Where read tokens are asked for: `unix:///path` or `http://host:port`."""
    broker_secret: str = field(repr=False)
    """For `http`; empty for a unix socket."""
    jobs: int
    """How many jobs it works on at once."""
    lease_s: float
    """How long work is held without a sign of life."""


def loop_settings(environ: Mapping[str, str]) -> LoopSettings:
    """What the loop process is told by its variables.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    reading = Reading(environ)
    where = shared(reading)
    broker, secret = broker_of(reading, where.state)
    settings = LoopSettings(
        ledger_url=where.ledger_url,
        redis_url=where.redis_url,
        runs=where.runs,
        state=where.state,
        github_url=where.github_url,
        broker=broker,
        broker_secret=secret,
        jobs=reading.number(LOOP_JOBS, 1, 1, 64),
        lease_s=reading.number(LEASE_S, int(DEFAULT_LEASE_S), 1, 600),
    )
    reading.done()
    return settings


def shared(reading: Reading) -> Shared:
    """What every process is told; what was given no place of its own lies in the state folder."""
    state = reading.folder(STATE_DIR, default_state(reading.environ))
    return Shared(
        ledger_url=ledger_url(reading, state),
        redis_url=reading.socket(REDIS_URL, f"unix://{state / 'redis.sock'}", ("redis", "rediss")),
        runs=reading.folder(RUNS_DIR, state / "runs"),
        state=state,
        github_url=reading.url(GITHUB_URL, "https://github.com", ("https", "http")),
    )


def ledger_url(reading: Reading, state: Path) -> str:
    """The ledger's URL; an SQLite file in the state folder where none is given."""
    text = reading.text(LEDGER_URL, f"sqlite:///{state / 'ledger.sqlite3'}")
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
        return reading.wrong(LEDGER_URL, "starts with neither sqlite:/// nor postgresql://", "")
    return text


def broker_of(reading: Reading, state: Path, *, listen: str = "") -> tuple[str, str]:
    """Where the broker is, and the secret that a broker on the network asks for; `listen` names a variable that comes first."""
    name = listen if listen and reading.environ.get(listen, "").strip() else BROKER
    broker = reading.socket(name, f"unix://{state / 'broker.sock'}", ("http", "https"))
    needed = broker.startswith("http")
    return broker, reading.secret(BROKER_SECRET, None if needed else "")


def default_state(environ: Mapping[str, str]) -> Path | None:
    """Where state is kept if nothing is said; None without a home."""
    stated, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
    if stated.startswith("/"):
        return Path(stated) / "mendloop"
    return Path(home) / ".local" / "state" / "mendloop" if home.startswith("/") else None


def split(url: str) -> SplitResult | None:
    """The parts of a URL; None when it has none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def keep_private() -> None:
    """Hide this process's memory and environment from other processes of the same user. It does not hide them from root."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
