"""Rules of a repository: what they forbid is not tried twice, and what they protect is not written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bot.publish.scene import CONFIG, STALE, Mended, Scene
from workers.contract.job import Trigger

MAY_COMMIT = f"{CONFIG}github: {{pull_requests: {{commit_to_author: true}}}}\n"


@pytest.mark.parametrize("rules", [{}, {"signatures": True}, {"checks": ("ci",)}, {"pulls_only": False}])
async def test_h209_a_protected_base_is_proposed_to_and_never_written(at: Scene, rules: dict[str, Any]) -> None:
    at.repo.protect("main", **rules)
    before = at.repo.head("main")
    await at.ran(Mended())

    await at.settle()

    (pull,) = at.repo.pulls()
    assert pull["base"]["ref"] == "main"
    assert at.repo.head("main") == before
    assert at.repo.commits(pull["head"]["ref"])[0]["commit"]["verification"]["verified"]


async def test_h209_a_rule_that_forbids_our_commit_is_heard_once_and_told(at: Scene) -> None:
    at.repo.push("feature", {"notes.md": b"Notes\n"}, by=at.ada)
    pull = at.repo.open_pull("feature", by=at.ada)
    at.repo.protect("feature")
    before = at.repo.head("feature")
    job = await at.ran(
        Mended(), config=MAY_COMMIT, branch="feature", lane=f"pull/{pull.number}", pull_request=pull.number,
        trigger=Trigger.BUTTON,
    )  # fmt: skip
    await at.asked(job, at.ada)

    await at.settle()

    moves = [line for line in at.hub.audit.calls(operation="mutation updateRefs") if line.failed]
    assert len(moves) == 1
    assert at.repo.head("feature") == before
    assert at.repo.file("feature", "a.ipynb") == STALE
    assert (await at.job(job))["state"] == "finished"
    (check,) = at.repo.check_runs(before)
    assert check["status"] == "completed"
    assert "Changes must be made through a pull request" in f"{check['output']}"
