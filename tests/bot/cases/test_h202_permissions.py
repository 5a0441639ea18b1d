"""A permission that was not granted yet: nothing is lost, nothing is pressed, and work goes on once it is."""

from __future__ import annotations

from tests.bot.publish.scene import Mended, Scene


async def test_h202_what_may_not_be_written_yet_is_parked_with_the_reason_after_a_few_tries(at: Scene) -> None:
    at.installation.restrict_permissions(contents="read")
    job = await at.ran(Mended())

    await at.settle()

    row = await at.job(job)
    assert row["state"] == "parked"
    assert "permission" in row["reason"]
    assert at.writes() == []


async def test_h202_granted_in_between_the_same_job_goes_on(at: Scene) -> None:
    at.installation.restrict_permissions(contents="read")
    job = await at.ran(Mended())
    await at.publish()
    assert (await at.job(job))["state"] == "ran"

    at.installation.accept_permissions(contents="write")
    at.time.now += 600
    await at.settle()

    assert (await at.job(job))["state"] == "finished"
    assert len(at.repo.pulls()) == 1
