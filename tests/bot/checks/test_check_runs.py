from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot import check_run, watchdog
from bot.github import Purpose, Unavailable
from tests.bot.github.stage import NOTEBOOK, Stage, stage
from tests.fake_github import Fault
from tests.workers.contract import samples
from workers.contract import messages
from workers.contract.domain import Fresh, Repaired, Run, StopReason, Unrepaired

if TYPE_CHECKING:
    from pathlib import Path

STALE = samples.run(samples.report(Repaired(iteration=1), records=(samples.record(),)))


def of_many(count: int) -> Run:
    """A run with so many findings."""
    return samples.run(
        replace(samples.report(Fresh()), findings=tuple(samples.finding(f"finding {n}") for n in range(count)))
    )


async def judged(at: Stage) -> dict[str, Any]:
    """A pull request under judgement: the row of its job."""
    return await at.row("jobs", (await at.pull_request(at.pull()))["job_id"])


def only_run(at: Stage) -> dict[str, Any]:
    (run,) = at.repo.check_runs()
    return run


async def test_a_finished_run_concludes_its_check_with_table_annotations_and_buttons(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)

        await check_run.conclude(at.app, row, STALE)

        run = only_run(at)
        assert (run["status"], run["conclusion"]) == ("completed", "neutral")
        assert "| `a.ipynb` | repaired |" in run["output"]["summary"]
        assert [note["start_line"] for note in run["annotations"]] == [21]
        assert [action["identifier"] for action in run["actions"]] == ["repair", "ignore", "explain"]
        assert run["details_url"] == f"https://mendloop.example/jobs/{row['id']}"
        assert (await at.row("jobs", row["id"]))["check_state"] == "concluded"


async def test_the_text_is_what_the_pull_request_would_say(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        folder = at.app.runs / STALE.id / "deliverable"
        folder.mkdir(parents=True)
        (folder / "pull_request.md").write_text("# mendloop\n\nwhat was wrong")

        await check_run.conclude(at.app, row, STALE)

        assert only_run(at)["output"]["text"] == "# mendloop\n\nwhat was wrong"


async def test_concluding_twice_is_concluding_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        for _ in range(2):
            await check_run.conclude(at.app, row, STALE)

        assert len(at.hub.audit.calls("PATCH", "*/check-runs/*")) == 1


@pytest.mark.parametrize("count", [50, 51, 120, 150])
async def test_annotations_go_in_batches_of_fifty(tmp_path: Path, count: int) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)

        await check_run.conclude(at.app, row, of_many(count))

        assert len(only_run(at)["annotations"]) == count
        sizes = [
            len(line.body["output"].get("annotations", [])) for line in at.hub.audit.calls("PATCH", "*/check-runs/*")
        ]
        assert max(sizes) <= 50
        assert sum(sizes) == count


async def test_a_batch_whose_answer_was_lost_is_not_sent_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        at.hub.faults.plan(Fault.APPLIED, method="PATCH", path="*/check-runs/*", count=1, after=1)

        with pytest.raises(Unavailable):
            await check_run.conclude(at.app, row, of_many(120))
        await check_run.conclude(at.app, row, of_many(120))

        messages_ = [note["message"] for note in only_run(at)["annotations"]]
        assert len(messages_) == len(set(messages_)) == 120
        assert only_run(at)["status"] == "completed"


async def test_every_way_of_making_one_leaves_exactly_one_check_run(tmp_path: Path) -> None:
    for fault in (Fault.REFUSED, Fault.APPLIED, Fault.RESET, Fault.RESET_AFTER, Fault.TRUNCATED, Fault.GARBAGE):
        folder = tmp_path / fault.value
        folder.mkdir()
        async with stage(folder) as at:
            at.hub.faults.plan(fault, method="POST", path="*/check-runs", count=1)
            row = await judged(at)

            await check_run.conclude(at.app, row, STALE)

            assert [run["status"] for run in at.repo.check_runs()] == ["completed"], fault


async def test_the_checker_catches_a_maker_that_does_not_look_first(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.hub.faults.plan(Fault.APPLIED, method="POST", path="*/check-runs", count=1)
        row = await judged(at)

        async with at.app.github.repository(at.installation.id, at.repo.id, Purpose.CHECK) as api:
            head, external = at.repo.pulls()[0]["head"]["sha"], check_run.external_id(row["id"])
            await api.post("/check-runs", {"name": check_run.NAME, "head_sha": head, "external_id": external})

        assert len(at.repo.check_runs()) == 2


@pytest.mark.parametrize(
    ("end", "conclusion"),
    [
        ({"state": "parked"}, "neutral"),
        ({"state": "finished"}, "neutral"),
        ({"state": "cancelled"}, "cancelled"),
        ({"state": "parked", "stop": True}, "cancelled"),
    ],
)
async def test_the_watchdog_concludes_what_a_dead_job_left_open(
    tmp_path: Path, end: dict[str, Any], conclusion: str
) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        await at.set_job(row["id"], **end, reason="three tries failed", updated_at=0)

        assert await watchdog.conclude_left_over(at.app) == 1
        assert await watchdog.conclude_left_over(at.app) == 0

        run = only_run(at)
        assert (run["status"], run["conclusion"]) == ("completed", conclusion)
        assert "three tries failed" in run["output"]["summary"]


async def test_the_watchdog_shows_the_run_of_a_finished_job_where_there_is_one(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        keep(at, STALE)
        await at.set_job(row["id"], state="finished", run_id=STALE.id, updated_at=0)

        await watchdog.conclude_left_over(at.app)

        assert "repaired" in only_run(at)["output"]["title"]


def keep(at: Stage, run: Run) -> None:
    """The run in the run store."""
    folder = at.app.runs / run.id
    folder.mkdir(parents=True)
    (folder / "run.json").write_bytes(messages.encode(messages.run_to_json(run)))


async def test_the_watchdog_leaves_a_job_alone_that_is_under_way_or_has_just_ended(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        assert await watchdog.conclude_left_over(at.app) == 0
        await at.set_job(row["id"], state="finished", updated_at=at.app.ledger.clock())

        assert await watchdog.conclude_left_over(at.app) == 0
        assert only_run(at)["status"] == "in_progress"


async def test_a_job_nobody_touched_for_hours_is_parked_and_its_check_concluded(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        assert await watchdog.give_up_stuck(at.app) == 0
        await at.set_job(row["id"], updated_at=0, tries=1)

        assert await watchdog.give_up_stuck(at.app) == 1
        await at.set_job(row["id"], updated_at=0)
        await watchdog.conclude_left_over(at.app)

        assert (await at.row("jobs", row["id"]))["state"] == "parked"
        assert only_run(at)["conclusion"] == "neutral"


async def test_a_check_run_in_a_repository_that_is_gone_is_given_up_without_a_storm(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        at.repo.archive()

        await check_run.conclude(at.app, row, STALE)
        before = len(at.hub.audit)
        await check_run.conclude(at.app, await at.row("jobs", row["id"]), STALE)

        assert len(at.hub.audit) == before
        assert (await at.row("jobs", row["id"]))["check_state"] == "concluded"


async def test_progress_is_shown_when_it_changed_and_costs_nothing_when_it_did_not(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        shown: dict[int, str] = {}
        assert await watchdog.show_progress(at.app, shown) == 0
        now = {
            "phase": "repairing",
            "iteration": 2,
            "of": 5,
            "artifacts": 7,
            "done": 3,
            "elapsed_s": 12.0,
            "artifact": "a.ipynb",
        }
        await at.set_job(row["id"], progress=json.dumps(now), lease_owner="loop-1")

        assert [await watchdog.show_progress(at.app, shown) for _ in range(3)] == [1, 0, 0]

        run = only_run(at)
        assert run["status"] == "in_progress"
        assert run["output"]["title"] == "Repairing: iteration 2 of 5"
        assert "3 of 7 artifacts done" in run["output"]["summary"]


async def test_requests_whose_job_ended_without_answering_are_answered(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair", by=at.ada)
        request = await at.command(said)
        await at.set_job(request["job_id"], state="parked", updated_at=0)

        assert await watchdog.answer_left_over(at.app) == 1
        assert await watchdog.answer_left_over(at.app) == 0

        assert (await at.row("requests", request["id"]))["state"] == "answered"
        assert at.reactions(said) == ["confused"]


@pytest.mark.parametrize(
    ("mode", "buttons"), [("report", []), ("suggest", ["ignore", "explain"]), ("pr", ["repair", "ignore", "explain"])]
)
async def test_buttons_are_the_owners_choice(tmp_path: Path, mode: str, buttons: list[str]) -> None:
    async with stage(tmp_path, config=f"mode: {mode}\n") as at:
        await check_run.conclude(at.app, await judged(at), STALE)

        assert [action["identifier"] for action in only_run(at)["actions"]] == buttons


async def test_the_repair_button_is_a_job_that_proposes_for_the_commit_it_was_pressed_at(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        await check_run.conclude(at.app, row, STALE)
        await at.set_job(row["id"], state="finished")
        run = only_run(at)
        button = {"trigger": "button", "verb": "repair", "check_run_id": run["id"], "sha": run["head_sha"]}

        request = await at.dispatch(await at.request(**button))

        first, second = await at.jobs()
        assert request["state"] == "attached"
        assert (second.aim.value, second.sha, second.paths, second.lane) == (
            "propose",
            first.sha,
            first.paths,
            first.lane,
        )
        at.repo.push("feature", {"more.ipynb": NOTEBOOK}, by=at.ada)
        late = await at.dispatch(await at.request(**button))
        assert late["state"] == "refused"
        assert len(await at.jobs()) == 2


async def test_ignore_and_explain_are_answered_from_the_run_of_the_check(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        keep(at, STALE)
        await check_run.conclude(at.app, row, STALE)
        await at.set_job(row["id"], state="finished", run_id=STALE.id)
        run, number = only_run(at), 1
        button = {"trigger": "button", "check_run_id": run["id"], "sha": run["head_sha"], "number": number}

        explained = await at.dispatch(await at.request(verb="explain", **button))
        assert explained["state"] == "answered"
        assert samples.finding().id in at.ours(number)[0]
        ignored = await at.dispatch(await at.request(verb="ignore", **button))

        assert ignored["state"] == "answered"
        rows = await at.rows("ignored")
        assert [(kept["kind"], kept["value"], kept["artifact"]) for kept in rows] == [
            ("finding", samples.finding().id, "a.ipynb")
        ]
        assert len(at.ours(number)) == 1


async def test_a_button_of_a_push_is_answered_in_its_check_run(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        request = await at.push(at.repo.head(), "a.ipynb")
        row = await at.row("jobs", request["job_id"])
        stale = samples.run(samples.report(Unrepaired(remaining=(samples.LEFT,), reason=StopReason.NEEDS_HUMAN)))
        keep(at, stale)
        await check_run.conclude(at.app, row, stale)
        await at.set_job(row["id"], state="finished", run_id=stale.id)
        run = only_run(at)
        assert run["conclusion"] == "action_required"

        await at.dispatch(
            await at.request(trigger="button", verb="explain", check_run_id=run["id"], sha=run["head_sha"])
        )

        assert samples.finding().id in only_run(at)["output"]["summary"]
        assert only_run(at)["conclusion"] == "action_required"


async def test_a_rerun_judges_the_same_commit_as_far_as_before(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        row = await judged(at)
        await check_run.conclude(at.app, row, STALE)
        await at.set_job(row["id"], state="finished")
        run = only_run(at)

        await at.dispatch(await at.request(trigger="rerun", check_run_id=run["id"], sha=run["head_sha"]))

        first, second = await at.jobs()
        assert (second.sha, second.aim, second.paths) == (first.sha, first.aim, first.paths)
        assert len(at.repo.check_runs(first.sha)) == 2
