"""Postgres has many writers where SQLite has one: what must not cross does not, there either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.github.stage import NOTEBOOK, Stage, stage
from workers.contract.ledger import open_ledger

if TYPE_CHECKING:
    from pathlib import Path


async def six_at_once(at: Stage) -> None:
    pull = at.pull()
    said = at.repo.comment(pull.number, "/repair", by=at.ada)
    columns = {"number": pull.number, "comment_kind": "issue", "arguments": '{"pull": true}'}
    for _ in range(6):
        await at.command_row(said, "repair", columns)

    await at.dispatch_all()


async def assert_one_job(at: Stage) -> None:
    assert len(await at.jobs()) == 1
    assert len(at.repo.check_runs()) == 1
    assert [row["state"] for row in await at.rows("requests")] == ["attached"] * 6
    (budget,) = await at.rows("budgets")
    assert budget["used"] == 1, "one run was asked for, by many"


async def test_six_who_look_at_once_make_one_job(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await six_at_once(at)

        await assert_one_job(at)


async def test_six_who_look_at_once_make_one_job_in_postgres_too(tmp_path: Path, postgres_url: str) -> None:
    async with stage(tmp_path, ledger=await open_ledger(postgres_url, create=True)) as at:
        await six_at_once(at)

        await assert_one_job(at)


async def test_postgres_takes_every_kind_of_request(tmp_path: Path, postgres_url: str) -> None:
    async with stage(tmp_path, ledger=await open_ledger(postgres_url, create=True)) as at:
        pull = at.pull()
        sha = at.repo.push("main", {"a.ipynb": NOTEBOOK + b" "}, by=at.ada)
        for request in (
            await at.push(sha, "a.ipynb"),
            await at.pull_request(pull),
            await at.push(at.repo.push("main", {"c.ipynb": NOTEBOOK}, by=at.ada), "c.ipynb"),
        ):
            assert request["state"] == "attached"
        for verb in ("help", "status", "ignore", "unignore", "explain", "note", "stop"):
            said = at.repo.comment(pull.number, f"/repair {verb}", by=at.ada)
            assert (await at.command(said, verb, arguments={"paths": ["docs"]}))["state"] == "answered"

        assert {row["state"] for row in await at.rows("jobs")} == {"cancelled", "ready"}
        assert len(at.ours(pull.number)) == 1
