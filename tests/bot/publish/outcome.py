"""What a checker looks at when everything has come to rest: nothing lost, nothing twice, nothing left lying about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bot.publish.scene import Scene


async def faults_of(at: Scene, expected: dict[str, Any]) -> list[str]:
    """What is wrong, beside the state that a run without faults ends in."""
    found = await state_of(at)
    wrong = [f"{key}: {found[key]} instead of {expected[key]}" for key in expected if found[key] != expected[key]]
    heads = Counter((pull["head"]["ref"], pull["base"]["ref"]) for pull in at.repo.pulls("open"))
    wrong += [f"{ref} has {count} open pull requests" for (ref, _), count in heads.items() if count > 1]
    orphans = set(at.branches_of_ours()) - {ref for ref, _ in heads}
    wrong += [f"the branch {ref} belongs to no open pull request" for ref in sorted(orphans)]
    return wrong


async def state_of(at: Scene) -> dict[str, Any]:
    """Everything that has to be equal, whatever went wrong on the way."""
    pulls = [_pull(at, pull) for pull in at.repo.pulls()]
    return {
        "pulls": sorted(pulls, key=lambda pull: pull["ref"]),
        "labels": sorted(label["name"] for pull in at.repo.pulls() for label in pull["labels"]),
        "branches": sorted(at.branches_of_ours()),
        "jobs": [row["state"] for row in await at.rows_of_jobs()],
        "requests": [row["state"] for row in await at.rows_of_requests()],
        "publications": sorted((each.state.value, each.branch) for each in await at.publications()),
        "unconcluded": [run["id"] for run in at.repo.check_runs() if run["status"] != "completed"],
        "checked": sorted({run["head_sha"] for run in at.repo.check_runs()}) != [],
        "comments": sorted(len(at.repo.comments(pull["number"])) for pull in at.repo.pulls()),
    }


def _pull(at: Scene, pull: dict[str, Any]) -> dict[str, Any]:
    ref = pull["head"]["ref"]
    log = at.repo.commits(ref) if ref in at.repo.branches() else []
    return {
        "ref": ref,
        "state": pull["state"],
        "title": pull["title"],
        "draft": pull["draft"],
        "tree": at.repo.git.text("rev-parse", f"{ref}^{{tree}}") if log else "",
        "messages": [commit["commit"]["message"] for commit in log],
    }
