"""Who asks by name: their words are answered, and they may want again what was once closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.publish.scene import Mended, notebook
from workers.contract.job import Trigger
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from tests.bot.publish.scene import Scene

WORDS = "Use the new API. @everyone\n\n- [ ] no warnings\n- runs in [a minute](https://evil.example)\n"


async def closed(at: Scene, config: str = "") -> None:
    """Our pull request was proposed, closed by a person, and that was noticed."""
    await at.ran(Mended(), config=config)
    await at.settle()
    at.repo.pull(at.repo.pulls("open")[0]["number"]).close(at.ada)
    await at.look()
    at.time.now += 60


async def command(at: Scene, *paths: str) -> None:
    job = await at.ran(Mended(), trigger=Trigger.COMMAND, paths=paths)
    await at.asked(job, at.ada, paths=list(paths))
    await at.settle()


@pytest.mark.parametrize("path", ["a.ipynb", "."])
async def test_a_writer_who_names_the_path_gets_what_was_closed_before(at: Scene, path: str) -> None:
    await closed(at)

    await command(at, path)

    assert sorted(each["state"] for each in at.repo.pulls()) == ["closed", "open"]
    assert await at.rows(tables.ignored) == []


@pytest.mark.parametrize("paths", [(), ("docs",), ("docs/b.ipynb",)])
async def test_a_command_that_does_not_name_it_leaves_the_no_as_it_is(at: Scene, paths: tuple[str, ...]) -> None:
    await closed(at)

    await command(at, *paths)

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]
    assert len(await at.rows(tables.ignored)) == 1


async def test_a_push_never_takes_a_no_back(at: Scene) -> None:
    await closed(at)

    await at.ran(Mended(), paths=("a.ipynb",))
    await at.settle()

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]


async def test_a_no_that_came_after_the_command_stands(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    job = await at.ran(Mended(after=notebook("x = bool  # again")), trigger=Trigger.COMMAND, paths=("a.ipynb",))
    await at.asked(job, at.ada, paths=["a.ipynb"])
    at.time.now += 60
    at.repo.pull(at.repo.pulls("open")[0]["number"]).close(at.ada)

    await at.settle()

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]
    assert len(await at.rows(tables.ignored)) == 1


async def test_a_stranger_who_names_the_path_takes_nothing_back(at: Scene) -> None:
    await closed(at)
    at.hub.permit(at.repo, at.ada, "read")

    await command(at, "a.ipynb")

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]
    assert len(await at.rows(tables.ignored)) == 1


async def test_what_a_person_told_us_to_ignore_stays_ignored(at: Scene) -> None:
    await closed(at)
    async with at.ledger.write() as connection:
        await connection.execute(tables.ignored.update().values(why="comment:7"))

    await command(at, "a.ipynb")

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]


async def test_words_come_back_as_a_task_with_its_criteria_and_nothing_in_them_is_live(at: Scene) -> None:
    number = at.repo.open_issue("stale", by=at.ada)
    job = await at.ran(Mended(), trigger=Trigger.COMMAND, guidance=WORDS)
    await at.asked(job, at.ada, number=number, guidance=WORDS)

    await at.settle()

    (said,) = [each["body"] for each in at.repo.comments(number)]
    assert "Asked for: Use the new API." in said
    assert "Done when, for a person to judge:\n\n- [ ] no warnings\n- [ ] runs in" in said
    assert "@everyone" not in said.replace("`@everyone`", "")
    assert "`[a minute](https://evil.example)`" in said


async def test_without_words_there_is_no_task(at: Scene) -> None:
    number = at.repo.open_issue("stale", by=at.ada)
    await at.asked(await at.ran(Mended(), trigger=Trigger.COMMAND), at.ada, number=number)

    await at.settle()

    (said,) = [each["body"] for each in at.repo.comments(number)]
    assert "Asked for" not in said
    assert "Done when" not in said
