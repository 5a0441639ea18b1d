"""What a repair does not depend on is made up for when the weather took it, and let be when GitHub said no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import lifecycle
from bot.publishing import dressing
from tests.bot.publish.scene import CONFIG, Mended, Scene, scene

if TYPE_CHECKING:
    from pathlib import Path

REVIEWED = f"{CONFIG}github: {{pull_requests: {{reviewers: [ada]}}}}\n"


def labels(at: Scene) -> list[str]:
    (pull,) = at.repo.pulls()
    return [label["name"] for label in pull["labels"]]


def reviewers(at: Scene) -> list[str]:
    (pull,) = at.repo.pulls()
    return [person["login"] for person in pull["requested_reviewers"]]


async def looked(at: Scene, *pauses_s: float) -> None:
    """The clock's passes, these seconds apart."""
    for pause in pauses_s:
        at.time.now += pause
        await lifecycle.look(at.app)


async def test_labels_and_reviewers_that_the_weather_took_are_there_in_the_end(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        for path in ("*/labels", "*/requested_reviewers"):
            at.hub.faults.plan("refused", method="POST", path=path, count=3)
        await at.ran(Mended(), config=REVIEWED)
        await at.publish()
        assert (labels(at), reviewers(at)) == ([], [])

        await looked(at, 0, 1, 1, 2, 3)

        assert (labels(at), reviewers(at)) == (["mendloop"], ["ada"])
        (row,) = await at.publications()
        assert dressing.owed(row) == frozenset()


async def test_what_never_gets_through_is_tried_a_few_times_with_longer_and_longer_pauses(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.hub.faults.plan("refused", method="POST", path="*/labels")
        await at.ran(Mended(), config=CONFIG)
        await at.publish()

        await looked(at, *[2.0] * 40)

        assert 4 <= len(at.hub.audit.calls("POST", "*/labels")) <= 20
        (row,) = await at.publications()
        assert dressing.owed(row) == frozenset()


async def test_what_github_refuses_is_not_asked_for_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        await at.ran(Mended(), config=REVIEWED.replace("ada", "nobody"))
        await at.publish()

        await looked(at, 0, 1, 10)

        assert len(at.hub.audit.calls("POST", "*/requested_reviewers")) == 1


async def test_a_try_that_was_cut_off_after_it_had_proposed_is_no_reason_to_say_unchanged(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.hub.faults.plan("refused", method="PATCH", path="*/check-runs/*", count=1)
        job = await at.ran(Mended(), config=CONFIG)
        await at.settle()

        assert (await at.job(job))["reason"] == "proposed"
        again = await at.ran(Mended(), config=CONFIG)
        await at.settle()

        assert (await at.job(again))["reason"] == "unchanged", "another run that finds the same"
