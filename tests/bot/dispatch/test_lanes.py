from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lanes import covers, joined
from workers.contract.job import Aim, Job, Trigger

A, B = "a" * 40, "b" * 40
PUSH = Job(
    id=1,
    installation_id=1,
    repository_id=1,
    repository="octo-org/demo",
    lane="main",
    branch="main",
    sha=A,
    trigger=Trigger.PUSH,
    aim=Aim.PROPOSE,
    paths=("a.ipynb", "b.ipynb"),
)
JOBS = st.builds(
    replace,
    st.just(PUSH),
    sha=st.sampled_from([A, B]),
    trigger=st.sampled_from(Trigger),
    aim=st.sampled_from(Aim),
    paths=st.lists(st.sampled_from(["a.ipynb", "b.ipynb", "c.ipynb"]), unique=True, max_size=3).map(tuple),
    guidance=st.sampled_from(["", "use the new client"]),
    iterations=st.sampled_from([None, 3]),
    pull_request=st.sampled_from([None, 7]),
)


def test_a_run_of_everything_at_the_same_commit_covers_what_asks_for_less() -> None:
    assert covers(replace(PUSH, paths=()), PUSH)
    assert covers(PUSH, replace(PUSH, paths=("a.ipynb",), trigger=Trigger.COMMAND))
    assert covers(PUSH, replace(PUSH, aim=Aim.REPORT))


@pytest.mark.parametrize(
    "wanted",
    [
        replace(PUSH, sha=B),
        replace(PUSH, paths=()),
        replace(PUSH, paths=("c.ipynb",)),
        replace(PUSH, lane="pull/7", pull_request=7),
        replace(PUSH, guidance="use the new client"),
        replace(PUSH, iterations=9),
        replace(PUSH, engine="codex"),
    ],
)
def test_a_run_does_not_cover_what_asks_for_something_else(wanted: Job) -> None:
    assert not covers(PUSH, wanted)


def test_a_report_does_not_cover_a_proposal() -> None:
    assert not covers(replace(PUSH, aim=Aim.REPORT), PUSH)


def test_two_pushes_become_one_job_at_the_later_commit_with_the_artifacts_of_both() -> None:
    later = replace(PUSH, sha=B, paths=("c.ipynb",))

    both = joined(PUSH, later)

    assert both == replace(later, paths=("a.ipynb", "b.ipynb", "c.ipynb"))


def test_a_command_that_joins_a_push_makes_it_a_persons_job() -> None:
    both = joined(PUSH, replace(PUSH, trigger=Trigger.SWEEP, paths=()))

    assert both is not None
    assert both.trigger is Trigger.PUSH
    assert both.paths == ()
    command = joined(PUSH, replace(PUSH, trigger=Trigger.COMMAND))
    assert command is not None
    assert command.trigger is Trigger.COMMAND


@given(JOBS, JOBS)
def test_what_two_jobs_become_covers_the_later_one_and_never_loses_an_artifact(waiting: Job, wanted: Job) -> None:
    both = joined(waiting, wanted)

    if both is None:
        assert (
            waiting.guidance
            or wanted.guidance
            or waiting.iterations
            or wanted.iterations
            or waiting.pull_request != wanted.pull_request
        )
        return
    assert covers(both, wanted)
    assert both.sha == wanted.sha
    assert not both.paths or set(waiting.paths) <= set(both.paths)
    assert both.aim is Aim.PROPOSE or waiting.aim is wanted.aim is Aim.REPORT


@given(JOBS, JOBS)
def test_covering_is_never_claimed_across_commits_or_for_words_of_a_person(running: Job, wanted: Job) -> None:
    if covers(running, wanted):
        assert running.sha == wanted.sha
        assert not running.guidance
        assert not wanted.guidance
