"""GitHub as it really is: lists that lag, names that change hands, checks that wait; and the other kind of ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot import identity
from bot.publications import State
from bot.publishing.keeping import BLOCKED
from tests.bot.publish.scene import MENDED, STALE, Mended, notebook, scene
from tests.fake_github import checks, lifecycle
from tests.fake_github.world import Actor
from tests.stores import new_database, postgres, shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bot.publish.scene import Scene


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(shared_folder(tmp_path_factory.getbasetemp()) / "postgres") as url:
        yield url


def check(at: Scene, slug: str, sha: str, conclusion: str) -> None:
    """A finished check run at `sha`, by the App of this name."""
    world = at.hub.world
    with world.lock:
        app = next((each for each in world.apps.values() if each.slug == slug), None) or lifecycle.create_app(
            world, slug
        )
        by = Actor(account=app.bot, app=app)
        wanted = {"name": "ci", "head_sha": sha, "status": "completed", "conclusion": conclusion}
        checks.create(world, at.repo.state, by, wanted)


@pytest.mark.parametrize("fault", ["applied", "reset_after", "truncated"])
async def test_h192_a_pull_request_that_is_not_listed_yet_is_found_when_it_is_and_never_made_twice(
    at: Scene, fault: str
) -> None:
    at.hub.world.list_lag_s = 30
    at.hub.faults.plan(fault, method="POST", path="*/pulls", count=1)
    job = await at.ran(Mended())
    await at.publish()
    assert (await at.job(job))["state"] == "ran"

    at.hub.clock.advance(31)
    await at.settle()

    (pull,) = at.repo.pulls()
    (publication,) = await at.publications()
    assert (publication.state, publication.number) == (State.OPEN, pull["number"])
    assert (await at.job(job))["state"] == "finished"


async def test_h192_a_list_that_lags_makes_no_second_pull_request_of_the_next_run(at: Scene) -> None:
    at.hub.world.list_lag_s = 3600
    for after in (MENDED, notebook("x = bool  # better")):
        await at.ran(Mended(after=after))
        await at.settle()
    at.hub.world.list_lag_s = 0.0

    (pull,) = at.repo.pulls()
    assert at.repo.file(pull["head"]["ref"], "a.ipynb") == notebook("x = bool  # better")


async def test_h204_after_a_transfer_nothing_is_written_any_more(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    job = await at.ran(Mended(after=notebook("x = bool  # more")))
    before = at.writes()
    at.repo.transfer("elsewhere")

    await at.settle()
    await at.look()

    assert at.writes() == before
    assert (await at.job(job))["state"] == "cancelled"
    assert "cannot be seen any more" in (await at.job(job))["reason"]
    assert at.repo.file(at.branch(), "a.ipynb") == MENDED


@pytest.mark.parametrize("left", ["transferred", "renamed"])
async def test_h205_a_new_repository_under_the_old_name_gets_nothing_that_was_meant_for_the_old_one(
    at: Scene, left: str
) -> None:
    await at.ran(Mended())
    if left == "transferred":
        at.repo.transfer("elsewhere")
    else:
        at.repo.rename("moved")
    other = at.hub.repository("octo-org/demo", files={"a.ipynb": STALE}, installation=at.installation)

    await at.settle()

    assert other.pulls() == []
    assert list(other.branches()) == ["main"]
    assert other.check_runs() == []
    assert len(at.repo.pulls()) == (1 if left == "renamed" else 0)


async def test_checks_that_wait_for_an_approval_are_told_of_once_above_the_words_of_the_run(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    (pull,) = at.repo.pulls()
    check(at, "elsewhere-ci", pull["head"]["sha"], "action_required")

    for _ in range(2):
        await at.look()

    (pull,) = at.repo.pulls()
    assert pull["body"].startswith(f"> {BLOCKED}\n")
    assert pull["body"].count(BLOCKED) == 1
    assert identity.parse(pull["body"]) is not None


@pytest.mark.parametrize(("slug", "conclusion"), [("elsewhere-ci", "failure"), ("mendloop", "action_required")])
async def test_checks_that_ran_and_decisions_that_we_ask_for_ourselves_block_nothing(
    at: Scene, slug: str, conclusion: str
) -> None:
    await at.ran(Mended())
    await at.settle()
    (pull,) = at.repo.pulls()
    check(at, at.app.slug if slug == "mendloop" else slug, pull["head"]["sha"], conclusion)

    await at.look()

    assert BLOCKED not in at.repo.pulls()[0]["body"]


async def test_edited_cells_that_print_something_else_now_are_named_in_the_body(at: Scene) -> None:
    await at.ran(Mended(kept=(0,)))

    await at.settle()

    (pull,) = at.repo.pulls()
    assert "these edited cells print something else than the stored outputs they keep: 0." in pull["body"]


@pytest.mark.parametrize("left", [b"", b"{}", b"[1]", b'{"a.ipynb": 3}'])
async def test_a_run_that_does_not_say_what_is_printed_is_published_without_that_sentence(
    at: Scene, left: bytes
) -> None:
    await at.ran(Mended(kept=(0,)))
    (place,) = at.app.runs.glob("*/deliverable/deliveries.json")
    place.write_bytes(left) if left else place.unlink()

    await at.settle()

    (pull,) = at.repo.pulls()
    assert "print something else" not in pull["body"]


async def test_on_postgres_a_run_is_published_updated_closed_and_taken_for_a_no(
    postgres_server: str, tmp_path: Path
) -> None:
    async with scene(tmp_path, url=await new_database(postgres_server)) as at:
        other = Mended(
            path="docs/b.ipynb", before=notebook("y = np.int"), after=notebook("y = int"), rules=("pandas/x",)
        )
        await at.ran(Mended())
        await at.settle()
        await at.ran(Mended(after=notebook("x = bool  # better")), other)
        await at.settle()
        (pull,) = at.repo.pulls()
        assert at.repo.file(pull["head"]["ref"], "a.ipynb") == notebook("x = bool  # better")

        at.repo.pull(pull["number"]).close(at.ada)
        await at.look()
        await at.look()
        await at.ran(Mended())
        await at.settle()

        assert [each["state"] for each in at.repo.pulls()] == ["closed"]
        assert at.branches_of_ours() == {}
        assert [row["work_key"].split(":")[0] for row in await at.rows_of_requests()] == ["waiting"]
        assert {row["state"] for row in await at.rows_of_jobs()} == {"finished"}
