"""Whatever fails in between, people see in the end what they would have seen without it, and see it once."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.app.chaos import Chaos, Story, assert_same, beside, chaotic, settled, state
from tests.app.rig import until
from tests.fake_github import Fault
from workers.private import SETTLED_S, sweep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from workers.protocols import Box

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800)]

OF_A_PUSH = (
    "ingress.stored", "deliveries.decided", "deliveries.written", "dispatch.before_enlist", "dispatch.enlisted",
    "check.before_create", "check.created", "loop.claimed", "loop.granted", "loop.fetched", "loop.ran", "loop.told",
    "publish.claimed", "publish.intent", "publish.blobs_made", "publish.commit_made", "publish.before_move",
    "publish.ref_moved", "publish.ref_recorded", "publish.before_pull", "publish.pull_made", "publish.pull_recorded",
    "publish.dressed", "publish.published", "check.before_conclude", "check.concluded", "publish.check_concluded",
    "publish.answered", "publish.closed",
)  # fmt: skip
OF_A_COMMAND = (*OF_A_PUSH, "sticky.before_create", "sticky.created")
FEW = ("ingress.stored", "dispatch.enlisted", "loop.ran", "publish.ref_moved", "publish.pull_recorded")
EVERY = os.environ.get("MENDLOOP_CHAOS") == "all"
"""The processes die at a few boundaries in every test run, and with `MENDLOOP_CHAOS=all` at every one."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chaos(tmp_path_factory: pytest.TempPathFactory, box: Box, shared: Path) -> AsyncIterator[Chaos]:
    async with chaotic(tmp_path_factory.mktemp("chaos"), shared) as chaos:
        yield chaos


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(chaos: Chaos) -> dict[str, Any]:
    """What a push and a pull request with a command come to when nothing fails."""
    return await told(chaos, "undisturbed")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pushed(chaos: Chaos) -> dict[str, Any]:
    """What a push alone comes to when nothing fails."""
    story = Story.begin(chaos.app, "pushed")
    story.push()
    await settled(chaos.app)
    return state(story.repository)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(chaos: Chaos) -> dict[str, Any]:
    """What a command on a pull request comes to when nothing fails."""
    story = await offered(chaos, "asked")
    story.ask()
    await settled(chaos.app)
    return state(story.repository)


async def offered(chaos: Chaos, owner: str) -> Story:
    """A story that has come to a pull request which is judged."""
    story = Story.begin(chaos.app, owner)
    story.offer()
    await settled(chaos.app)
    return story


async def told(chaos: Chaos, owner: str) -> dict[str, Any]:
    """The whole story in a repository of its own, and what people see afterwards."""
    story = Story.begin(chaos.app, owner)
    story.push()
    await settled(chaos.app)
    story.offer()
    await settled(chaos.app)
    story.ask()
    await settled(chaos.app)
    return state(story.repository)


async def test_undisturbed_there_are_two_pull_requests_and_every_check_is_concluded(
    undisturbed: dict[str, Any],
) -> None:
    ours = [pull for pull in undisturbed["pulls"] if pull["head"].startswith("mendloop/")]

    assert [(pull["base"], pull["state"], pull["commits"], pull["labels"]) for pull in ours] == [
        ("feature", "open", 1, ["mendloop"]),
        ("main", "open", 1, ["mendloop"]),
    ]
    assert len(undisturbed["branches"]) == 4
    assert all('"completed"' in check for check in undisturbed["checks"])


async def test_a_third_of_all_calls_failing_changes_nothing_that_people_see(
    chaos: Chaos, undisturbed: dict[str, Any]
) -> None:
    hub = chaos.app.hub
    hub.faults.plan(Fault.REFUSED, probability=0.15, seed=1)
    hub.faults.plan(Fault.APPLIED, probability=0.15, seed=2)
    hub.faults.plan(Fault.RESET_AFTER, probability=0.05, seed=3)
    hub.webhooks.plan(drop=0.1, duplicate=0.2, reorder=0.2, seed=4)
    try:
        seen = await told(chaos, "rain")
    finally:
        hub.faults.clear()
        hub.webhooks.plan()

    assert_same(seen, undisturbed)
    assert sum(line.fault is not None for line in hub.audit) > 20


@pytest.mark.parametrize("phase", OF_A_PUSH if EVERY else FEW)
async def test_f226_a_process_that_dies_at_a_boundary_of_a_push_changes_nothing_that_people_see(
    chaos: Chaos, pushed: dict[str, Any], phase: str
) -> None:
    story = Story.begin(chaos.app, named("push", phase))
    await settled(chaos.app)

    async with chaos.dying_at(phase):
        story.push()
    await settled(chaos.app)

    assert_same(state(story.repository), pushed)


@pytest.mark.parametrize("phase", OF_A_COMMAND if EVERY else ["sticky.created"])
async def test_f226_a_process_that_dies_at_a_boundary_of_a_command_changes_nothing_that_people_see(
    chaos: Chaos, asked: dict[str, Any], phase: str
) -> None:
    story = await offered(chaos, named("ask", phase))

    async with chaos.dying_at(phase):
        story.ask()
    await settled(chaos.app)

    assert_same(state(story.repository), asked)


async def test_f226_every_boundary_is_one_that_somebody_can_be_made_to_die_at(
    chaos: Chaos, asked: dict[str, Any]
) -> None:
    passed = {str(event["phase"]) for event in chaos.app.events() if event.get("event") == "phase"}

    assert asked["pulls"]
    assert passed - {"sweep.asked"} == set(OF_A_COMMAND)


def named(what: str, phase: str) -> str:
    return f"{what}-{phase.replace('.', '-').replace('_', '-')}"


def marks(chaos: Chaos, phase: str) -> list[dict[str, Any]]:
    """Each time that somebody passed the boundary."""
    return [event for event in chaos.app.events() if event.get("phase") == phase]


def lost(chaos: Chaos) -> int:
    """How often somebody found that what it works on is no longer its own."""
    return sum(event.get("event") in {"claim_lost", "work.lost"} for event in chaos.app.events())


async def test_h214_a_publisher_that_stood_still_for_longer_than_its_lease_writes_nothing_more(
    chaos: Chaos, pushed: dict[str, Any]
) -> None:
    hub, story = chaos.app.hub, Story.begin(chaos.app, "stopped-publisher")
    await settled(chaos.app)
    slow = hub.faults.plan(Fault.SLOW, method="POST", path="*/git/blobs", count=1, seconds=3)
    already, losses = len(marks(chaos, "publish.intent")), lost(chaos)

    story.push()
    await until(lambda: len(marks(chaos, "publish.intent")) > already, what="it publishes", told=chaos.app.tail)
    # Under way, not about to be: who is stopped between its last look at the claim and a call still makes that one.
    await until(lambda: slow.taken == 1, what="its call is under way", told=chaos.app.tail)
    stopped = chaos.pid("github")
    os.kill(stopped, signal.SIGSTOP)
    try:
        async with beside(chaos, "github"):
            await settled(chaos.app)
            before = len(hub.audit.writes())
            os.kill(stopped, signal.SIGCONT)
            await until(lambda: lost(chaos) > losses, what="it notices", told=chaos.app.tail)
            await settled(chaos.app)
    finally:
        os.kill(stopped, signal.SIGCONT)
        hub.faults.clear()

    assert [f"{line.method} {line.path}" for line in hub.audit.writes()[before:]] == []
    assert_same(state(story.repository), pushed)


async def test_h214_a_loop_that_stood_still_for_longer_than_its_lease_leaves_no_second_run(
    chaos: Chaos, pushed: dict[str, Any]
) -> None:
    hub, story = chaos.app.hub, Story.begin(chaos.app, "stopped-loop")
    await settled(chaos.app)
    hub.faults.plan(Fault.SLOW, path="*/git-upload-pack", count=1, seconds=3)
    already, losses = len(marks(chaos, "loop.granted")), lost(chaos)

    story.push()
    await until(lambda: len(marks(chaos, "loop.granted")) > already, what="it fetches", told=chaos.app.tail)
    stopped = chaos.pid("loop")
    os.kill(stopped, signal.SIGSTOP)
    try:
        async with beside(chaos, "loop"):
            await settled(chaos.app)
            before, ran = len(hub.audit.writes()), len(marks(chaos, "loop.told"))
            os.kill(stopped, signal.SIGCONT)
            await until(lambda: lost(chaos) > losses, what="it notices", told=chaos.app.tail)
            await settled(chaos.app)
    finally:
        os.kill(stopped, signal.SIGCONT)
        hub.faults.clear()

    assert [f"{line.method} {line.path}" for line in hub.audit.writes()[before:]] == []
    assert len(marks(chaos, "loop.told")) == ran
    assert_same(state(story.repository), pushed)


async def test_f222_a_redis_that_dies_while_a_job_runs_and_comes_back_empty_changes_nothing(
    chaos: Chaos, pushed: dict[str, Any]
) -> None:
    hub, story = chaos.app.hub, Story.begin(chaos.app, "forgetful-redis")
    await settled(chaos.app)
    hub.faults.plan(Fault.SLOW, path="*/git-upload-pack", count=1, seconds=2)
    already, first = len(marks(chaos, "loop.granted")), chaos.redis()

    story.push()
    await until(lambda: len(marks(chaos, "loop.granted")) > already, what="it fetches", told=chaos.app.tail)
    os.kill(first, signal.SIGKILL)
    await settled(chaos.app)
    hub.faults.clear()

    assert chaos.redis() != first
    assert_same(state(story.repository), pushed)


async def test_what_dead_processes_left_is_removed_by_the_next_job(chaos: Chaos) -> None:
    work = chaos.app.state / "work"
    await settled(chaos.app)

    for folder in work.iterdir():
        os.utime(folder, (0, folder.stat().st_mtime - 2 * SETTLED_S))
    sweep(work)

    assert list(work.iterdir()) == []
    assert chaos.app.hub.violations == []
