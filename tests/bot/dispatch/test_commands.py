from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot import dispatch
from tests.bot.github.stage import NOTEBOOK, stage
from tests.fake_github import Fault
from workers.contract.job import Aim, Trigger
from workers.contract.ledger import LostClaimError, tables

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_command_of_a_writer_is_seen_and_becomes_a_job_with_a_check_run(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        said = at.repo.comment(pull.number, "/repair", by=at.ada)

        request = await at.command(said)

        (job,) = await at.jobs()
        head = pull.look()["head"]["sha"]
        assert (request["state"], request["job_id"], request["sha"]) == ("attached", job.id, head)
        assert (job.lane, job.branch, job.sha, job.paths) == (f"pull/{pull.number}", "feature", head, ("new.ipynb",))
        assert (job.trigger, job.aim, job.pull_request) == (Trigger.COMMAND, Aim.PROPOSE, pull.number)
        assert at.reactions(said) == ["eyes"]
        (run,) = at.repo.check_runs(head)
        assert (run["status"], run["external_id"]) == ("in_progress", f"job-{job.id}")


async def test_the_reaction_comes_before_anything_else_is_written(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair", by=at.ada)

        await at.command(said)

        writes = [line.path.rpartition("/")[2] for line in at.hub.audit.writes()]
        assert writes == ["reactions", "check-runs"]


@pytest.mark.parametrize("level", ["none", "read", "triage"])
async def test_c28_a_command_of_somebody_who_may_not_write_costs_one_question_and_gets_no_answer(
    tmp_path: Path, level: str
) -> None:
    async with stage(tmp_path) as at:
        number = at.pull().number
        said = at.repo.comment(number, "/repair", by=at.eve)
        at.hub.permit(at.repo, at.eve, level)

        request = await at.command(said)

        assert request["state"] == "refused"
        assert not await at.rows("jobs")
        assert not at.hub.audit.writes()
        assert at.reactions(said) == []
        assert at.ours(number) == []
        reads = {line.path for line in at.hub.audit if line.method == "GET"}
        assert reads == {"/repos/octo-org/demo", "/repos/octo-org/demo/collaborators/eve/permission"}


async def test_c28_no_verb_at_all_is_answered_to_a_stranger(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        number = at.pull().number
        for verb in ("repair", "status", "help", "stop", "ignore", "note", "revert"):
            said = at.repo.comment(number, f"/repair {verb}", by=at.eve)
            request = await at.command(said, verb, arguments={"paths": ["a.ipynb"]})
            assert request["state"] == "refused"

        assert not at.hub.audit.writes()
        assert not await at.rows("ignored")


async def test_c34_a_login_that_went_to_somebody_else_since_lends_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair", by=at.ada)

        request = await at.command(said, actor_id=at.ada.id + 1000)

        assert request["state"] == "refused"
        assert not at.hub.audit.writes()


@pytest.mark.parametrize("level", ["write", "maintain", "admin"])
async def test_whoever_may_write_may_ask(tmp_path: Path, level: str) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair", by=at.eve)
        at.hub.permit(at.repo, at.eve, level)

        assert (await at.command(said))["state"] == "attached"


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.RESET, Fault.GARBAGE])
async def test_c30_while_authority_cannot_be_asked_nothing_runs_and_the_request_waits_without_losing_a_try(
    tmp_path: Path, fault: Fault
) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair", by=at.ada)
        at.hub.faults.plan(fault, path="*/permission")

        request = await at.command(said)

        assert (request["state"], request["tries"]) == ("new", 0)
        assert not await at.rows("jobs")
        assert not at.hub.audit.writes()
        at.hub.faults.clear()
        assert (await at.dispatch(request["id"]))["state"] == "attached"


async def test_h193_a_rate_limit_puts_the_request_back_until_it_ends_and_is_kept_for_other_processes(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair", by=at.ada)
        at.hub.faults.plan(Fault.PRIMARY_LIMIT, path="*/permission", seconds=1200, count=1)

        request = await at.command(said)

        wait = request["not_before"] - at.app.ledger.clock()
        assert request["state"] == "new"
        assert wait == pytest.approx(1200, abs=30)
        installation = await at.row("installations", at.installation.id)
        assert installation["limited_until"] == pytest.approx(request["not_before"], abs=5)
        before = len(at.hub.audit)
        await at.dispatch(request["id"])
        assert len(at.hub.audit) == before


async def test_c40_the_commit_that_was_there_when_the_command_was_heeded_is_the_one_that_counts(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        said = at.repo.comment(pull.number, "/repair", by=at.ada)
        seen = pull.look()["head"]["sha"]
        at.hub.faults.plan(Fault.REFUSED, path="*/files")
        first = await at.command(said)
        assert (first["state"], first["sha"]) == ("new", seen)

        at.repo.push("feature", {"evil.ipynb": NOTEBOOK})
        at.hub.faults.clear()
        request = await at.dispatch(first["id"])

        assert request["state"] == "refused"
        assert not await at.rows("jobs")
        assert "ask again" in at.ours(pull.number)[0]


async def test_c40_a_fork_that_was_pushed_to_after_the_command_is_not_looked_at(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        fork = at.repo.fork(at.eve)
        fork.push("topic", {"x.ipynb": NOTEBOOK}, by=at.eve)
        pull = at.repo.open_pull("topic", by=at.eve, from_fork=fork)
        at.hub.clock.advance(10)
        said = at.repo.comment(pull.number, "/repair", by=at.ada)
        asked_at = at.repo.comments(pull.number)[0]["created_at"]
        at.hub.clock.advance(10)
        fork.push("topic", {"x.ipynb": NOTEBOOK + b" "}, by=at.eve)

        late = await at.command(said, arguments={"asked_at": asked_at})
        again = at.repo.comments(pull.number)[0]["created_at"]

        assert late["state"] == "refused"
        assert not await at.rows("jobs")
        at.hub.clock.advance(10)
        second = at.repo.comment(pull.number, "/repair", by=at.ada)
        asked_at = at.repo.comments(pull.number)[-1]["created_at"]
        assert asked_at > again
        assert (await at.command(second, arguments={"asked_at": asked_at}))["state"] == "attached"
        (job,) = await at.jobs()
        assert job.aim is Aim.REPORT, "nothing can be pushed to a fork"


@pytest.mark.parametrize("how", ["locked", "closed", "merged", "draft"])
async def test_c45_a_command_where_nothing_is_to_be_done_any_more_writes_nothing(tmp_path: Path, how: str) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        said = at.repo.comment(pull.number, "/repair", by=at.ada)
        {"locked": pull.lock, "closed": pull.close, "merged": pull.merge, "draft": pull.to_draft}[how]()

        request = await at.command(said)

        assert request["state"] == "refused"
        assert not await at.rows("jobs")
        assert not at.hub.audit.writes()


async def test_a_command_on_an_issue_is_about_the_default_branch(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        number = at.repo.open_issue("stale", by=at.ada)
        said = at.repo.comment(number, "/repair docs", by=at.ada)

        await at.command(
            said,
            pull=False,
            arguments={"paths": ["docs"], "guidance": "use the new client", "iterations": 2, "engine": "codex"},
        )

        (job,) = await at.jobs()
        assert (job.lane, job.branch, job.sha, job.paths) == ("main", "main", at.repo.head(), ("docs",))
        assert (job.guidance, job.iterations, job.engine, job.pull_request) == ("use the new client", 2, "codex", None)


async def test_a_command_without_paths_on_a_pull_request_that_changes_no_notebook_is_told_what_to_do(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as at:
        at.repo.push("words", {"README.md": b"x"}, by=at.ada)
        pull = at.repo.open_pull("words", by=at.ada)
        said = at.repo.comment(pull.number, "/repair", by=at.ada)

        request = await at.command(said)

        assert request["state"] == "refused"
        assert "/repair <path>" in at.ours(pull.number)[0]
        assert at.reactions(said) == ["confused"]


async def test_a_repository_without_a_configuration_answers_a_writer_and_nobody_else(tmp_path: Path) -> None:
    async with stage(tmp_path, config=None) as at:
        pull = at.pull()
        assert (await at.pull_request(pull))["state"] == "refused"
        assert (await at.push(at.repo.head(), "a.ipynb"))["state"] == "refused"
        assert not at.hub.audit.writes()

        request = await at.command(at.repo.comment(pull.number, "/repair", by=at.ada))

        assert request["state"] == "refused"
        assert ".github/mendloop.yml" in at.ours(pull.number)[0]


async def test_more_runs_than_the_owner_allows_in_an_hour_are_refused_and_told_once(tmp_path: Path) -> None:
    async with stage(tmp_path, config="github:\n  commands_per_hour: 2\n") as at:
        pull = at.pull()
        states: list[str] = []
        for index in range(5):
            said = at.repo.comment(pull.number, "/repair", by=at.ada)
            states.append((await at.command(said, arguments={"paths": [f"{index}.ipynb"]}))["state"])
            await at.begin_all()

        assert states == ["attached", "attached", "refused", "refused", "refused"]
        assert len(at.ours(pull.number)) == 1
        told = at.hub.audit.calls("POST", "*/issues/*/comments") + at.hub.audit.calls("PATCH", "*/issues/comments/*")
        assert len(told) == 1


async def test_c44_a_thousand_commands_for_the_same_thing_are_one_run_and_no_comment(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        said = at.repo.comment(pull.number, "/repair", by=at.ada)

        for _ in range(8):
            assert (await at.command(said))["state"] == "attached"

        assert len(await at.jobs()) == 1
        assert len(at.repo.check_runs()) == 1
        assert at.ours(pull.number) == []


async def test_the_same_request_dispatched_again_after_a_crash_is_one_job(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        said = at.repo.comment(pull.number, "/repair", by=at.ada)
        at.hub.faults.plan(Fault.APPLIED, method="POST", path="*/reactions", count=1)

        first = await at.command(said)
        assert first["state"] == "new"
        second = await at.dispatch(first["id"])

        assert second["state"] == "attached"
        assert len(await at.jobs()) == 1
        assert at.reactions(said) == ["eyes"]


async def test_continue_is_another_round_on_a_pull_request_of_ours_and_nowhere_else(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        said = at.repo.comment(pull.number, "/repair continue keep the seed", by=at.ada)
        arguments = {"guidance": "keep the seed"}

        refused = await at.command(said, "continue", trigger="follow_up", arguments=arguments)
        await at.publish(pull)
        attached = await at.command(said, "continue", trigger="follow_up", arguments=arguments)

        assert (refused["state"], attached["state"]) == ("refused", "attached")
        (job,) = await at.jobs()
        assert (job.trigger, job.guidance, job.lane, job.branch) == (
            Trigger.FOLLOW_UP,
            "keep the seed",
            "main",
            "feature",
        )
        assert job.pull_request == pull.number


@pytest.mark.parametrize("verb", ["rebase", "recreate", "revert"])
async def test_what_is_about_the_publication_goes_past_the_loop(tmp_path: Path, verb: str) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        await at.publish(pull)
        said = at.repo.comment(pull.number, f"/repair {verb}", by=at.ada)

        request = await at.command(said, verb)

        row = await at.row("jobs", request["job_id"])
        assert (row["state"], row["run_id"], row["progress"], row["lane"]) == ("ran", "", f'{{"do": "{verb}"}}', "main")
        assert at.repo.check_runs() == []


async def test_what_was_merged_can_still_be_taken_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        await at.publish(pull)
        pull.merge()
        said = at.repo.comment(pull.number, "/repair revert", by=at.ada)

        assert (await at.command(said, "revert"))["state"] == "attached"
        assert (await at.command(said, "repair"))["state"] == "refused"


@pytest.mark.parametrize("verb", ["repair", "help"])
async def test_h214_who_was_stopped_for_longer_than_the_lease_writes_nothing(tmp_path: Path, verb: str) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair", by=at.ada)
        columns = {"number": said.state.number, "comment_kind": "issue", "arguments": '{"pull": true}'}
        request_id = await at.command_row(said, verb, columns)
        late = await at.app.ledger.claim(tables.requests, ("new",), "github-1", lease_s=0.0)
        current = await at.app.ledger.claim(tables.requests, ("new",), "github-2", lease_s=60)
        assert late is not None
        assert current is not None

        with pytest.raises(LostClaimError):
            await dispatch.handle(at.app, late)

        assert not at.hub.audit.writes()
        assert not await at.rows("jobs")
        await dispatch.handle(at.app, current)
        assert (await at.row("requests", request_id))["state"] in {"attached", "answered"}
