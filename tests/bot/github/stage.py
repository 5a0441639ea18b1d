"""The github process's parts on a fake GitHub: a repository with a configuration, and the people round it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bot import dispatch
from bot.app import App
from bot.app_auth import keys_of
from bot.github import Clock, Pace, connect
from tests.fake_github import Hub
from workers.contract import messages
from workers.contract.bell import Bell
from workers.contract.ledger import open_ledger, tables
from workers.contract.redact import redactor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.fake_github import Installation, Person, PullRequest, Repository, Said
    from workers.contract.job import Job
    from workers.contract.ledger import Claim, Ledger

NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n'
CONFIG = ".github/mendloop.yml"
OWNER = "github-1"


@dataclass(kw_only=True)
class Stage:
    hub: Hub
    app: App
    installation: Installation
    repo: Repository
    ada: Person
    """May write."""
    eve: Person
    """May only read."""
    asked: int = field(default=0)

    async def remember(self) -> None:
        """The installation and the repository as the deliveries keep them."""
        now = self.app.ledger.clock()
        host = {"id": self.installation.id, "account": "octo-org", "updated_at": now}
        repository = {"id": self.repo.id, "installation_id": self.installation.id, "full_name": "octo-org/demo"}
        async with self.app.ledger.write() as connection:
            await connection.execute(insert(tables.installations).values(**host))
            await connection.execute(
                insert(tables.repositories).values(**repository, default_branch="main", updated_at=now)
            )

    def config(self, text: str) -> str:
        """The owner changes the configuration; the commit."""
        return self.repo.push("main", {CONFIG: text.encode()})

    def pull(self, branch: str = "feature", **options: Any) -> PullRequest:
        """A pull request that changes a notebook."""
        self.repo.push(branch, {"new.ipynb": NOTEBOOK + b" ", "notes.txt": b"a"}, by=self.ada)
        return self.repo.open_pull(branch, by=self.ada, **options)

    async def publish(self, pull: PullRequest) -> None:
        """From now on the pull request is one of ours."""
        now = self.app.ledger.clock()
        values = {"repository_id": self.repo.id, "base": "main", "problem": "p", "job_id": 1, "branch": "feature"}
        async with self.app.ledger.write() as connection:
            made = insert(tables.publications).values(
                **values, state="open", number=pull.number, created_at=now, updated_at=now
            )
            await connection.execute(made)

    async def request(self, **columns: Any) -> int:
        """A request as the deliveries make it."""
        self.asked += 1
        arguments = columns.pop("arguments", {})
        values: dict[str, Any] = {
            "work_key": f"test:{self.asked}",
            "installation_id": self.installation.id,
            "repository_id": self.repo.id,
            "actor_id": self.ada.id,
            "actor": self.ada.login,
            "created_at": self.app.ledger.clock(),
            "arguments": json.dumps(arguments),
        }
        async with self.app.ledger.write() as connection:
            made = await connection.execute(
                insert(tables.requests).values(**values | columns).returning(tables.requests.c.id)
            )
            return int(made.scalar_one())

    async def push(self, sha: str, *paths: str, **columns: Any) -> dict[str, Any]:
        made = await self.request(trigger="push", branch="main", sha=sha, arguments={"paths": list(paths)}, **columns)
        return await self.dispatch(made)

    async def pull_request(self, pull: PullRequest, **columns: Any) -> dict[str, Any]:
        head = pull.look()["head"]["sha"]
        made = await self.request(**{"trigger": "pull_request", "number": pull.number, "sha": head} | columns)
        return await self.dispatch(made)

    async def command(self, said: Said, verb: str = "repair", *, pull: bool = True, **columns: Any) -> dict[str, Any]:
        """What a comment asks for, worked on; the row of the request afterwards."""
        arguments = {"paths": [], "pull": pull} | columns.pop("arguments", {})
        made = await self.request(
            **{
                "trigger": "command",
                "verb": verb,
                "number": said.state.number,
                "comment_id": said.id,
                "comment_kind": "issue",
                "actor_id": said.by.id,
                "actor": said.by.login,
                "arguments": arguments,
            }
            | columns
        )
        return await self.dispatch(made)

    async def command_row(self, said: Said, verb: str, columns: dict[str, Any]) -> int:
        """A command, not yet worked on."""
        arguments = json.loads(columns.get("arguments", "{}"))
        by = {"actor_id": said.by.id, "actor": said.by.login, "comment_id": said.id}
        return await self.request(**columns | by | {"trigger": "command", "verb": verb, "arguments": arguments})

    async def dispatch_all(self) -> None:
        """Work on all new requests at once."""
        claims = [
            await self.app.ledger.claim(tables.requests, ("new",), OWNER, lease_s=60)
            for _ in await self.rows("requests")
        ]
        await asyncio.gather(*(dispatch.handle(self.app, claim) for claim in claims if claim is not None))

    async def dispatch(self, request_id: int) -> dict[str, Any]:
        """Work on the one request that is new."""
        async with self.app.ledger.write() as connection:
            mine = tables.requests.c.id == request_id
            await connection.execute(update(tables.requests).where(mine).values(not_before=0))
        claim = await self.app.ledger.claim(tables.requests, ("new",), OWNER, lease_s=60)
        assert claim is not None
        assert claim.id == request_id
        await dispatch.handle(self.app, claim)
        return await self.row("requests", request_id)

    async def row(self, table: str, row_id: int) -> dict[str, Any]:
        found = tables.metadata.tables[table]
        async with self.app.ledger.read() as connection:
            return dict((await connection.execute(select(found).where(found.c.id == row_id))).mappings().one())

    async def rows(self, table: str) -> list[dict[str, Any]]:
        found = tables.metadata.tables[table]
        async with self.app.ledger.read() as connection:
            return [dict(row) for row in (await connection.execute(select(found))).mappings()]

    async def jobs(self) -> list[Job]:
        rows = sorted(await self.rows("jobs"), key=lambda row: row["id"])
        return [messages.job_from_json(row["job"].encode()) for row in rows]

    async def set_job(self, job_id: int, **values: Any) -> None:
        async with self.app.ledger.write() as connection:
            await connection.execute(update(tables.jobs).where(tables.jobs.c.id == job_id).values(**values))

    async def begin_all(self) -> None:
        """Somebody works on every job."""
        busy = {"lease_owner": "loop-1", "lease_until": self.app.ledger.clock() + 600}
        async with self.app.ledger.write() as connection:
            await connection.execute(update(tables.jobs).values(**busy))

    async def claim_job(self, owner: str = "loop-1") -> Claim:
        claim = await self.app.ledger.claim(tables.jobs, ("ready",), owner, lease_s=60)
        assert claim is not None
        return claim

    def reactions(self, said: Said) -> list[str]:
        return sorted(reaction["content"] for reaction in self.repo.reactions(said.id))

    def ours(self, number: int) -> list[str]:
        """Bodies of our comments in a thread."""
        comments = self.repo.comments(number)
        return [comment["body"] for comment in comments if comment["user"]["login"] == f"{self.app.slug}[bot]"]


async def _soon(_seconds: float) -> None:
    """Waiting between two tries, without the wait."""
    await asyncio.sleep(0)


@asynccontextmanager
async def stage(
    folder: Path, config: str | None = "mode: pr\n", *, dry_run: bool = False, ledger: Ledger | None = None
) -> AsyncGenerator[Stage]:
    """Everything wired over real HTTP; nobody listens to the bell, for tests claim by themselves."""
    async with Hub.serve() as hub:
        files = {"a.ipynb": NOTEBOOK, "docs/b.ipynb": NOTEBOOK, "README.md": b"# demo\n"}
        installation = hub.install("octo-org")
        repo = hub.repository(
            "octo-org/demo", files | ({CONFIG: config.encode()} if config is not None else {}), installation
        )
        ada, eve = hub.user("ada"), hub.user("eve")
        hub.permit(repo, ada, "write")
        hub.permit(repo, eve, "read")
        ledger = ledger or await open_ledger(f"sqlite:///{folder}/ledger.db", create=True)
        keys = keys_of(hub.app.private_key_pem)
        async with connect(
            api_url=hub.api_url, app_id=hub.app.id, keys=lambda: keys, clock=Clock(sleep=_soon), pace=Pace(gap_s=0)
        ) as github:
            bell = Bell(url=f"unix://{folder}/nobody.sock")
            app = App(
                ledger=ledger,
                github=github,
                bell=bell,
                runs=folder / "runs",
                redactor=redactor({}),
                app_id=hub.app.id,
                slug=hub.app.slug,
                public_url="https://mendloop.example",
                dry_run=dry_run,
            )
            made = Stage(hub=hub, app=app, installation=installation, repo=repo, ada=ada, eve=eve)
            await made.remember()
            yield made
            await bell.close()
        await ledger.close()
