"""How check runs, suites and annotations look in answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github import shapes
from tests.fake_github.clock import iso
from tests.fake_github.shapes import node_id
from tests.fake_github.shapes_files import api, page

if TYPE_CHECKING:
    from tests.fake_github.records import CheckRun, CheckSuite, Repo
    from tests.fake_github.world import World


def check_run(world: World, repo: Repo, run: CheckRun) -> dict[str, Any]:
    """As the API gives it: with the suite's id alone."""
    root = api(world, repo)
    url, html = f"{root}/check-runs/{run.id}", f"{page(world, repo)}/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": html,
        "details_url": run.details_url or html,
        "name": run.name,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": iso(run.started_at),
        "completed_at": iso(run.completed_at) if run.completed_at else None,
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": shapes.app(world, run.suite.app),
        "pull_requests": pulls_at(world, repo, run.head_sha),
    }


def suite(world: World, repo: Repo, suite: CheckSuite) -> dict[str, Any]:
    """Its status and conclusion are those of its runs."""
    runs = [run for run in repo.runs.values() if run.suite is suite]
    commit, url = repo.git.commit(suite.head_sha), f"{api(world, repo)}/check-suites/{suite.id}"
    done = runs and all(run.status == "completed" for run in runs)
    worst = next((run.conclusion for run in runs if run.conclusion not in {"success", "neutral", "skipped"}), "success")
    people = {
        key: {"name": person.name, "email": person.email}
        for key, person in (("author", commit.author), ("committer", commit.committer))
    }
    return {
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": "completed" if done else "in_progress" if runs else "queued",
        "conclusion": worst if done else None,
        "url": url,
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": pulls_at(world, repo, suite.head_sha),
        "app": shapes.app(world, suite.app),
        "repository": shapes.repository(world, repo),
        "created_at": iso(suite.created_at),
        "updated_at": iso(suite.updated_at),
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": {
            "id": suite.head_sha,
            "tree_id": commit.tree,
            "message": commit.message,
            "timestamp": iso(commit.author.at),
            **people,
        },
    }


def annotation(world: World, repo: Repo, run: CheckRun, given: dict[str, Any]) -> dict[str, Any]:
    shape = dict.fromkeys(("start_column", "end_column", "title", "raw_details")) | given
    return shape | {"blob_href": f"{page(world, repo)}/blob/{run.head_sha}/{given['path']}"}


def pulls_at(world: World, repo: Repo, sha: str) -> list[dict[str, Any]]:
    """Open pull requests with that head. Heads in forks are left out, as GitHub does."""
    return [
        {
            "id": issue.id,
            "number": issue.number,
            "url": f"{api(world, repo)}/pulls/{issue.number}",
            "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": _repo(world, pull.head_repo)},
            "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": _repo(world, repo)},
        }
        for issue, pull in repo.pulls()
        if issue.state == "open" and pull.head_sha == sha and pull.head_repo is repo
    ]


def _repo(world: World, repo: Repo) -> dict[str, Any]:
    return {"id": repo.id, "url": api(world, repo), "name": repo.name}
