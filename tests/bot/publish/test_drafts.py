"""What is left for a person: drafts, labels, reviewers, and the way back when nothing is left any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.publish.scene import CONFIG, Mended, notebook
from workers.contract.domain import StopReason

if TYPE_CHECKING:
    from tests.bot.publish.scene import Scene

LEFT = Mended(left=("numpy/other",))
MORE = Mended(after=notebook("x = bool  # whole"))


def drafting(at: Scene) -> list[str]:
    """What was done about drafts, in order."""
    calls = [str(line.operation) for line in at.hub.audit if line.path.endswith("/graphql") and line.done]
    return [
        name
        for call in calls
        for name in ("markPullRequestReadyForReview", "convertPullRequestToDraft")
        if name in call
    ]


async def test_a49_what_needs_a_person_says_so_by_label_reviewers_and_an_action_in_the_check(at: Scene) -> None:
    at.hub.permit(at.repo, at.hub.user("grace"), "write")
    base = at.repo.head("main")
    await at.ran(LEFT, config=f"{CONFIG}github: {{pull_requests: {{reviewers: [grace]}}}}\n")

    await at.settle()

    (pull,) = at.repo.pulls()
    assert {label["name"] for label in pull["labels"]} == {"mendloop", "needs-human"}
    assert [person["login"] for person in pull["requested_reviewers"]] == ["grace"]
    assert [run["conclusion"] for run in at.repo.check_runs(base)] == ["action_required"]


async def test_a49_what_is_whole_asks_nobody_to_decide(at: Scene) -> None:
    base = at.repo.head("main")
    await at.ran(Mended())

    await at.settle()

    (pull,) = at.repo.pulls()
    assert {label["name"] for label in pull["labels"]} == {"mendloop"}
    assert [run["conclusion"] for run in at.repo.check_runs(base)] == ["neutral"]


@pytest.mark.parametrize("reason", [StopReason.MAX_ITERATIONS, StopReason.NO_PROGRESS, StopReason.BUDGET])
async def test_a51_where_the_loop_did_not_converge_a_draft_begins_with_the_remaining_delta_alone(
    at: Scene, reason: StopReason
) -> None:
    await at.ran(Mended(left=("numpy/other",), reason=reason))

    await at.settle()

    (pull,) = at.repo.pulls()
    assert pull["draft"]
    assert {label["name"] for label in pull["labels"]} == {"mendloop"}
    first = pull["body"].index("## ")
    assert pull["body"][first:].startswith("## Left for a person\n")
    delta = pull["body"][first:].split("\n## ", 1)[0]
    assert delta.count("\n- ") == 1


async def test_a_draft_becomes_ready_when_nothing_is_left_and_a_draft_again_when_something_is(at: Scene) -> None:
    await at.ran(LEFT)
    await at.settle()
    first = at.repo.pulls()[0]["draft"]

    await at.ran(MORE)
    await at.settle()
    second = at.repo.pulls()[0]["draft"]
    await at.ran(LEFT)
    await at.settle()

    assert (first, second, at.repo.pulls()[0]["draft"]) == (True, False, True)
    assert drafting(at) == ["markPullRequestReadyForReview", "convertPullRequestToDraft"]
    assert len(at.repo.pulls()) == 1


async def test_the_same_bytes_become_ready_when_what_was_left_is_gone(at: Scene) -> None:
    await at.ran(LEFT)
    await at.settle()
    commits = len(at.repo.commits(at.branch()))

    await at.ran(Mended())
    await at.settle()

    assert not at.repo.pulls()[0]["draft"]
    assert "Left for a person" not in at.repo.pulls()[0]["body"]
    assert len(at.repo.commits(at.branch())) == commits


async def test_a_person_who_made_it_ready_is_not_contradicted_while_as_much_is_left(at: Scene) -> None:
    await at.ran(LEFT)
    await at.settle()
    at.repo.pull(at.repo.pulls()[0]["number"]).ready(at.ada)

    await at.ran(Mended(left=("numpy/other",), after=notebook("x = bool  # more")))
    await at.settle()

    assert not at.repo.pulls()[0]["draft"]
    assert drafting(at) == []


@pytest.mark.parametrize("wish", ["always", "never"])
async def test_an_owner_who_decided_about_drafts_is_obeyed_at_every_change(at: Scene, wish: str) -> None:
    config = f"{CONFIG}github: {{pull_requests: {{draft: {wish}}}}}\n"
    for each in (LEFT, MORE, LEFT):
        await at.ran(each, config=config)
        await at.settle()

    assert at.repo.pulls()[0]["draft"] is (wish == "always")
    assert drafting(at) == []


@pytest.mark.parametrize("fault", ["refused", "applied", "reset_after"])
async def test_an_answer_that_was_lost_leaves_it_neither_half_done_nor_done_twice(at: Scene, fault: str) -> None:
    await at.ran(LEFT)
    await at.settle()
    await at.ran(Mended())
    at.hub.faults.plan(fault, path="/graphql", count=1)

    await at.settle()

    assert not at.repo.pulls()[0]["draft"]
    assert len(drafting(at)) == 1
    assert {row["state"] for row in await at.rows_of_jobs()} == {"finished"}
