"""What the owner's limits hold back: it waits, is written down, and is asked for when there is room."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bot.publish.scene import CONFIG, Mended, notebook
from tests.bot.publish.test_publish import PANDAS, B
from workers.contract.job import Trigger

if TYPE_CHECKING:
    from typing import Any

    from tests.bot.publish.scene import Scene

ONE_EACH = f"{CONFIG}github: {{pull_requests: {{artifact_limit: 1}}}}\n"


async def asked(at: Scene) -> list[dict[str, Any]]:
    """What is asked for because of room, as (trigger, paths)."""
    rows = [row for row in await at.rows_of_requests() if row["work_key"].startswith("waiting:")]
    return [{"trigger": row["trigger"], "paths": json.loads(row["arguments"])["paths"]} for row in rows]


async def waiting(at: Scene) -> list[tuple[str, ...]]:
    return [each.content.waiting for each in await at.publications()]


@pytest.mark.parametrize("how", ["merge", "close"])
@pytest.mark.parametrize(("held_back", "config"), [(PANDAS, CONFIG), (B, ONE_EACH)], ids=["open", "artifacts"])
async def test_what_waited_is_asked_for_once_when_the_pull_request_ends(
    at: Scene, how: str, held_back: Mended, config: str
) -> None:
    await at.ran(Mended(), config=config)
    await at.settle()
    await at.ran(Mended(), held_back, config=config)
    await at.settle()
    assert await waiting(at) == [("docs/b.ipynb",)]
    assert await asked(at) == []
    pull = at.repo.pull(at.repo.pulls()[0]["number"])

    pull.merge(at.ada) if how == "merge" else pull.close(at.ada)
    await at.look()
    await at.look()

    assert await asked(at) == [{"trigger": "sweep", "paths": ["docs/b.ipynb"]}]


async def test_what_waits_is_taken_up_by_the_run_that_follows(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    await at.ran(Mended(), PANDAS)
    await at.settle()
    at.repo.pull(at.repo.pulls()[0]["number"]).merge(at.ada)
    await at.look()

    await at.ran(PANDAS, trigger=Trigger.SWEEP, paths=("docs/b.ipynb",))
    await at.settle()

    assert sorted(each["state"] for each in at.repo.pulls()) == ["closed", "open"]
    assert await waiting(at) == [("docs/b.ipynb",), ()]


async def test_what_found_room_meanwhile_waits_no_more(at: Scene) -> None:
    await at.ran(Mended(), B, config=ONE_EACH)
    await at.settle()

    await at.ran(Mended(), B)
    await at.settle()
    at.repo.pull(at.repo.pulls()[0]["number"]).merge(at.ada)
    await at.look()

    assert at.repo.file("main", "docs/b.ipynb") == B.after
    assert await asked(at) == []


async def test_where_nothing_waited_nothing_is_asked_for(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    at.repo.pull(at.repo.pulls()[0]["number"]).merge(at.ada)

    await at.look()

    assert await asked(at) == []


async def test_a_limit_of_commits_an_hour_is_kept_and_the_rest_comes_an_hour_later(at: Scene) -> None:
    config = f"{CONFIG}github: {{pull_requests: {{commit_limit: 1, open_limit: 2}}}}\n"
    await at.ran(Mended(), config=config)
    await at.settle()
    job = await at.ran(PANDAS, config=config)
    await at.settle()

    assert len(at.repo.pulls()) == 1
    assert (await at.job(job))["reason"] == "waiting"
    (row,) = [row for row in await at.rows_of_requests() if row["work_key"].startswith("waiting:")]
    assert row["not_before"] == at.time.now // 3600 * 3600 + 3600
    assert json.loads(row["arguments"])["paths"] == ["docs/b.ipynb"]

    at.time.now += 3600
    await at.ran(Mended(), PANDAS, config=config)
    await at.settle()
    assert len(at.repo.pulls()) == 2


async def test_a_pull_request_larger_than_the_limit_of_commits_gets_an_hour_of_its_own(at: Scene) -> None:
    await at.ran(Mended(), B, config=f"{CONFIG}github: {{pull_requests: {{commit_limit: 1}}}}\n")

    await at.settle()

    (pull,) = at.repo.pulls()
    assert at.repo.file(pull["head"]["ref"], "docs/b.ipynb") == notebook("y = int")
