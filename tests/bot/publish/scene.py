"""A repository on the fake GitHub, a ledger, and runs as the loop would have left them: what publishing starts from."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bot import lifecycle, publish
from bot.app import App
from bot.app_auth import keys_of
from bot.github import Clock, Pace, connect
from bot.grouping import branch_name, key
from bot.publications import Publication, of_repository
from bot.publish import SEAMS
from tests.fake_github import Hub
from tests.fake_github.git import Entry, Signature
from workers.contract import messages, runs
from workers.contract.bell import Bell
from workers.contract.domain import (
    Artifact,
    BaseEvidence,
    Case,
    Cause,
    CellError,
    CellRun,
    Execution,
    Finding,
    Fresh,
    Improved,
    IssueType,
    Outcome,
    Place,
    Provenance,
    Record,
    Repair,
    Repaired,
    Report,
    Run,
    Rung,
    Severity,
    Staleness,
    StopReason,
    Validation,
    finding_id,
)
from workers.contract.job import Aim, Job, Trigger
from workers.contract.ledger import Ledger, open_ledger, tables
from workers.contract.paths import write_atomically
from workers.contract.redact import redactor
from workers.contract.report import Delivery

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from bot.github import GitHub
    from bot.publishing.work import Seams
    from tests.fake_github import Installation, Person, Repository

LEASE_S = 60.0
PROVENANCE = Provenance(
    version="1.2.3", python="3.11.7", environment="e" * 64, configuration="c" * 64, rules="a" * 64,
    sandbox="bubblewrap", as_of="2026-11-20",
)  # fmt: skip
FAILED = Execution(
    status="failed",
    cells=(
        CellRun(
            cell=0,
            status="error",
            error=CellError(name="AttributeError", message="no attribute 'bool'", traceback="…", line=1),
        ),
    ),
)
PASSED = Execution(status="passed", cells=(CellRun(cell=0, status="ok", seconds=0.5),))


def notebook(*sources: str) -> bytes:
    """A notebook of code cells; a source that starts with `#:` is prose."""
    cells = [_cell(index, source) for index, source in enumerate(sources)]
    content: dict[str, Any] = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1).encode() + b"\n"


def _cell(index: int, source: str) -> dict[str, Any]:
    if source.startswith("#:"):
        return {"cell_type": "markdown", "id": f"c{index}", "metadata": {}, "source": [source[2:]]}
    code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
    return code | {"id": f"c{index}", "metadata": {}, "source": [source]}


STALE, MENDED = notebook("x = np.bool"), notebook("x = bool")


@dataclass(frozen=True, kw_only=True)
class Mended:
    """One artifact of a run: what it was and what the loop delivers."""

    path: str = "a.ipynb"
    before: bytes = STALE
    after: bytes = MENDED
    rules: tuple[str, ...] = ("numpy/bool",)
    left: tuple[str, ...] = ()
    """Rules of findings that remain."""
    fresh: bool = False
    passed: bool = True
    reason: StopReason = StopReason.NEEDS_HUMAN
    """Why the loop stopped, where something is left."""
    kept: tuple[int, ...] = ()
    """Edited cells that print something else than they store."""
    changes: tuple[str, ...] = ("`np.bool` to `bool`",)

    def finding(self, rule: str) -> Finding:
        return Finding(
            id=finding_id(rule, "np.bool"),
            artifact=self.path,
            place=Place(cell=0),
            issue_type=IssueType.DEPRECATED_API,
            severity=Severity.HIGH,
            staleness=Staleness.BROKEN,
            rung=Rung.E5,
            cause=Cause.CODE,
            rule=rule,
            message="`np.bool` is gone",
        )

    def report(self) -> Report:
        artifact = Artifact(path=self.path, kind="notebook", digest=hashlib.sha256(self.before).hexdigest())
        if self.fresh:
            return Report(artifact=artifact, outcome=Fresh(), base=BaseEvidence(first=PASSED))
        found, left = [tuple(map(self.finding, names)) for names in (self.rules, self.left)]
        validation = Validation(
            cases=(Case(name="execution", passed=self.passed, veto=not self.passed),), head=PASSED, remaining=left
        )
        record = Record(
            iteration=1,
            review=found,
            repair=Repair(edits=(), by="rules", changes_made=self.changes, findings=tuple(each.id for each in found)),
            validation=validation,
            updated=hashlib.sha256(self.after).hexdigest(),
        )
        outcome: Outcome = Repaired(iteration=1)
        if left:
            outcome = Improved(iteration=1, remaining=left, reason=self.reason)
        base = BaseEvidence(first=FAILED)
        return Report(artifact=artifact, outcome=outcome, findings=(*found, *left), base=base, records=(record,))


@dataclass
class Time:
    """The ledger's clock; it goes when it is told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class Scene:
    """Everything at hand."""

    hub: Hub
    app: App
    repo: Repository
    installation: Installation
    ada: Person
    time: Time
    made: int = 0
    seams: Seams = field(default=SEAMS)

    @property
    def ledger(self) -> Ledger:
        return self.app.ledger

    # What the loop leaves

    async def ran(self, *mended: Mended, sha: str | None = None, config: str = "", **job: Any) -> int:
        """A job that ran at the head of its branch, with these artifacts in its run; its id."""
        branch = job.get("branch", self.repo.default_branch)
        values: dict[str, Any] = {"lane": branch, "branch": branch, "trigger": Trigger.PUSH, "aim": Aim.PROPOSE}
        wanted = Job(
            id=0,
            installation_id=self.installation.id,
            repository_id=self.repo.id,
            repository=self.repo.full_name,
            sha=sha or self.repo.head(branch),
            configuration=config,
            **values | job,
        )
        run_id = self.keep_run(mended)
        return await self.enlist(wanted, state="ran", run_id=run_id, check_state="intended")

    def keep_run(self, mended: tuple[Mended, ...]) -> str:
        """The folder of a run as the loop leaves it; the run's id."""
        self.made += 1
        run_id = f"20261120T0815{self.made % 60:02d}Z-run-{self.made:04d}"
        folder = self.app.runs / run_id
        reports = tuple(each.report() for each in mended)
        for each in mended:
            place = runs.record_folder(folder, 1, each.path)
            place.mkdir(parents=True, exist_ok=True)
            write_atomically(place / each.path.rpartition("/")[2], each.after)
        (folder / "deliverable").mkdir(parents=True, exist_ok=True)
        (folder / "deliverable" / "patch.diff").write_bytes(b"the patch")
        left = {each.path: Delivery(outputs_kept=each.kept) for each in mended}
        (folder / runs.DELIVERIES).write_bytes(runs.deliveries_json(left))
        run = Run(id=run_id, started="2026-11-20T08:15:00+00:00", reports=reports, provenance=PROVENANCE, seconds=2.0)
        write_atomically(folder / "run.json", messages.encode(messages.run_to_json(run)))
        return run_id

    async def enlist(self, job: Job, **values: Any) -> int:
        common = {"installation_id": job.installation_id, "repository_id": job.repository_id, "lane": job.lane}
        row = common | {"job": "{}", "created_at": self.time.now, "updated_at": self.time.now} | values
        async with self.ledger.write() as connection:
            made = await connection.execute(insert(tables.jobs).values(**row).returning(tables.jobs.c.id))
            number = made.scalar_one()
            text = json.dumps(messages.job_to_json(replace(job, id=number)))
            await connection.execute(update(tables.jobs).where(tables.jobs.c.id == number).values(job=text))
        return number

    async def asked(
        self, job: int, by: Person, *, number: int | None = None, comment_id: int | None = None, **arguments: Any
    ) -> int:
        """A request of a person that the job answers."""
        row = {
            "work_key": f"comment:{job}", "job_id": job, "installation_id": self.installation.id,
            "repository_id": self.repo.id, "trigger": "command", "actor_id": by.id, "actor": by.login,
            "number": number, "comment_id": comment_id, "comment_kind": "issue", "state": "attached",
            "created_at": self.time.now, "arguments": json.dumps(arguments),
        }  # fmt: skip
        async with self.ledger.write() as connection:
            made = await connection.execute(insert(tables.requests).values(**row).returning(tables.requests.c.id))
            return made.scalar_one()

    # What our process does

    async def publish(self, owner: str = "github-1") -> bool:
        """Claim what ran and publish it; False when nothing waits."""
        claim = await self.ledger.claim(tables.jobs, ("ran",), owner, lease_s=LEASE_S)
        if claim is None:
            return False
        await publish.handle(self.app, claim, self.seams)
        return True

    async def settle(self, turns: int = 40) -> None:
        """Publish and look until nothing is left to do now; time passes where somebody waits."""
        for _ in range(turns):
            while await self.publish():
                pass
            await lifecycle.look(self.app)
            if not await self.unfinished() and not await self.restless():
                return
            self.time.now += 61

    async def unfinished(self) -> int:
        return sum(row["state"] == "ran" for row in await self.rows(tables.jobs))

    async def restless(self) -> int:
        return sum(each.look_at <= self.time.now + 120 for each in await self.publications())

    async def look(self) -> None:
        """As a webhook makes it: every publication is looked at now."""
        async with self.ledger.write() as connection:
            await connection.execute(update(tables.publications).values(look_at=0.0))
        await lifecycle.look(self.app)

    async def rows(self, table: Any) -> list[Mapping[str, Any]]:
        async with self.ledger.read() as connection:
            return [dict(row) for row in (await connection.execute(select(table).order_by(table.c.id))).mappings()]

    async def publications(self) -> tuple[Publication, ...]:
        return await of_repository(self.ledger, self.repo.id)

    async def rows_of_jobs(self) -> list[Mapping[str, Any]]:
        return await self.rows(tables.jobs)

    async def rows_of_requests(self) -> list[Mapping[str, Any]]:
        return await self.rows(tables.requests)

    def job_of(self, row: Mapping[str, Any]) -> Job:
        return messages.job_from_json(row["job"].encode())

    def branch(self, generation: int = 1) -> str:
        """The name that our branch for `numpy` has."""
        return branch_name("numpy", str(self.repo.id), "main", key("cause", ".", "numpy"), str(generation))

    def be_dry(self) -> None:
        self.app = replace(self.app, dry_run=True)

    async def do(self, what: str, number: int) -> int:
        """A person's word to the publisher itself, as dispatch writes it down, and what comes of it."""
        pull = self.repo.pull(number).look()
        job = Job(
            id=0, installation_id=self.installation.id, repository_id=self.repo.id, repository=self.repo.full_name,
            lane="main", branch=pull["head"]["ref"], sha=pull["head"]["sha"], trigger=Trigger.COMMAND,
            aim=Aim.PROPOSE, pull_request=number,
        )  # fmt: skip
        made = await self.enlist(job, state="ran", progress=json.dumps({"do": what}))
        await self.asked(made, self.ada, number=number)
        await self.settle()
        return made

    async def stop(self, job: int) -> None:
        async with self.ledger.write() as connection:
            await connection.execute(update(tables.jobs).where(tables.jobs.c.id == job).values(stop=True))

    async def job(self, number: int) -> Mapping[str, Any]:
        return next(row for row in await self.rows(tables.jobs) if row["id"] == number)

    # What stands on GitHub

    def commit_with_mode(self, mode: str, path: str) -> str:
        """A commit on the base in which a file has another mode."""
        git, head = self.repo.git, self.repo.head("main")
        sha = head if mode == "160000" else git.blob(STALE)
        kind = "commit" if mode == "160000" else "blob"
        by = Signature(name="Ada", email="ada@example.org", at=1_700_000_000)
        tree = git.write_tree(head, [Entry(path, sha, mode=mode, kind=kind)])
        return git.write_commit(tree, [head], "Change the mode", by, by)

    def branches_of_ours(self) -> dict[str, str]:
        return {name: tip for name, tip in self.repo.branches().items() if name.startswith("mendloop/")}

    def writes(self) -> list[str]:
        """Calls that were meant to change something, besides check runs and tokens."""
        lines = [
            line
            for line in self.hub.audit
            if line.writes and "/installation" not in line.path and "/access_tokens" not in line.path
        ]
        return [f"{line.method} {line.path}" for line in lines if "/check-runs" not in line.path]


FILES = {"a.ipynb": STALE, "docs/b.ipynb": notebook("y = np.int"), "README.md": b"Read me\n"}
CONFIG = "mode: pr\n"


@asynccontextmanager
async def scene(
    folder: Path, files: Mapping[str, bytes] | None = None, seams: Seams = SEAMS, url: str = ""
) -> AsyncGenerator[Scene]:
    """A scene of its own, until the block ends."""
    time = Time()
    async with Hub.serve() as hub:
        installation = hub.install("octo-org")
        repo = hub.repository("octo-org/demo", files=dict(files or FILES), installation=installation)
        ada = hub.user("ada")
        hub.permit(repo, ada, "write")
        ledger = await open_ledger(url or f"sqlite:///{folder}/ledger.db", clock=time, create=True)
        await known(ledger, installation, repo)
        async with github(hub.api_url, hub.app.id, hub.app.private_key_pem) as client:
            app = make_app(ledger, client, folder, hub.app.id, hub.app.slug)
            hand = Scene(hub=hub, app=app, repo=repo, installation=installation, ada=ada, time=time, seams=seams)
            try:
                yield hand
            finally:
                await ledger.close()


def github(api_url: str, app_id: int, pem: str) -> Any:
    """The client, without waiting between calls or between tries."""
    keys = keys_of(pem)
    pace = Pace(gap_s=0.0, per_minute=100_000, per_hour=1_000_000)
    clock = Clock(sleep=lambda _s: asyncio.sleep(0))
    return connect(api_url=api_url, app_id=app_id, keys=lambda: keys, pace=pace, clock=clock)


def make_app(ledger: Ledger, client: GitHub, folder: Path, app_id: int, slug: str) -> App:
    (folder / "runs").mkdir(exist_ok=True)
    return App(
        ledger=ledger,
        github=client,
        bell=Bell(url=f"unix://{folder}/nobody.sock"),
        runs=folder / "runs",
        redactor=redactor({}),
        app_id=app_id,
        slug=slug,
        public_url="https://mendloop.example.org",
    )


async def known(ledger: Ledger, installation: Installation, repo: Repository) -> None:
    async with ledger.write() as connection:
        await connection.execute(
            insert(tables.installations).values(id=installation.id, account="octo-org", updated_at=0.0)
        )
        await connection.execute(
            insert(tables.repositories).values(
                id=repo.id, installation_id=installation.id, full_name=repo.full_name, updated_at=0.0
            )
        )
