"""Everything at once under bad weather: the end is that of a fault-free day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot import check_run, watchdog
from bot.github import Unavailable
from tests.bot.github.stage import Stage, stage
from tests.fake_github import Fault
from tests.workers.contract import samples
from workers.contract.domain import Repaired

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_github import Said

STALE = samples.run(samples.report(Repaired(iteration=1), records=(samples.record(),)))
STORM = (Fault.REFUSED, Fault.APPLIED, Fault.RESET, Fault.RESET_AFTER, Fault.TRUNCATED, Fault.GARBAGE)


def brew(at: Stage, seed: int) -> None:
    """Three calls in ten fail, half of them after they were applied."""
    for index, fault in enumerate(STORM):
        at.hub.faults.plan(fault, path="/repos/*", probability=0.06, seed=seed * 10 + index)


async def worked_on(at: Stage, request_id: int) -> str:
    """Dispatch again and again, as the claim loop does; the state at the end."""
    for _ in range(60):
        row = await at.row("requests", request_id)
        if row["state"] != "new":
            return str(row["state"])
        await at.dispatch(request_id)
    raise AssertionError("still not worked on")


async def concluded(at: Stage, job_id: int) -> None:
    for _ in range(60):
        try:
            await check_run.conclude(at.app, await at.row("jobs", job_id), STALE)
        except Unavailable:
            continue
        return
    raise AssertionError("still not concluded")


async def a_day(at: Stage) -> tuple[Said, int, int]:
    """A push, a command and a call for help."""
    number = at.pull().number
    said, asked = (at.repo.comment(number, words, by=at.ada) for words in ("/repair", "/repair help"))
    columns = {"number": number, "comment_kind": "issue", "arguments": '{"pull": true}'}
    made = [
        await at.request(trigger="push", branch="main", sha=at.repo.head(), arguments={"paths": ["a.ipynb"]}),
        await at.command_row(said, "repair", columns),
        await at.command_row(asked, "help", columns),
    ]
    for request_id in made:
        await worked_on(at, request_id)
    for row in await at.rows("jobs"):
        await concluded(at, row["id"])
    return said, asked.id, number


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_fails_on_the_way_each_thing_is_there_once_and_every_check_is_concluded(
    tmp_path: Path, seed: int
) -> None:
    async with stage(tmp_path) as at:
        brew(at, seed)

        with capture_logs() as logs:
            said, _, number = await a_day(at)

        at.hub.faults.clear()
        assert not [line for line in logs if "ghs_" in repr(line) or "eyJ" in repr(line)], "no token in a log"
        assert sum(1 for line in at.hub.audit if line.fault) > 3, "the weather was bad"
        assert len(await at.jobs()) == 2
        assert sorted(run["external_id"] for run in at.repo.check_runs()) == ["job-1", "job-2"]
        assert {run["status"] for run in at.repo.check_runs()} == {"completed"}
        assert all(len(run["annotations"]) == 1 for run in at.repo.check_runs())
        assert len(at.ours(number)) == 1
        assert at.reactions(said) == ["eyes"]
        assert await watchdog.conclude_left_over(at.app) == 0
