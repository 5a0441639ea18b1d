"""Everything a running App leaves where somebody could read it: watched while it runs, gathered when it has ended."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from tests.app.canary import Canaries, Sighting
    from tests.app.rig import Deployment
    from tests.fake_github.records import Repo

LOOK_S = 0.05
LONGEST_BYTES = 1 << 22
"""A longer file of a work folder is left for the end."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process as anybody on the machine can see it."""

    arguments: bytes
    environment: bytes | None
    """None where the kernel shows it to nobody of our user: the process keeps itself private (root sees it)."""

    @property
    def name(self) -> str:
        """Which of ours it is. A child that has not become another program yet still is its parent."""
        words = self.arguments.split(b"\0")
        for name, sign in (
            ("web", b"bot.web"),
            ("github", b"bot.tasks"),
            ("loop", b"workers.tasks"),
            ("serve", b"serve"),
        ):
            if sign in words:
                return name
        # The mark of the installer and of what it starts.
        program = words[0].rpartition(b"/")[2].decode(errors="replace")
        return "installer" if b"UV_CACHE_DIR=" in (self.environment or b"") else f"another, {program}"


@dataclass
class Watch:
    """Looks at every process, at the work folders and at all that goes through Redis, for as long as the block lasts."""

    state: Path
    processes: set[Process] = field(default_factory=set[Process])
    files: dict[tuple[str, int, int], bytes] = field(default_factory=dict[tuple[str, int, int], bytes])
    redis: bytearray = field(default_factory=bytearray)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __enter__(self) -> Self:
        # `serve` starts Redis before anything that would ring.
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._look, self._listen)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _look(self) -> None:
        known: dict[str, bytes] = {}
        while not self._over.wait(LOOK_S):
            self.processes |= set(_processes(known))
            for folder, _, names in os.walk(self.state / "work"):
                for name in names:
                    self._keep(Path(folder, name))

    def _keep(self, path: Path) -> None:
        with suppress(OSError):
            now = path.lstat()
            known = (str(path), now.st_mtime_ns, now.st_size)
            # Never a pipe: reading one would take from who waits at its other end.
            if path.is_file() and not path.is_symlink() and known not in self.files and now.st_size < LONGEST_BYTES:
                self.files[known] = path.read_bytes()

    def _listen(self) -> None:
        """Every command that Redis is given, as Redis itself tells it."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as redis:
            redis.settimeout(0.2)
            redis.connect(str(self.state / "redis.sock"))
            redis.sendall(b"MONITOR\r\n")
            while not self._over.is_set():
                with suppress(TimeoutError):
                    self.redis += redis.recv(1 << 16)


@dataclass(frozen=True, slots=True)
class Traces:
    """What was gathered: a place's name -> all its bytes; and the processes there were."""

    places: Mapping[str, bytes]
    processes: frozenset[Process]

    def sightings(self, canaries: Canaries, *, holders: frozenset[str] = frozenset()) -> list[Sighting]:
        """Where any of the canaries is, but in `holders`: names of places and of processes."""
        found = [s for place, raw in self.places.items() if place not in holders for s in canaries.seen(raw, place)]
        for process in self.processes:
            if process.name not in holders:
                for part, raw in (("arguments", process.arguments), ("environment", process.environment)):
                    found += canaries.seen(raw or b"", f"{part} of {process.name}", layers=0)
        return found

    @property
    def private(self) -> frozenset[str]:
        """Names of processes of which nobody of our user sees the environment."""
        return frozenset(process.name for process in self.processes if process.environment is None)


def gather(app: Deployment, watch: Watch, *pages: str) -> Traces:
    """All of it; `pages` are the texts of run pages."""
    home = app.state.parent
    places = {f"~/{path.relative_to(home)}": path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}
    places["ledger, as rows"] = _rows(app.state / "ledger.sqlite3")
    places["work folders, while they were there"] = b"\0".join(watch.files.values())
    places["redis, all commands"] = bytes(watch.redis)
    places["pages"] = "\n".join(pages).encode()
    places |= dict(_github(app))
    return Traces(places, frozenset(watch.processes | set(_processes({}))))


def _rows(ledger: Path) -> bytes:
    with closing(sqlite3.connect(ledger)) as connection:
        return "\n".join(connection.iterdump()).encode()


def _github(app: Deployment) -> Iterator[tuple[str, bytes]]:
    """What was sent to GitHub, what it keeps, and every object of its repositories."""
    sent = [[line.method, line.path, line.query, line.body] for line in app.hub.audit]
    yield "github, all calls", json.dumps(sent, default=str).encode()
    for repository in app.hub.world.repos.values():
        yield f"github, {repository.full_name}", "\n".join(map(str, _shown(repository))).encode()
        everything = ["git", "cat-file", "--batch-all-objects", "--batch"]
        done = subprocess.run(everything, cwd=repository.git.path, check=True, capture_output=True)
        yield f"git, {repository.full_name}", done.stdout


def _shown(repository: Repo) -> Iterator[object]:
    """What people read in a repository besides its files."""
    for issue in repository.issues.values():
        yield from (issue.title, issue.body, [label.name for label in issue.labels])
    for comment in repository.comments.values():
        yield comment.body
    for run in repository.runs.values():
        yield from (run.name, run.external_id, run.details_url, run.title, run.summary, run.text)
        yield from (run.annotations, run.actions)


def _processes(known: dict[str, bytes]) -> Iterator[Process]:
    """Those that became another program since they were last looked at."""
    for folder in Path("/proc").glob("[0-9]*"):
        pid = folder.name
        with suppress(OSError):
            arguments = (folder / "cmdline").read_bytes()
            if known.get(pid) == arguments:
                continue
            environment = _environment(folder)
            # Whoever becomes another program in between is looked at again the next time.
            if arguments == (folder / "cmdline").read_bytes():
                known[pid] = arguments
                yield Process(arguments, environment)


def _environment(process: Path) -> bytes | None:
    """Raises OSError when the process is gone."""
    try:
        return (process / "environ").read_bytes()
    except PermissionError:
        # Other users' processes are closed to us as well; those are not meant.
        if f"\nUid:\t{os.geteuid()}\t" not in (process / "status").read_text():
            raise
        return None
