"""The App under a rain of faults, and what has to be the same afterwards as without them."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import json
import os
import re
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import or_, select

from bot import serving
from bot.publishing import dressing
from bot.settings import web_settings
from bot.supervisor import Program, supervise
from tests.app.rig import Deployment, deployed, until
from tests.builders import notebook
from workers.contract.ledger import open_ledger, tables
from workers.contract.phases import KILL_VARIABLE
from workers.sandbox.tree import below

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.fake_github import Person, Repository
    from workers.contract.ledger import Ledger

STALE = notebook("import collections", "print(collections.Mapping)").raw
OTHER = notebook("import inspect", "def f(a): pass", "print(inspect.getargspec(f))").raw
FRESH = notebook("print(1)").raw
CONFIGURATION = b"github: {sweep: {every: never}, commands_per_hour: 100}\n"
PATIENCE_S = 120.0
QUIET_S = 0.7
_VOLATILE = re.compile(
    r"\d{8}T\d{6}Z-[a-z0-9-]+|[0-9a-f]{40}|[0-9a-f]{64}|https?://\S+|\b\d+(\.\d+)? s\b|\d{4}-\d\d-\d\dT[0-9:.]+Z|\bjob-\d+"
    # Midnight may lie between two stories.
    r"|by the date \d{4}-\d\d-\d\d"
)


@dataclass(slots=True)
class Chaos:
    """A deployment whose processes can be killed at a named boundary, and come back at once."""

    app: Deployment
    told: Path
    programs: dict[str, Program] = field(default_factory=dict[str, Program])

    @asynccontextmanager
    async def dying_at(self, phase: str) -> AsyncGenerator[None]:
        """Whoever comes to the boundary dies there; at the end that has happened."""
        self.told.write_text(phase)
        try:
            yield
            await until(lambda: not self.told.exists(), what=f"somebody dies at {phase}", told=self.app.tail)
        finally:
            self.told.unlink(missing_ok=True)

    @asynccontextmanager
    async def running(self, *names: str) -> AsyncGenerator[None]:
        """These processes run, and are started again the moment they die."""
        stop, ready = asyncio.Event(), asyncio.Event()
        programs = [self.programs[name] for name in names]
        keeping = asyncio.create_task(
            supervise(programs, stop, grace_s=10.0, pauses_s=(0.01, 0.05), on_ready=ready.set)
        )
        try:
            await asyncio.wait_for(ready.wait(), PATIENCE_S)
            yield
        finally:
            stop.set()
            await keeping

    def pid(self, kind: Literal["web", "github", "loop"]) -> int:
        """Of the process of this kind."""
        command = [word.encode() for word in serving.command(kind)]
        # By its words alone: nobody of our own user sees what it was started with.
        found = [pid for pid in below(os.getpid()) if _read(Path(f"/proc/{pid}/cmdline")).split(b"\0")[:-1] == command]
        # A child that has not become another program yet goes by its parent's words.
        (first,) = set(found) - {child for pid in found for child in below(pid)}
        return first

    def redis(self) -> int:
        """Number of the Redis process."""
        ours = f"{self.app.state}/redis.sock".encode()
        (found,) = [
            path.parent
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if b"redis-server" in (line := _read(path)) and ours in line
        ]
        return int(found.name)


def _read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


@asynccontextmanager
async def chaotic(folder: Path, cache: Path, *start: str, **variables: str) -> AsyncGenerator[Chaos]:
    """The processes of `serve`, or those that are named alone."""
    quick = {"MENDLOOP_RECONCILE_S": "1", "MENDLOOP_LEASE_S": "3"}
    async with deployed(folder, cache=cache, start=False, variables=quick | variables) as app:
        app.log = app.state / "serve.log"
        app.log.touch()
        settings = web_settings(app.environ)
        settings.runs.mkdir(exist_ok=True)
        await serving.migrate(settings.ledger_url)
        told = folder / "kill-at"
        programs = {each.name: _killable(each, told, app) for each in serving.programs(app.environ, settings)}
        chaos = Chaos(app, told, programs)
        async with chaos.running(*(start or programs)):
            yield chaos


@asynccontextmanager
async def beside(chaos: Chaos, kind: Literal["github", "loop"]) -> AsyncGenerator[None]:
    """Another process of the same kind, as on a second machine."""
    program = chaos.programs[kind]
    broker = {"MENDLOOP_BROKER": f"unix://{chaos.app.state}/other.sock"} if kind == "github" else {}
    environment = {**program.environment, **broker}
    process = await asyncio.create_subprocess_exec(
        *program.command, env=environment, cwd=program.folder, start_new_session=True
    )
    try:
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_S)


def _killable(program: Program, told: Path, app: Deployment) -> Program:
    """The same program, which dies where the file says, and whose log is kept."""
    return Program(
        name=program.name,
        command=("/bin/sh", "-c", f'exec "$@" >>{app.log} 2>&1', "sh", *program.command),
        environment={**program.environment, KILL_VARIABLE: f"@{told}"},
        folder=program.folder,
        ready=program.ready,
    )


@dataclass(slots=True)
class Story:
    """What happens in one repository: a stale push, a fresh one, a pull request, a command."""

    repository: Repository
    ada: Person
    number: int = 0

    @classmethod
    def begin(cls, app: Deployment, owner: str) -> Story:
        """The repository, with the App installed."""
        installation = app.hub.install(owner)
        repository = app.hub.repository(
            f"{owner}/demo", files={".github/mendloop.yml": CONFIGURATION, "b.ipynb": FRESH}, installation=installation
        )
        ada = app.hub.user("ada")
        app.hub.permit(repository, ada, "write")
        return cls(repository, ada)

    def push(self) -> None:
        """A stale notebook on the default branch."""
        self.repository.push("main", {"a.ipynb": STALE}, by=self.ada)

    def offer(self) -> None:
        """A pull request with another stale notebook."""
        self.repository.push("feature", {"c.ipynb": OTHER}, by=self.ada)
        pull = self.repository.open_pull(head="feature", base="main", by=self.ada)
        self.number = pull.number

    def ask(self) -> None:
        """The wish to have the pull request repaired."""
        self.repository.comment(self.number, "/repair", by=self.ada)


async def settled(app: Deployment, *, within_s: float = PATIENCE_S) -> None:
    """Wait until nobody has anything to do any more: in the ledger, and with check runs."""
    ledger = await open_ledger(f"sqlite:///{app.state}/ledger.sqlite3")
    try:
        quiet_since = time.monotonic()

        async def quiet() -> bool:
            nonlocal quiet_since
            if await _busy(ledger) or await _under_way(app, ledger):
                quiet_since = time.monotonic()
            return time.monotonic() - quiet_since > QUIET_S

        await until(quiet, within_s=within_s, what="everything is settled", told=app.tail)
    finally:
        await ledger.close()


async def _under_way(app: Deployment, ledger: Ledger) -> bool:
    """Whether GitHub has a delivery that we have not."""
    attempts = list(app.hub.webhooks.deliveries)
    arrived = {each.guid for each in attempts if 200 <= each.status_code < 300}
    lacking = {each.guid for each in attempts} - arrived
    if not lacking:
        return False
    async with ledger.read() as connection:
        stored = set((await connection.execute(select(tables.deliveries.c.guid))).scalars())
    return not lacking <= stored


async def _busy(ledger: Ledger) -> bool:
    open_states = {tables.deliveries: ("stored",), tables.requests: ("new", "attached"), tables.jobs: ("ready", "ran")}
    async with ledger.read() as connection:
        for table, states in open_states.items():
            found = await connection.execute(select(table.c.id).where(table.c.state.in_(states)).limit(1))
            if found.first() is not None:
                return True
        checks = select(tables.jobs.c.id).where(tables.jobs.c.check_state.in_(("intended", "open")))
        rows = tables.publications.c
        due = select(rows.id).where(or_(rows.look_at <= ledger.clock(), rows.told.contains(dressing.OWED)))
        return any([(await connection.execute(of.limit(1))).first() is not None for of in (checks, due)])


def state(repository: Repository) -> dict[str, Any]:
    """All that people can see of a repository, without what differs from run to run (times, hashes, run ids)."""
    pulls = sorted(repository.pulls(), key=lambda pull: (pull["base"]["ref"], pull["head"]["ref"]))
    numbers = {f"#{pull['number']}": f"#<{_branch(pull['head']['ref'])}>" for pull in pulls}
    return {
        "branches": sorted(map(_branch, repository.branches())),
        "pulls": [_pull(repository, pull, numbers) for pull in pulls],
        "checks": sorted(_checks(repository, numbers)),
    }


def _pull(repository: Repository, pull: dict[str, Any], numbers: dict[str, str]) -> dict[str, Any]:
    head, base = pull["head"]["ref"], pull["base"]["ref"]
    return {
        "head": _branch(head),
        "base": _branch(base),
        "state": pull["state"],
        "draft": pull["draft"],
        "title": pull["title"],
        "body": _plain(pull["body"] or "", numbers),
        "labels": sorted(label["name"] for label in pull["labels"]),
        "commits": pull["commits"]
        if "commits" in pull
        else len(repository.commits(head)) - len(repository.commits(base)),
        "files": _artifacts(repository, head),
        "comments": sorted(_plain(comment["body"], numbers) for comment in repository.comments(pull["number"])),
        "reactions": sorted(
            reaction["content"]
            for comment in repository.comments(pull["number"])
            for reaction in repository.reactions(comment["id"])
        ),
    }


def _branch(name: str) -> str:
    """A branch of ours without its key, which is made of the repository's number."""
    return re.sub(r"^(mendloop/.*)-[0-9a-f]{8}$", r"\1", name)


def _artifacts(repository: Repository, ref: str) -> dict[str, str]:
    found = {path: repository.file(ref, path) for path in ("a.ipynb", "b.ipynb", "c.ipynb")}
    return {path: hashlib.sha256(raw).hexdigest() for path, raw in found.items() if raw is not None}


def _checks(repository: Repository, numbers: dict[str, str]) -> list[str]:
    shas = {repository.head(branch) for branch in repository.branches()}
    shas |= {commit["sha"] for branch in repository.branches() for commit in repository.commits(branch)}
    seen: dict[int, dict[str, Any]] = {check["id"]: check for sha in shas for check in repository.check_runs(sha)}
    return [
        json.dumps(
            [check["name"], check["status"], check["conclusion"], _plain(check["output"]["title"] or "", numbers)]
        )
        for check in seen.values()
    ]


def _plain(text: str, numbers: dict[str, str]) -> str:
    text = re.sub(r"<!--.*?-->", "<!-- -->", text, flags=re.DOTALL)
    for number, name in numbers.items():
        text = re.sub(rf"{number}\b", name, text)
    text = _VOLATILE.sub("…", text)
    # Seconds in tables.
    return re.sub(r"\b\d+\.\d+\b", "…", re.sub(r"`[0-9a-f]{12}`", "`…`", text))


def differences(seen: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """What differs, line by line; nothing where they are the same."""
    before, after = (_lines(each) for each in (expected, seen))
    return list(difflib.unified_diff(before, after, "expected", "seen", lineterm="", n=1))


def _lines(state: dict[str, Any]) -> list[str]:
    """A text of many lines as many lines: otherwise a difference would show a whole body, and nobody would see it."""
    return json.dumps(state, indent=1, sort_keys=True).replace("\\n", "\n").splitlines()


def assert_same(seen: dict[str, Any], expected: dict[str, Any]) -> None:
    """Raise AssertionError with the lines that differ."""
    found = differences(seen, expected)
    assert not found, "\n".join(found)
