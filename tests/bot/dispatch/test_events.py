from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot import watchdog, windows
from tests.bot.github.stage import NOTEBOOK, Stage, stage
from tests.fake_github import Fault, branches
from tests.fake_github.git import Entry
from workers.contract.config_github import Sweep
from workers.contract.job import Aim, Trigger

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_push_to_the_default_branch_is_one_job_for_what_it_changed(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        sha = at.repo.push("main", {"a.ipynb": NOTEBOOK + b" "}, by=at.ada)

        request = await at.push(sha, "a.ipynb", "notes.txt")

        (job,) = await at.jobs()
        assert request["state"] == "attached"
        assert (job.lane, job.branch, job.sha, job.paths) == ("main", "main", sha, ("a.ipynb",))
        assert (job.trigger, job.aim, job.repository) == (Trigger.PUSH, Aim.PROPOSE, "octo-org/demo")
        assert job.configuration == "mode: pr\n"
        assert [run["external_id"] for run in at.repo.check_runs(sha)] == [f"job-{job.id}"]


async def test_a_push_that_changes_nothing_we_keep_true_still_gets_its_check(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        sha = at.repo.head()
        for _ in range(2):
            await at.push(sha, "notes.txt")

        assert not await at.jobs()
        conclusions = [(run["conclusion"], run["output"]["title"]) for run in at.repo.check_runs(sha)]
        assert conclusions == [("success", "Nothing to do")] * 2


async def test_a_pull_request_is_judged_and_never_written_to(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()

        await at.pull_request(pull)

        (job,) = await at.jobs()
        assert (job.aim, job.lane, job.paths) == (Aim.REPORT, f"pull/{pull.number}", ("new.ipynb",))
        assert [line.path for line in at.hub.audit.writes()] == ["/repos/octo-org/demo/check-runs"]


async def test_c42_the_configuration_is_the_default_branchs_whatever_the_pull_request_says(tmp_path: Path) -> None:
    async with stage(tmp_path, config="mode: report\n") as at:
        at.repo.push("feature", {".github/mendloop.yml": b"mode: pr\njobs: 200\n"}, by=at.ada)

        await at.pull_request(at.pull())

        (job,) = await at.jobs()
        assert job.configuration == "mode: report\n"


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        ("mode: everything\n", "mode"),
        ("unknown_key: 1\n", "unknown_key"),
        ("a: &a [1]\nb: *a\n", "mendloop.yml"),
        ("x: !!python/object:os.system {}\n", "mendloop.yml"),
        ("# " + "x" * 70_000, "65536"),
    ],
)
async def test_c43_a_mistake_in_the_configuration_is_shown_and_nothing_runs(
    tmp_path: Path, config: str, shown: str
) -> None:
    async with stage(tmp_path, config=config) as at:
        pull = at.pull()

        pushed = await at.push(at.repo.head(), "a.ipynb")
        judged = await at.pull_request(pull)
        said = at.repo.comment(pull.number, "/repair", by=at.ada)
        asked = await at.command(said)

        assert {pushed["state"], judged["state"], asked["state"]} == {"refused"}
        assert not await at.jobs()
        for run in at.repo.check_runs():
            assert run["conclusion"] == "action_required"
            assert shown in run["output"]["summary"]
        assert shown in at.ours(pull.number)[0]
        assert at.reactions(said) == ["confused"]


async def test_a_configuration_that_is_a_link_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, config=None) as at:
        git = at.repo.git
        link = git.blob(b"../elsewhere.yml")
        at.repo.push("main", {"elsewhere.yml": b"mode: pr\n"})
        sha = make_link(at, link)

        request = await at.push(sha, "a.ipynb")

        assert request["state"] == "refused"
        assert "symlink" in request["reason"]
        assert not await at.jobs()


def make_link(at: Stage, blob: str) -> str:
    """A commit in which the configuration is a symbolic link."""
    world, repo = at.repo.world, at.repo
    actor = repo.actor(at.ada)
    with world.lock:
        parent = repo.head()
        tree = repo.git.write_tree(parent, [Entry(".github/mendloop.yml", blob, "120000")])
        person = branches.signature(world, actor)
        sha = repo.git.write_commit(tree, [parent], "Link", person, person)
        branches.move(world, repo.state, actor, "refs/heads/main", sha, old=parent)
    return sha


@pytest.mark.parametrize(
    "ignore",
    ["authors: [ADA]", 'titles: ["WIP*"]', "labels: [No-Bot]"],
)
async def test_what_the_owner_wants_left_alone_starts_nothing_but_a_command_does(tmp_path: Path, ignore: str) -> None:
    async with stage(tmp_path, config=f"github:\n  ignore:\n    {ignore}\n") as at:
        pull = at.pull(title="WIP: change")
        pull.label("no-bot")

        request = await at.pull_request(pull)

        assert request["state"] == "refused"
        assert "ignored" in request["reason"]
        assert not at.hub.audit.writes()
        said = at.repo.comment(pull.number, "/repair", by=at.ada)
        assert (await at.command(said))["state"] == "attached"


async def test_a_pull_request_of_somebody_else_is_not_ignored(tmp_path: Path) -> None:
    config = 'github:\n  ignore:\n    authors: [bob]\n    titles: ["WIP*"]\n    labels: [no-bot]\n'
    async with stage(tmp_path, config=config) as at:
        assert (await at.pull_request(at.pull(title="Change")))["state"] == "attached"


@pytest.mark.parametrize("key", ["on_push", "on_pull_request"])
async def test_events_the_owner_switched_off_start_nothing(tmp_path: Path, key: str) -> None:
    async with stage(tmp_path, config=f"github:\n  {key}: false\n") as at:
        states = (await at.push(at.repo.head(), "a.ipynb"))["state"], (await at.pull_request(at.pull()))["state"]

        assert states == (("refused", "attached") if key == "on_push" else ("attached", "refused"))


async def test_ignored_paths_are_left_alone_and_their_folders_with_them(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        said = at.repo.comment(at.pull().number, "/repair ignore docs", by=at.ada)
        await at.command(said, "ignore", arguments={"paths": ["docs"]})

        await at.push(at.repo.head(), "docs/b.ipynb", "docsy.ipynb")

        (job,) = await at.jobs()
        assert job.paths == ("docsy.ipynb",)


async def test_a_pull_request_that_moved_on_or_is_a_draft_is_not_judged(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        pull = at.pull()
        old = pull.look()["head"]["sha"]
        at.repo.push("feature", {"c.ipynb": NOTEBOOK}, by=at.ada)

        assert (await at.pull_request(pull, sha=old))["state"] == "refused"
        pull.to_draft()
        assert (await at.pull_request(pull))["state"] == "refused"
        assert not await at.jobs()


async def test_a_later_push_takes_the_place_of_a_job_that_nobody_has_begun(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        first = at.repo.push("main", {"a.ipynb": NOTEBOOK + b" "}, by=at.ada)
        one = await at.push(first, "a.ipynb")
        second = at.repo.push("main", {"c.ipynb": NOTEBOOK}, by=at.ada)

        two = await at.push(second, "c.ipynb")

        old, new = sorted(await at.rows("jobs"), key=lambda row: row["id"])
        assert (old["state"], new["state"]) == ("cancelled", "ready")
        job = (await at.jobs())[-1]
        assert (job.sha, job.paths) == (second, ("a.ipynb", "c.ipynb"))
        assert (await at.row("requests", one["id"]))["job_id"] == two["job_id"] == new["id"]


async def test_a_job_that_somebody_works_on_is_not_changed_under_them(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.push(at.repo.head(), "a.ipynb")
        (before,) = await at.jobs()
        await at.begin_all()

        await at.push(at.repo.head(), "docs/b.ipynb")

        assert (await at.jobs())[0] == before
        assert [row["state"] for row in await at.rows("jobs")] == ["ready", "ready"]


async def test_h215_the_same_artifact_from_a_push_a_command_and_a_sweep_at_once_is_one_run(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        number = at.repo.open_issue("stale", by=at.ada)
        said = at.repo.comment(number, "/repair", by=at.ada)
        moment = await swept_at(at)

        await at.request(trigger="sweep", branch="main", arguments={"paths": [], "at": moment})
        requests = [await at.dispatch(1), await at.push(at.repo.head(), "a.ipynb"), await at.command(said, pull=False)]

        assert {request["state"] for request in requests} == {"attached"}
        assert len(await at.jobs()) == 1
        assert len(at.repo.check_runs()) == 1


async def swept_at(at: Stage) -> float:
    """A moment of the default schedule."""
    moment = windows.next_sweep_at(Sweep(), at.repo.id, at.app.ledger.clock() - 8 * 86_400)
    assert moment is not None
    return moment


async def test_a_sweep_looks_at_everything_and_the_next_one_is_kept(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        made = await at.request(trigger="sweep", branch="main", arguments={"paths": [], "at": await swept_at(at)})

        await at.dispatch(made)

        (job,) = await at.jobs()
        assert (job.trigger, job.paths, job.sha) == (Trigger.SWEEP, (), at.repo.head())
        kept = (await at.row("repositories", at.repo.id))["next_sweep_at"]
        assert kept == windows.next_sweep_at(Sweep(), at.repo.id, at.app.ledger.clock())


async def test_what_waited_for_room_is_looked_at_at_any_time_by_its_names_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, config="mode: pr\ngithub:\n  sweep:\n    every: never\n") as at:
        made = await at.request(trigger="sweep", branch="main", arguments={"paths": ["docs/b.ipynb", "gone.txt"]})

        assert (await at.dispatch(made))["state"] == "attached"

        (job,) = await at.jobs()
        assert (job.trigger, job.paths, job.sha) == (Trigger.SWEEP, ("docs/b.ipynb",), at.repo.head())


async def test_a_sweep_that_was_only_asked_for_to_read_the_schedule_runs_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, config="github:\n  sweep:\n    every: never\n") as at:
        made = await at.request(trigger="sweep", branch="main", arguments={"paths": [], "at": 0})

        assert (await at.dispatch(made))["state"] == "refused"

        assert not await at.jobs()
        assert (await at.row("repositories", at.repo.id))["next_sweep_at"] == windows.NEVER


@pytest.mark.parametrize(
    "how", ["archived", "blocked", "removed", "suspended", "uninstalled", "deleted", "transferred"]
)
async def test_h206_where_access_ended_the_request_ends_with_its_reason_and_nothing_is_written(
    tmp_path: Path, how: str
) -> None:
    async with stage(tmp_path) as at:
        sha = at.repo.head()
        {
            "archived": at.repo.archive,
            "blocked": at.repo.block,
            "removed": lambda: at.installation.remove(at.repo),
            "suspended": at.installation.suspend,
            "uninstalled": at.installation.delete,
            "deleted": at.repo.delete,
            "transferred": lambda: at.repo.transfer("elsewhere"),
        }[how]()

        request = await at.push(sha, "a.ipynb")

        assert request["state"] == "refused"
        assert request["reason"]
        assert not await at.jobs()
        assert not at.hub.audit.writes()


async def test_an_empty_repository_is_left_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        empty = at.hub.repository("octo-org/empty", installation=at.installation)

        request = await at.push("a" * 40, "a.ipynb", repository_id=empty.id)

        assert request["state"] == "refused"
        assert not at.hub.audit.writes()


async def test_h203_a_repository_renamed_since_is_found_by_its_number(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.push(at.repo.head(), "a.ipynb")
        at.repo.rename("renamed")

        await at.push(at.repo.head(), "docs/b.ipynb")

        assert len(at.repo.check_runs()) >= 1
        assert (await at.jobs())[-1].repository_id == at.repo.id


async def test_h106_a_default_branch_with_a_slash_is_a_branch_like_any_other(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        sha = at.repo.push("rel/1.x-é", {".github/mendloop.yml": b"mode: report\n"}, by=at.ada)
        at.repo.default_branch = "rel/1.x-é"
        said = at.repo.comment(at.repo.open_issue("stale", by=at.ada), "/repair", by=at.ada)

        await at.command(said, pull=False)
        other = await at.push(at.repo.head("main"), "a.ipynb")

        (job,) = await at.jobs()
        assert (job.branch, job.lane, job.sha, job.configuration) == ("rel/1.x-é", "rel/1.x-é", sha, "mode: report\n")
        assert other["state"] == "refused"


async def test_a_dry_run_does_everything_but_write(tmp_path: Path) -> None:
    async with stage(tmp_path, dry_run=True) as at:
        pull = at.pull()
        await at.push(at.repo.head(), "a.ipynb")
        await at.push(at.repo.head(), "notes.txt")
        await at.command(at.repo.comment(pull.number, "/repair", by=at.ada))
        await at.command(at.repo.comment(pull.number, "/repair help", by=at.ada), "help")

        assert len(await at.jobs()) == 2
        assert not at.hub.audit.writes()


async def test_h196_every_token_names_one_repository_and_what_it_is_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.command(at.repo.comment(at.pull().number, "/repair", by=at.ada))

        minted = at.hub.audit.calls("POST", "*/access_tokens")
        assert minted
        for line in minted:
            assert line.body["repository_ids"] == [at.repo.id]
            assert line.body["permissions"]


async def test_h220_a_check_run_that_is_refused_does_not_fail_the_work(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.installation.restrict_permissions(checks="read")

        request = await at.push(at.repo.head(), "a.ipynb")

        assert request["state"] == "attached"
        (job,) = await at.rows("jobs")
        assert (job["state"], job["check_state"]) == ("ready", "concluded")


async def test_a_check_run_whose_making_was_not_answered_is_found_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.hub.faults.plan(Fault.APPLIED, method="POST", path="*/check-runs", count=1)
        request = await at.push(at.repo.head(), "a.ipynb")
        assert (await at.row("jobs", request["job_id"]))["check_state"] == "intended"

        assert await watchdog.show_progress(at.app, {}) == 0, "not so soon"
        await at.set_job(request["job_id"], created_at=0)
        await watchdog.show_progress(at.app, {})

        assert (await at.row("jobs", request["job_id"]))["check_state"] == "open"
        assert len(at.repo.check_runs()) == 1
