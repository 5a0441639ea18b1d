"""A maintainer who does anything at any time, over publishing and tending, with answers and processes lost in between."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.publications import State
from tests.bot.publish.scene import LEASE_S, Mended, Time, known, make_app, notebook
from tests.bot.publish.scene import Scene as Hand
from tests.fake_github.refusals import Refusal
from workers.contract.job import Aim, Job, Trigger
from workers.contract.ledger import open_ledger, tables

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from pathlib import Path

    from bot.github import GitHub
    from tests.fake_github import Hub

DAY_S = 86400.0
STALE = "x = np.bool"


class Maintainer(RuleBasedStateMachine):
    """One repository with one notebook; after every step nothing of a person's is lost and nothing is pressed on them."""

    made = 0

    def __init__(self, hub: Hub, runner: asyncio.Runner, client: GitHub, folder: Path) -> None:
        super().__init__()
        Maintainer.made += 1
        self.runner = runner
        place = folder / str(Maintainer.made)
        place.mkdir()
        self.at = runner.run(_hand(hub, client, place, f"org-{Maintainer.made}"))
        self.cells = 1
        self.theirs: dict[str, str] = {}
        """People's commits on branches of ours -> the branch."""
        self.closed: set[int] = set()
        """Pull requests that a person closed, or merged, and opened no more."""
        self.reopened: set[int] = set()
        self.main = self.at.repo.head("main")
        self.suspended_at: int | None = None

    def do(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(doing)

    # What our processes do

    @initialize(begun=st.booleans())
    def some_have_a_pull_request_of_ours_already(self, begun: bool) -> None:
        if begun:
            self.something_asks_for_a_run(0)
            self.what_ran_is_published()

    @rule(variant=st.integers(0, 2))
    def something_asks_for_a_run(self, variant: int) -> None:
        repo = self.at.repo
        job = Job(
            id=0, installation_id=self.at.installation.id, repository_id=repo.id, repository=repo.full_name,
            lane="main", branch="main", sha=repo.head("main"), trigger=Trigger.PUSH, aim=Aim.PROPOSE,
            guidance=str(variant),
        )  # fmt: skip
        self.do(self.at.enlist(job, state="ready", check_state="intended"))
        self.do(self.loop())

    async def loop(self) -> None:
        """What the loop process would do with every job that waits."""
        for row in await self.at.rows_of_jobs():
            if row["state"] == "ready":
                job = self.at.job_of(row)
                before = self.at.repo.file(job.sha, "a.ipynb") or b""
                mended = b"bool" + b" " * int(job.guidance or 0)
                after = before.replace(b"np.bool", mended)
                fresh = b"np.bool" not in before
                run_id = self.at.keep_run((Mended(before=before, after=after, fresh=fresh),))
                async with self.at.ledger.write() as connection:
                    of = tables.jobs.update().where(tables.jobs.c.id == row["id"])
                    await connection.execute(of.values(state="ran", run_id=run_id))

    @rule()
    def what_ran_is_published(self) -> None:
        self.do(self.at.publish())
        self.do(self.loop())

    @rule()
    def a_process_dies_with_a_claim(self) -> None:
        self.do(self.at.ledger.claim(tables.jobs, ("ran",), "dead", lease_s=LEASE_S))

    @rule()
    def publications_are_looked_at(self) -> None:
        self.do(self.at.look())
        self.tidied()

    def tidied(self) -> None:
        """What twins do besides."""

    @rule(kind=st.sampled_from(["refused", "applied", "reset_after"]), after=st.integers(0, 6))
    def an_answer_is_lost(self, kind: str, after: int) -> None:
        self.at.hub.faults.plan(kind, method="P*", path="/repos/*", count=1, after=after)
        self.at.hub.faults.plan(kind, path="/graphql", count=1, after=after)

    @rule(days=st.sampled_from([0, 0, 0, 1, 100]))
    def time_passes(self, days: int) -> None:
        self.at.time.now += LEASE_S + 1 + days * DAY_S

    # What people do

    @rule(what=st.sampled_from(["stale", "mended", "prose"]))
    def somebody_pushes_to_the_base(self, what: str) -> None:
        self.cells += 1
        content = {"a.ipynb": notebook(STALE if what == "stale" else "x = bool", *["x"] * self.cells)}
        files = content if what != "prose" else {"README.md": str(self.cells).encode()}
        with contextlib.suppress(Refusal):
            self.main = self.at.repo.push("main", dict(files), by=self.at.ada)

    @precondition(lambda self: bool(self.at.branches_of_ours()))
    @rule()
    def somebody_commits_to_a_branch_of_ours(self) -> None:
        for branch in self.at.branches_of_ours():
            self.cells += 1
            self.theirs[self.at.repo.push(branch, {"mine.md": str(self.cells).encode()}, by=self.at.ada)] = branch

    @precondition(lambda self: bool(self.at.branches_of_ours()))
    @rule()
    def somebody_deletes_a_branch_of_ours(self) -> None:
        for branch in self.at.branches_of_ours():
            self.at.repo.delete_branch(branch, self.at.ada)
            self.theirs = {sha: of for sha, of in self.theirs.items() if of != branch}
        self.closed |= {pull["number"] for pull in self.at.repo.pulls("closed")}

    @rule(what=st.sampled_from(["close", "merge", "reopen", "comment", "title"]))
    def somebody_decides_about_our_pull_request(self, what: str) -> None:
        for pull in self.at.repo.pulls():
            with contextlib.suppress(Refusal):
                self._decides(what, pull)

    def _decides(self, what: str, shown: dict[str, Any]) -> None:
        pull, number, is_open = self.at.repo.pull(shown["number"]), shown["number"], shown["state"] == "open"
        if what == "close" and is_open:
            pull.close(self.at.ada)
            self.closed.add(number)
        elif what == "merge" and is_open:
            self.main = pull.merge(self.at.ada)
            self.closed.add(number)
        elif what == "reopen" and not is_open:
            pull.reopen(self.at.ada)
            self.closed.discard(number)
            self.reopened.add(number)
        elif what == "comment":
            self.at.repo.comment(number, "Hm.", self.at.ada)
        elif what == "title":
            pull.edit(self.at.ada, title="Mine")

    @rule()
    def somebody_renames_the_repository(self) -> None:
        self.at.repo.rename("demo" if self.at.repo.full_name.endswith("other") else "other")

    @rule()
    def somebody_suspends_the_app_or_lets_it_back(self) -> None:
        if self.suspended_at is None:
            self.at.installation.suspend()
            self.suspended_at = len(self.at.hub.audit)
        else:
            self.at.installation.unsuspend()
            self.suspended_at = None

    # What has to hold after each step

    @invariant()
    def no_commit_of_a_person_is_unreachable(self) -> None:
        tips = self.at.repo.branches().values()
        for sha in self.theirs:
            assert any(self.at.repo.git.contains(sha, tip) for tip in tips)

    @invariant()
    def the_base_moves_by_people_alone(self) -> None:
        assert self.at.repo.head("main") == self.main

    @invariant()
    def nothing_is_opened_again_or_twice(self) -> None:
        pulls = self.at.repo.pulls("open")
        assert not self.closed & {pull["number"] for pull in pulls}
        # What a person opened again stands beside what came after it: their own doing.
        ours = [pull for pull in pulls if pull["user"]["type"] == "Bot" and pull["number"] not in self.reopened]
        assert len(ours) <= 1

    @invariant()
    def nothing_is_written_after_access_ended(self) -> None:
        if self.suspended_at is not None:
            late = [line for line in list(self.at.hub.audit)[self.suspended_at :] if line.writes and line.status < 400]
            assert [line for line in late if f"/{self.at.repo.full_name}/" in line.path or "graphql" in line.path] == []

    def teardown(self) -> None:
        """When the faults end everything comes to rest: no job is left, no branch lies about."""
        self.at.hub.faults.clear()
        if self.suspended_at is not None:
            self.at.installation.unsuspend()
            self.suspended_at = None
        self.do(self._rest())
        heads = {pull["head"]["ref"] for pull in self.at.repo.pulls("open")} | set(self.theirs.values())
        assert set(self.at.branches_of_ours()) <= heads
        self.nothing_is_opened_again_or_twice()
        self.no_commit_of_a_person_is_unreachable()
        self.do(self.at.ledger.close())

    async def _rest(self) -> None:
        for _ in range(8):
            self.at.time.now += LEASE_S + 1
            await self.loop()
            await self.at.settle()
            await self.at.look()
        rows = await self.at.rows_of_jobs()
        assert [row["reason"] for row in rows if row["state"] not in tables.TERMINAL] == []
        assert not {each.state for each in await self.at.publications()} & {State.INTENDED, State.BRANCHED}


async def _hand(hub: Hub, client: GitHub, folder: Path, login: str) -> Hand:
    installation = hub.install(login)
    files = {"a.ipynb": notebook(STALE), "README.md": b"Read\n"}
    repo = hub.repository(f"{login}/demo", files=files, installation=installation)
    ada = hub.user("ada")
    hub.permit(repo, ada, "admin")
    hand_time = Time()
    ledger = await open_ledger(f"sqlite:///{folder}/ledger.db", clock=hand_time, create=True)
    await known(ledger, installation, repo)
    app = make_app(ledger, client, folder, hub.app.id, hub.app.slug)
    return Hand(hub=hub, app=app, repo=repo, installation=installation, ada=ada, time=hand_time)
