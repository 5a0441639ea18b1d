from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from bot.publications import State
from tests.bot.lifecycle.maintainer import Maintainer
from tests.bot.publish.scene import github
from tests.fake_github import Hub

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

EXAMPLES = int(os.environ.get("MENDLOOP_MAINTAINERS", "6"))
"""Random maintainers. A thousand take about an hour."""
STEPS = 20
EXPLORING = 100
"""From so many on they are others every time."""


@contextmanager
def maintainers(folder: Path, kind: type[Maintainer]) -> Generator[type[Maintainer]]:
    """Makes maintainers that share one fake GitHub, each with an organization of their own."""
    with Hub.run() as hub, asyncio.Runner() as runner:
        connection = github(hub.api_url, hub.app.id, hub.app.private_key_pem)
        client = runner.run(connection.__aenter__())
        try:
            # The library asks for a class, and only calls it.
            yield cast("type[Maintainer]", lambda: kind(hub, runner, client, folder))
        finally:
            runner.run(connection.__aexit__(None, None, None))


def how(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=examples < EXPLORING,
        print_blob=True,
        report_multiple_bugs=False,
    )


def test_whatever_a_maintainer_does_nothing_of_theirs_is_lost_nothing_reopened_nothing_written_without_access(
    tmp_path: Path,
) -> None:
    with maintainers(tmp_path, Maintainer) as made:
        run_state_machine_as_test(made, settings=how(EXAMPLES))


class Careless(Maintainer):
    """A twin that sets its branches to what it remembers, as a force push does."""

    def tidied(self) -> None:
        for row in self.do(self.at.publications()):
            if row.branch in self.at.branches_of_ours() and row.tip:
                self.at.repo.reset(row.branch, row.tip)


class Insistent(Maintainer):
    """A twin that opens again what people closed."""

    def tidied(self) -> None:
        for row in self.do(self.at.publications()):
            if row.state is State.CLOSED and row.number is not None and row.tip:
                self.at.repo.git.run("update-ref", f"refs/heads/{row.branch}", row.tip)
                self.at.repo.pull(row.number).reopen()


@pytest.mark.parametrize(("twin", "decision"), [(Careless, "commit"), (Insistent, "close"), (Maintainer, "")])
def test_a_twin_that_respects_people_less_is_caught(tmp_path: Path, twin: type[Maintainer], decision: str) -> None:
    with maintainers(tmp_path, twin) as made:
        one = made()  # pyright: ignore[reportCallIssue] - bound already
        one.some_have_a_pull_request_of_ours_already(begun=True)
        if decision == "close":
            one.somebody_decides_about_our_pull_request("close")
        else:
            one.somebody_commits_to_a_branch_of_ours()
        one.publications_are_looked_at()

        with pytest.raises(AssertionError) if decision else nullcontext():
            one.no_commit_of_a_person_is_unreachable()
            one.nothing_is_opened_again_or_twice()
