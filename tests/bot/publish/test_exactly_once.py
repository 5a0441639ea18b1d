"""Exactly once, whatever is lost: answers, processes, leases. And what protects it is needed: without it the checker sees."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from bot.publications import Content, Held, Publication, State
from bot.publish import SEAMS
from bot.publishing import standing
from bot.publishing.standing import Seen
from bot.publishing.work import Seams
from tests.bot.publish.outcome import faults_of, state_of
from tests.bot.publish.scene import CONFIG, LEASE_S, MENDED, Mended, Scene, github, make_app, notebook, scene

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from bot.github import Api
    from workers.contract.ledger import Claim, Ledger

LIMITS = f"{CONFIG}github: {{pull_requests: {{open_limit: 9}}}}\n"
B = Mended(path="docs/b.ipynb", before=notebook("y = np.int"), after=notebook("y = int"), rules=("pandas/int",))
SEEDS = int(os.environ.get("MENDLOOP_FAULT_SEEDS", "6"))


async def work(at: Scene) -> None:
    """Two runs: two pull requests, and then one of them anew."""
    await at.ran(Mended(), B, config=LIMITS)
    await at.settle()
    await at.ran(Mended(after=notebook("x = bool  # better")), B, config=LIMITS)
    await at.settle()


def plan_faults(at: Scene, seed: int) -> None:
    """A third of all writes fail, half of these after they were applied; some reads and connections too."""
    for offset, method in enumerate(("POST", "PATCH", "PUT")):
        for kind in ("refused", "applied"):
            at.hub.faults.plan(kind, method=method, path="/repos/*", probability=0.15, seed=seed * 100 + offset)
    for kind in ("refused", "applied", "reset", "reset_after"):
        at.hub.faults.plan(kind, path="/graphql", probability=0.08, seed=seed * 100 + 7)
    at.hub.faults.plan("refused", method="GET", probability=0.02, seed=seed)


async def calmly(folder: Path, doing: Callable[[Scene], Awaitable[None]]) -> dict[str, Any]:
    """The state that it ends in where nothing goes wrong."""
    async with scene(folder) as at:
        await doing(at)
        await at.settle()
        return await state_of(at)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return asyncio.run(calmly(tmp_path_factory.mktemp("calm"), work))


async def ends_in(folder: Path, seed: int, expected: dict[str, Any], seams: Seams = SEAMS) -> list[str]:
    """What is wrong after the work was done under faults."""
    async with scene(folder, seams=seams) as at:
        # The names of branches hold the number of the repository; it is the same in every hub.
        plan_faults(at, seed)
        await work(at)
        at.hub.faults.clear()
        await at.settle()
        # Labels are tried and then left: the repair does not depend on them.
        return await faults_of(at, {key: value for key, value in expected.items() if key != "labels"})


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_under_lost_answers_the_end_is_the_one_without_faults(
    tmp_path: Path, seed: int, expected: dict[str, Any]
) -> None:
    assert await ends_in(tmp_path, seed, expected) == []


class Forgetful(Held):
    """A twin that keeps its intents in mind alone."""

    async def intend(self, new: Mapping[str, Any]) -> Publication:
        values: dict[str, Any] = {"tip": "", "tip_intended": "", "base_sha": "", "number": None, "content": Content()}
        values |= {"id": 0, "job_id": self.claim.id, "fencing": self.claim.fencing, "state": State.INTENDED}
        values |= dict(new)
        return Publication(**values)

    async def record(self, publication: Publication, **values: Any) -> Publication:
        return replace(publication, **values)


async def blind(_api: Api, _publication: Publication) -> Seen:
    """A twin that does not look before it creates."""
    return Seen(tip=None, pull=None)


@pytest.mark.parametrize("twin", [Seams(held=Forgetful), Seams(look=blind)], ids=["no intent row", "no look"])
async def test_without_the_intent_row_or_the_look_something_is_lost_or_made_twice(
    tmp_path: Path, expected: dict[str, Any], twin: Seams
) -> None:
    assert await ends_in(tmp_path, 0, expected, twin) != []


class Unfenced(Held):
    """A twin that writes whoever has the job."""

    async def record(self, publication: Publication, **values: Any) -> Publication:
        return replace(publication, **values)


async def always(_ledger: Ledger, _claim: Claim) -> bool:
    return True


async def late_writer(at: Scene, seams: Seams) -> list[str]:
    """A worker that is stopped after it looked, longer than its lease, while another one does the work; its late writes."""
    looked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(api: Api, publication: Publication) -> Seen:
        seen = await standing.look(api, publication)
        looked.set()
        await go_on.wait()
        return seen

    first = replace(at, seams=replace(seams, look=slow))
    await at.ran(Mended())
    async with github(at.hub.api_url, at.hub.app.id, at.hub.app.private_key_pem) as client:
        first.app = make_app(at.ledger, client, at.app.runs.parent, at.app.app_id, at.app.slug)
        late = asyncio.create_task(first.publish("stopped"))
        await asyncio.wait_for(looked.wait(), 30)
        at.time.now += LEASE_S + 1
        await at.settle()
        at.repo.pull(1).close(at.ada)
        await at.look()
        await at.look()
        before = at.writes()
        go_on.set()
        await asyncio.wait_for(late, 30)
        return at.writes()[len(before) :]


async def test_a_worker_that_was_stopped_longer_than_its_lease_writes_nothing_more(at: Scene) -> None:
    assert await late_writer(at, SEAMS) == []
    assert [pull["state"] for pull in at.repo.pulls()] == ["closed"]


async def test_without_fencing_the_late_worker_opens_a_second_pull_request(at: Scene) -> None:
    assert await late_writer(at, Seams(held=Unfenced, holds=always)) != []
    assert [pull["state"] for pull in at.repo.pulls()] == ["closed", "open"]


PHASES = (
    "publish.claimed", "publish.intent", "publish.blobs_made", "publish.commit_made", "publish.before_move",
    "publish.ref_moved", "publish.ref_recorded", "publish.before_pull", "publish.pull_made", "publish.pull_recorded",
    "publish.dressed", "publish.published", "check.before_create", "check.created", "check.before_conclude",
    "check.concluded", "publish.check_concluded", "sticky.before_create", "sticky.created", "publish.answered",
    "publish.closed",
)  # fmt: skip


async def asked_for(at: Scene) -> None:
    """A run that a person asked for in an issue."""
    number = at.repo.open_issue("Please", by=at.ada)
    said = at.repo.comment(number, "/repair", at.ada)
    job = await at.ran(Mended())
    await at.asked(job, at.ada, number=number, comment_id=said.id)


async def test_the_phases_are_all_that_a_run_goes_through(at: Scene) -> None:
    await asked_for(at)

    with capture_logs() as logs:
        await at.settle()

    assert [entry["phase"] for entry in logs if entry["event"] == "phase"] == list(PHASES)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return asyncio.run(calmly(tmp_path_factory.mktemp("calm"), asked_for))


@pytest.fixture(scope="module")
def processes() -> Iterator[subprocess.Popen[bytes]]:
    """Where processes are started from; see `worker`."""
    command = (sys.executable, "-m", "tests.bot.publish.worker")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        if process.stdin is not None:
            process.stdin.close()
        process.wait(30)


def killed(processes: subprocess.Popen[bytes], at: Scene, phase: str) -> int:
    """How a process that is to publish and is killed at `phase` ended."""
    app, folder = at.hub.app, str(at.app.runs.parent)
    told = {"api_url": at.hub.api_url, "app_id": app.id, "slug": app.slug, "pem": app.private_key_pem}
    line = json.dumps(told | {"folder": folder, "now": at.time.now, "kill_at": phase})
    assert processes.stdin is not None
    assert processes.stdout is not None
    processes.stdin.write(line.encode() + b"\n")
    processes.stdin.flush()
    return int(processes.stdout.readline())


@pytest.mark.parametrize("phase", PHASES)
async def test_killed_at_any_phase_the_end_is_the_same(
    at: Scene, phase: str, calm: dict[str, Any], processes: subprocess.Popen[bytes]
) -> None:
    await asked_for(at)

    assert await asyncio.to_thread(killed, processes, at, phase) == -signal.SIGKILL
    at.time.now += LEASE_S + 1
    await at.settle()

    assert await faults_of(at, calm) == []
    (pull,) = at.repo.pulls()
    assert at.repo.file(pull["head"]["ref"], "a.ipynb") == MENDED
    assert len(at.repo.check_runs()) == 1
