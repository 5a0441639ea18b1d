from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot import identity
from bot.publications import State
from tests.bot.publish.scene import CONFIG, MENDED, STALE, Mended, notebook
from workers.contract.job import Aim, Trigger

if TYPE_CHECKING:
    from tests.bot.publish.scene import Scene

B_BEFORE, B_AFTER = notebook("y = np.int"), notebook("y = int")
B = Mended(path="docs/b.ipynb", before=B_BEFORE, after=B_AFTER, rules=("numpy/int",))
PANDAS = Mended(path="docs/b.ipynb", before=B_BEFORE, after=B_AFTER, rules=("pandas/append",))


async def test_a_repaired_notebook_becomes_one_pull_request_with_a_verified_commit_of_exactly_the_proven_bytes(
    at: Scene,
) -> None:
    base = at.repo.head("main")
    job = await at.ran(Mended())

    await at.settle()

    (pull,) = at.repo.pulls()
    assert at.repo.file(pull["head"]["ref"], "a.ipynb") == MENDED
    assert at.repo.file("main", "a.ipynb") == STALE
    newest, *older = at.repo.commits(pull["head"]["ref"])
    assert [commit["sha"] for commit in older] == [commit["sha"] for commit in at.repo.commits(base)]
    assert newest["commit"]["verification"]["verified"]
    assert (await at.job(job))["state"] == "finished"
    (publication,) = await at.publications()
    assert (publication.state, publication.number, publication.tip) == (State.OPEN, pull["number"], newest["sha"])
    said = identity.parse(pull["body"])
    assert said is not None
    assert (said.publication, said.tip, said.base_sha) == (publication.id, newest["sha"], base)
    assert [label["name"] for label in pull["labels"]] == ["mendloop"]
    assert [run["status"] for run in at.repo.check_runs(base)] == ["completed"]


async def test_the_same_run_again_writes_nothing(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    before = at.writes()

    await at.ran(Mended())
    await at.settle()

    assert at.writes() == before
    assert [row["reason"] for row in await at.rows_of_jobs()] == ["proposed", "unchanged"]


async def test_artifacts_of_one_cause_share_a_pull_request_with_a_commit_each(at: Scene) -> None:
    await at.ran(Mended(), B)

    await at.settle()

    (pull,) = at.repo.pulls()
    subjects = [commit["commit"]["message"].splitlines()[0] for commit in at.repo.commits(pull["head"]["ref"])]
    assert subjects[:2] == ["Repair docs/b.ipynb", "Repair a.ipynb"]
    assert at.repo.file(pull["head"]["ref"], "docs/b.ipynb") == B_AFTER


async def test_of_two_causes_the_second_waits_for_the_limit_of_open_pull_requests_unless_a_writer_asked(
    at: Scene,
) -> None:
    await at.ran(Mended(), PANDAS)
    await at.settle()
    assert len(at.repo.pulls()) == 1

    job = await at.ran(Mended(), PANDAS, trigger=Trigger.COMMAND)
    await at.asked(job, at.ada, number=1)
    await at.settle()

    assert len(at.repo.pulls()) == 2
    assert {row["state"] for row in await at.rows_of_requests()} == {"answered"}


async def test_a_command_of_somebody_who_lost_the_right_since_publishes_nothing(at: Scene) -> None:
    job = await at.ran(Mended(), trigger=Trigger.COMMAND)
    await at.asked(job, at.ada)
    at.hub.permit(at.repo, at.ada, "read")

    await at.settle()

    assert at.repo.pulls() == []
    assert at.branches_of_ours() == {}
    assert (await at.job(job))["reason"] == "refused"


async def test_what_is_left_makes_a_draft_that_asks_for_a_person(at: Scene) -> None:
    await at.ran(Mended(left=("numpy/other",)))

    await at.settle()

    (pull,) = at.repo.pulls()
    assert pull["draft"]
    assert "## Left for a person" in pull["body"]
    assert {label["name"] for label in pull["labels"]} == {"mendloop", "needs-human"}


async def test_a_new_repair_of_the_same_file_goes_on_top_of_the_open_pull_request(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    (first,) = at.repo.pulls()

    await at.ran(Mended(), B)
    await at.settle()

    (pull,) = at.repo.pulls()
    assert pull["number"] == first["number"]
    log = [commit["sha"] for commit in at.repo.commits(pull["head"]["ref"])]
    assert log[1] == first["head"]["sha"]
    assert at.repo.file(pull["head"]["ref"], "docs/b.ipynb") == B_AFTER
    assert "docs/b.ipynb" in pull["body"]


async def test_a_run_over_one_file_keeps_what_earlier_runs_proved_of_others(at: Scene) -> None:
    await at.ran(Mended(), B)
    await at.settle()
    better = notebook("x = bool  # of Python")

    await at.ran(Mended(after=better))
    await at.settle()

    (pull,) = at.repo.pulls()
    assert at.repo.file(pull["head"]["ref"], "a.ipynb") == better
    assert at.repo.file(pull["head"]["ref"], "docs/b.ipynb") == B_AFTER
    assert "proven by earlier runs" in pull["body"]


async def test_a_base_that_moved_elsewhere_is_what_the_branch_is_built_on(at: Scene) -> None:
    await at.ran(Mended())
    moved = at.repo.push("main", {"README.md": b"More to read\n"})

    await at.settle()

    (pull,) = at.repo.pulls()
    assert at.repo.commits(pull["head"]["ref"])[1]["sha"] == moved
    assert moved in pull["body"]


async def test_a_base_that_changed_the_file_has_the_job_done_anew_and_nothing_is_written(at: Scene) -> None:
    job = await at.ran(Mended(), trigger=Trigger.COMMAND)
    request = await at.asked(job, at.ada)
    moved = at.repo.push("main", {"a.ipynb": notebook("x = np.bool", "x")})

    await at.settle()

    assert at.writes() == []
    old, new = await at.rows_of_jobs()
    assert (old["state"], old["reason"]) == ("finished", "redone")
    assert (new["state"], new["lane"], new["check_state"]) == ("ready", "main", "intended")
    assert at.job_of(new).sha == moved
    assert [(row["id"], row["job_id"]) for row in await at.rows_of_requests()] == [(request, new["id"])]


async def test_an_owner_who_wants_to_be_asked_is_asked_once_in_the_pull_request(at: Scene) -> None:
    config = f"{CONFIG}github: {{pull_requests: {{on_conflict: ask}}}}\n"
    await at.ran(Mended(), config=config)
    await at.settle()
    at.repo.push("main", {"a.ipynb": notebook("x = np.bool", "x")})
    for _ in range(2):
        await at.ran(Mended(), config=config)
        await at.settle()

    (pull,) = at.repo.pulls()
    (comment,) = at.repo.comments(pull["number"])
    assert "/repair rebase" in comment["body"]


async def test_a_base_that_changed_a_published_file_is_merged_with_exactly_the_newly_proven_bytes(at: Scene) -> None:
    await at.ran(Mended())
    await at.settle()
    (first,) = at.repo.pulls()
    before, after = notebook("x = np.bool", "x"), notebook("x = bool", "x")
    moved = at.repo.push("main", {"a.ipynb": before, "README.md": b"More\n"})

    await at.ran(Mended(before=before, after=after))
    await at.settle()

    (pull,) = at.repo.pulls()
    newest = at.repo.commits(pull["head"]["ref"])[0]
    assert {parent["sha"] for parent in newest["parents"]} == {first["head"]["sha"], moved}
    assert at.repo.file(pull["head"]["ref"], "a.ipynb") == after
    assert at.repo.file(pull["head"]["ref"], "README.md") == b"More\n"
    assert pull["mergeable"]


@pytest.mark.parametrize(
    "job", [{"aim": Aim.REPORT}, {"config": "mode: suggest\n"}, {"config": "mode: report\n"}], ids=str
)
async def test_where_the_owner_wants_no_pull_request_only_the_check_says_something(
    at: Scene, job: dict[str, str]
) -> None:
    await at.ran(Mended(), **job)

    await at.settle()

    assert at.writes() == []
    assert len(at.repo.check_runs()) == 1


async def test_a_dry_run_writes_nothing_at_all(at: Scene) -> None:
    at.be_dry()
    job = await at.ran(Mended())

    await at.settle()

    assert at.writes() == []
    assert at.repo.check_runs() == []
    assert (await at.job(job))["reason"] == "dry_run"


async def test_labels_and_reviewers_that_fail_cost_nothing_else_and_are_not_tried_again(at: Scene) -> None:
    at.hub.faults.plan("refused", path="*/labels")
    config = f"{CONFIG}github: {{pull_requests: {{reviewers: [nobody, 'team:none']}}}}\n"
    job = await at.ran(Mended(), config=config)
    await at.settle()

    await at.ran(Mended(), config=config)
    await at.settle()

    assert (await at.job(job))["reason"] == "proposed"
    assert len(at.hub.audit.calls("POST", "*/labels")) == 2
    assert len(at.hub.audit.calls("POST", "*/requested_reviewers")) == 1


async def test_trailers_come_from_the_configuration_alone(at: Scene) -> None:
    said = "Signed-off-by: Eve <eve@example.org>\n\nfixes #1 @ada"
    config = f"{CONFIG}github: {{pull_requests: {{sign_off: true, co_author: 'Ada <ada@example.org>'}}}}\n"
    await at.ran(Mended(changes=(said,)), config=config)

    await at.settle()

    (pull,) = at.repo.pulls()
    message = at.repo.commits(pull["head"]["ref"])[0]["commit"]["message"]
    trailers = message.strip().rpartition("\n\n")[2].splitlines()
    assert trailers[0] == "Co-authored-by: Ada <ada@example.org>"
    assert trailers[1].startswith(f"Signed-off-by: {at.app.slug}[bot]")
    assert "@ada" not in message.rpartition("\n\n")[0]
    assert "#1" not in message


async def test_records_are_kept_on_their_own_ref_where_the_owner_wants_them(at: Scene) -> None:
    await at.ran(Mended(), config=f"{CONFIG}github: {{pull_requests: {{records_ref: true}}}}\n")

    await at.settle()

    (ref,) = at.repo.git.refs("refs/mendloop/").items()
    assert ref[0].startswith("refs/mendloop/records/2026")
    assert at.repo.file(ref[1], "deliverable/patch.diff") == b"the patch"


async def test_the_button_commits_to_the_authors_own_branch_where_the_owner_allows_it(at: Scene) -> None:
    head = at.repo.push("feature", {"notes.md": b"Notes\n"}, by=at.ada)
    pull = at.repo.open_pull("feature", by=at.ada)
    config = f"{CONFIG}github: {{pull_requests: {{commit_to_author: true}}}}\n"
    job = await at.ran(
        Mended(), branch="feature", lane=f"pull/{pull.number}", pull_request=pull.number, trigger=Trigger.BUTTON,
        config=config,
    )  # fmt: skip
    await at.asked(job, at.ada)

    await at.settle()

    assert [commit["sha"] for commit in at.repo.commits("feature")][1] == head
    assert at.repo.file("feature", "a.ipynb") == MENDED
    assert [each["number"] for each in at.repo.pulls()] == [pull.number]
    await at.look()
    assert at.repo.head("feature") is not None
    assert (await at.job(job))["reason"] == "committed"


async def test_the_button_opens_a_pull_request_against_the_pull_requests_branch(at: Scene) -> None:
    at.repo.push("feature", {"notes.md": b"Notes\n"}, by=at.ada)
    pull = at.repo.open_pull("feature", by=at.ada)
    job = await at.ran(
        Mended(), branch="feature", lane=f"pull/{pull.number}", pull_request=pull.number, trigger=Trigger.BUTTON
    )
    await at.asked(job, at.ada)

    await at.settle()

    (ours,) = [each for each in at.repo.pulls() if each["number"] != pull.number]
    assert ours["base"]["ref"] == "feature"


async def test_a_pull_request_of_a_fork_gets_no_branch_of_ours(at: Scene) -> None:
    eve = at.hub.user("eve")
    at.hub.permit(at.repo, eve, "read")
    fork = at.repo.fork(eve)
    fork.push("main", {"notes.md": b"Notes\n"}, by=eve)
    pull = at.repo.open_pull("main", by=eve, from_fork=fork)
    job = await at.ran(Mended(), lane=f"pull/{pull.number}", pull_request=pull.number, trigger=Trigger.BUTTON)
    await at.asked(job, at.ada)

    await at.settle()

    assert [each["number"] for each in at.repo.pulls()] == [pull.number]
    assert at.branches_of_ours() == {}


async def test_a_stop_before_publishing_is_obeyed(at: Scene) -> None:
    job = await at.ran(Mended())
    await at.stop(job)

    await at.settle()

    assert at.writes() == []
    assert (await at.job(job))["state"] == "cancelled"


async def test_a_rule_of_the_repository_ends_it_with_the_rules_words_and_no_branch_stays(at: Scene) -> None:
    at.repo.protect(at.branch())
    job = await at.ran(Mended())

    await at.settle()

    assert at.repo.pulls() == []
    assert at.branches_of_ours() == {}
    assert (await at.job(job))["state"] == "finished"
