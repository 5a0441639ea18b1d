"""The base changed what was repaired: whose edits the next run starts from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.bot.publish.scene import CONFIG, Mended, notebook

if TYPE_CHECKING:
    from tests.bot.publish.scene import Scene
    from workers.contract.job import Job


async def waiting_job(at: Scene) -> Job:
    """The one job that was made for the new base."""
    (job,) = [at.job_of(row) for row in await at.rows_of_jobs() if row["state"] == "ready"]
    return job


async def moved(at: Scene, config: str) -> tuple[str, Job]:
    """Id of the run whose base was changed, and the job that follows."""
    job = await at.ran(Mended(), config=config)
    run_id = (await at.job(job))["run_id"]
    at.repo.push("main", {"a.ipynb": notebook("x = np.bool", "x")})
    await at.settle()
    return run_id, await waiting_job(at)


@pytest.mark.parametrize("config", [CONFIG, f"{CONFIG}github: {{pull_requests: {{on_conflict: rebase}}}}\n"])
async def test_a_base_that_moved_has_the_run_that_was_made_for_the_old_one_carried_over(at: Scene, config: str) -> None:
    run_id, job = await moved(at, config)

    assert job.carry == {"a.ipynb": run_id}
    assert (job.sha, job.paths) == (at.repo.head("main"), ("a.ipynb",))
    assert at.writes() == []


async def test_an_owner_who_wants_it_from_the_start_gets_nothing_carried(at: Scene) -> None:
    _, job = await moved(at, f"{CONFIG}github: {{pull_requests: {{on_conflict: recreate}}}}\n")

    assert job.carry == {}
    assert job.paths == ("a.ipynb",)


@pytest.mark.parametrize("verb", ["rebase", "recreate"])
async def test_who_says_rebase_gets_our_edits_first_and_who_says_recreate_does_not(at: Scene, verb: str) -> None:
    run_id = (await at.job(await at.ran(Mended())))["run_id"]
    await at.settle()
    (pull,) = at.repo.pulls()
    head = at.repo.push("main", {"a.ipynb": notebook("x = np.bool", "x")})

    await at.do(verb, pull["number"])

    job = await waiting_job(at)
    assert job.carry == ({"a.ipynb": run_id} if verb == "rebase" else {})
    assert (job.sha, job.branch, job.paths) == (head, "main", ("a.ipynb",))


async def test_a_job_that_waits_already_is_widened_and_carries_the_run_too(at: Scene) -> None:
    ran = await at.ran(Mended(), config=CONFIG, paths=("a.ipynb",))
    about = await at.job(ran)
    head = at.repo.push("main", {"a.ipynb": notebook("x = np.bool", "x")})
    waits = await at.enlist(replace(at.job_of(about), sha=head, paths=("docs/b.ipynb",)), check_state="intended")

    await at.settle()

    job = await waiting_job(at)
    assert (job.id, job.paths, job.carry) == (waits, ("a.ipynb", "docs/b.ipynb"), {"a.ipynb": about["run_id"]})


async def test_of_a_pull_request_that_grew_each_artifact_carries_the_run_that_mended_it(at: Scene) -> None:
    a, b = Mended(), Mended(path="docs/b.ipynb")
    at.repo.push("main", {"a.ipynb": a.before, "docs/b.ipynb": b.before})
    first = (await at.job(await at.ran(a)))["run_id"]
    await at.settle()
    second = (await at.job(await at.ran(b)))["run_id"]
    await at.settle()
    (pull,) = at.repo.pulls()

    await at.do("rebase", pull["number"])

    assert (await waiting_job(at)).carry == {"a.ipynb": first, "docs/b.ipynb": second}
