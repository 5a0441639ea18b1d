"""Whatever fails in between, people see in the end what they would have seen without it, and see it once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.app.chaos import Chaos, Story, chaotic, differences, settled, state
from tests.app.rig import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from workers.protocols import Box

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

FEW = (
    "ingress.stored",
    "deliveries.decided",
    "dispatch.enlisted",
    "check.created",
    "loop.granted",
    "loop.ran",
    "publish.commit_made",
    "publish.ref_moved",
    "publish.pull_made",
    "check.concluded",
)
"""Where the processes die in every test run; `MENDLOOP_CHAOS=all` has them die at every boundary that the log names."""


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


async def told(chaos: Chaos, owner: str) -> dict[str, Any]:
    """The whole story in a repository of its own, and what people see afterwards."""
    story = Story.begin(chaos.app, owner)
    story.push()
    await settled(chaos.app)
    story.offer()
    head = story.repository.head("feature")
    await until(
        lambda: any(check["status"] == "completed" for check in story.repository.check_runs(head)),
        within_s=120, what="the pull request is judged", told=chaos.app.tail,
    )  # fmt: skip
    story.ask()
    await settled(chaos.app)
    return state(story.repository)


async def test_undisturbed_there_are_two_pull_requests_and_every_check_is_concluded(
    undisturbed: dict[str, Any],
) -> None:
    ours = [pull for pull in undisturbed["pulls"] if pull["head"].startswith("mendloop/")]

    assert [(pull["base"], pull["state"], pull["commits"]) for pull in ours] == [
        ("feature", "open", 1),
        ("main", "open", 1),
    ]
    assert len(undisturbed["branches"]) == 4
    assert all('"completed"' in check for check in undisturbed["checks"])


async def test_the_same_story_told_again_looks_the_same(chaos: Chaos, undisturbed: dict[str, Any]) -> None:
    assert differences(await told(chaos, "again"), undisturbed) == []


@pytest.mark.parametrize("phase", FEW if os.environ.get("MENDLOOP_CHAOS") != "all" else [*FEW, "every"])
async def test_f226_a_process_that_dies_at_a_boundary_changes_nothing_that_people_see(
    chaos: Chaos, pushed: dict[str, Any], phase: str
) -> None:
    phases = [phase] if phase != "every" else sorted(seen_phases(chaos) - set(FEW))
    for each in phases:
        story = Story.begin(chaos.app, f"dies-{each.replace('.', '-').replace('_', '-')}")
        await settled(chaos.app)
        chaos.told.write_text(each)

        story.push()
        await until(lambda: not chaos.told.exists(), within_s=60, what=f"somebody dies at {each}", told=chaos.app.tail)
        await settled(chaos.app)

        assert differences(state(story.repository), pushed) == [], each


def seen_phases(chaos: Chaos) -> set[str]:
    """Every boundary that a push alone passes."""
    return {str(event["phase"]) for event in chaos.app.events() if event.get("event") == "phase"} - {
        "sticky.before_create", "sticky.created", "sweep.asked",
    }  # fmt: skip


async def test_nothing_is_left_over(chaos: Chaos) -> None:
    work = chaos.app.state / "work"

    assert chaos.app.hub.violations == []
    assert [folder for folder in work.iterdir() if any(folder.iterdir())] == [] or len(list(work.iterdir())) <= 2
