from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert

from bot.commands import Fault
from tests.bot.github.stage import Stage, stage
from tests.fake_github import Fault as Weather
from tests.workers.contract import samples
from workers.contract import messages
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_github import Said


def speak(at: Stage, words: str) -> Said:
    number = at.repo.pulls()[0]["number"] if at.repo.pulls() else at.pull().number
    return at.repo.comment(number, words, by=at.ada)


async def test_help_lists_the_commands_and_settles_with_a_reaction(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        said = speak(at, "/repair help")

        request = await at.command(said, "help")

        assert request["state"] == "answered"
        assert "`/repair status`" in at.ours(1)[0]
        assert at.reactions(said) == ["rocket"]


async def test_c38_what_could_not_be_read_gets_one_fixed_sentence_and_nothing_of_its_words(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        said = speak(at, "/repair ../../etc/passwd")

        await at.command(said, "help", arguments={"problem": Fault.PATH.value})
        good = at.ours(1)[0]
        await at.command(said, "help", arguments={"problem": "$(rm -rf /) ../../etc/passwd @everyone"})

        assert Fault.PATH.value in good
        assert "passwd" not in at.ours(1)[0]
        assert "everyone" not in at.ours(1)[0]
        assert at.reactions(said) == ["confused"]


async def test_all_answers_of_a_thread_stand_in_one_comment_and_the_same_answer_costs_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        for verb in ("help", "help", "status", "status"):
            await at.command(speak(at, f"/repair {verb}"), verb)

        assert len(at.ours(1)) == 1
        assert len(at.hub.audit.calls("POST", "*/issues/*/comments")) == 1
        assert len(at.hub.audit.calls("PATCH", "*/issues/comments/*")) == 1


async def test_status_says_what_is_under_way_here_and_not_elsewhere(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.push(at.repo.head(), "a.ipynb")
        await at.command(speak(at, "/repair status"), "status")
        assert "Nothing is under way here." in at.ours(1)[0]

        request = await at.command(speak(at, "/repair"))
        await at.set_job(request["job_id"], progress='{"phase": "repairing", "iteration": 1, "of": 5}')
        await at.command(speak(at, "/repair status"), "status")

        assert "Repairing: iteration 1 of 5" in at.ours(1)[0]


async def test_stop_marks_what_is_worked_on_and_ends_what_waits_in_this_lane_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        elsewhere = await at.push(at.repo.head(), "a.ipynb")
        running = await at.command(speak(at, "/repair"))
        await at.begin_all()
        waiting = await at.command(speak(at, "/repair"), arguments={"paths": ["z.ipynb"]})

        await at.command(speak(at, "/repair stop"), "stop")

        rows = {row["id"]: (row["state"], row["stop"]) for row in await at.rows("jobs")}
        assert rows[running["job_id"]] == ("ready", True)
        assert rows[waiting["job_id"]] == ("cancelled", True)
        assert rows[elsewhere["job_id"]] == ("ready", False)
        assert "Stopping 2 jobs." in at.ours(1)[0]


async def test_after_stop_the_same_command_starts_anew(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        first = await at.command(speak(at, "/repair"))
        await at.begin_all()
        await at.command(speak(at, "/repair stop"), "stop")

        second = await at.command(speak(at, "/repair retry"), "retry")

        assert second["state"] == "attached"
        assert second["job_id"] != first["job_id"]


async def test_ignore_is_kept_once_and_taken_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        for _ in range(2):
            await at.command(speak(at, "/repair ignore docs"), "ignore", arguments={"paths": ["docs"]})
        (kept,) = await at.rows("ignored")
        assert (kept["kind"], kept["value"]) == ("path", "docs")

        await at.command(speak(at, "/repair unignore docs"), "unignore", arguments={"paths": ["docs"]})

        assert not await at.rows("ignored")
        assert "will be looked at again" in at.ours(1)[0]


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ("docs", {"other/b.ipynb", "docs2/c.ipynb", ""}),
        ("docs/a.ipynb", {"other/b.ipynb", "docs2/c.ipynb", ""}),
        (".", {""}),
        ("d%cs", {"docs/a.ipynb", "other/b.ipynb", "docs2/c.ipynb", ""}),
    ],
)
async def test_unignore_takes_back_what_closing_said_about_a_path_or_a_whole_folder(
    tmp_path: Path, named: str, left: set[str]
) -> None:
    async with stage(tmp_path) as at:
        rows = {
            "docs/a.ipynb": "closed:7",
            "other/b.ipynb": "expired:8",
            "docs2/c.ipynb": "reverted:9",
            "": "comment:1",
        }
        async with at.app.ledger.write() as connection:
            for artifact, why in rows.items():
                values = {"kind": "finding", "value": f"f-{why}", "artifact": artifact, "why": why, "created_at": 0.0}
                await connection.execute(insert(tables.ignored).values(repository_id=at.repo.id, **values))

        await at.command(speak(at, f"/repair unignore {named}"), "unignore", arguments={"paths": [named]})

        assert {row["artifact"] for row in await at.rows("ignored")} == left


async def test_words_after_the_command_are_the_guidance_of_the_job(tmp_path: Path) -> None:
    words = "Use the new client.\n\n- [ ] no warnings"
    async with stage(tmp_path) as at:
        await at.command(speak(at, "/repair"), arguments={"guidance": words})

        (job,) = await at.jobs()
        assert job.guidance == words


async def test_a_note_is_kept_with_the_request_and_runs_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        request = await at.command(speak(at, "/repair note keep seeds"), "note", arguments={"guidance": "keep seeds"})

        assert request["state"] == "answered"
        assert "keep seeds" in request["arguments"]
        assert not await at.jobs()


@pytest.mark.parametrize(
    ("finding", "found"), [(samples.finding().id, True), (samples.finding().id[:6], True), ("ffffffffffff", False)]
)
async def test_explain_speaks_of_a_finding_of_the_last_run(tmp_path: Path, finding: str, found: bool) -> None:
    async with stage(tmp_path) as at:
        request = await at.command(speak(at, "/repair"))
        run = samples.run()
        folder = at.app.runs / run.id
        folder.mkdir(parents=True)
        (folder / "run.json").write_bytes(messages.encode(messages.run_to_json(run)))
        await at.set_job(request["job_id"], state="finished", run_id=run.id)

        await at.command(speak(at, "/repair explain"), "explain", arguments={"finding": finding})

        assert (samples.finding().id in at.ours(1)[0]) is found
        assert ("No such finding" in at.ours(1)[0]) is not found


async def test_c47_a_thread_that_refuses_our_comment_is_asked_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.installation.restrict_permissions(issues="read", pull_requests="read")
        said = speak(at, "/repair help")

        states = [(await at.command(said, "help"))["state"] for _ in range(3)]

        assert states == ["answered"] * 3
        assert at.ours(1) == []
        assert len(at.hub.audit.calls("POST", "*/comments")) <= 1


async def test_our_comment_is_found_again_when_the_ledger_forgot_it_and_nobody_elses_is_taken_for_it(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as at:
        speak(at, "<!-- mendloop:sticky -->\nI am the bot")
        await at.command(speak(at, "/repair help"), "help")
        async with at.app.ledger.write() as connection:
            await connection.execute(delete(tables.comments))

        await at.command(speak(at, "/repair status"), "status")

        assert len(at.ours(1)) == 1
        assert "Nothing is under way" in at.ours(1)[0]
        assert at.repo.comments(1)[0]["body"].endswith("I am the bot")


async def test_a_comment_of_ours_that_somebody_deleted_is_written_anew_when_asked_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.command(speak(at, "/repair help"), "help")
        (ours,) = [comment for comment in at.repo.comments(1) if comment["user"]["type"] == "Bot"]
        del at.repo.state.comments[ours["id"]]

        await at.command(speak(at, "/repair status"), "status")

        assert len(at.ours(1)) == 1


@pytest.mark.parametrize(
    "fault", [Weather.REFUSED, Weather.APPLIED, Weather.RESET_AFTER, Weather.TRUNCATED, Weather.GARBAGE]
)
async def test_a_comment_whose_answer_was_lost_is_not_written_twice(tmp_path: Path, fault: Weather) -> None:
    async with stage(tmp_path) as at:
        said = speak(at, "/repair help")
        at.hub.faults.plan(fault, method="POST", path="*/issues/*/comments", count=1)

        request = await at.command(said, "help")
        assert request["state"] == "new"
        await at.dispatch(request["id"])

        assert len(at.ours(1)) == 1
