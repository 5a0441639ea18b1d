"""Branches, commits, comparisons, merges, forks."""

from __future__ import annotations

from typing import Any

from tests.fake_github import pulls, shapes, shapes_files, shapes_git
from tests.fake_github.refusals import Refusal, not_found
from tests.fake_github.routing import Answer, Call, Routes

R = "/repos/{owner}/{repo}"
ROUTES = Routes()


@ROUTES.on(f"GET {R}/branches", "contents:read")
def list_branches(call: Call) -> Any:
    refs = call.repo.git.refs("refs/heads/")
    wanted = call.request.query.get("protected")
    names = [ref.removeprefix("refs/heads/") for ref in refs]
    kept = [name for name in names if wanted is None or (name in call.repo.protected) == (wanted == "true")]
    return [
        shapes_git.short_branch(call.world, call.repo, name, refs[f"refs/heads/{name}"]) for name in call.page(kept)
    ]


@ROUTES.on(f"GET {R}/branches/{{branch}}", "contents:read")
def get_branch(call: Call) -> Any:
    name, sha = call.params["branch"], call.repo.head(call.params["branch"])
    if sha is None:
        raise Refusal(404, "Branch not found")
    return shapes_git.branch(call.world, call.repo, name, sha)


@ROUTES.on(f"GET {R}/branches/{{branch}}/protection", "administration:read")
def get_protection(call: Call) -> Any:
    if call.params["branch"] not in call.repo.protected:
        raise Refusal(404, "Branch not protected")
    return shapes_git.protection(call.world, call.repo, call.params["branch"])


@ROUTES.on(f"GET {R}/commits", "contents:read")
def list_commits(call: Call) -> Any:
    query = call.request.query
    start = call.repo.git.commit_sha(query.get("sha", call.repo.default_branch))
    if start is None:
        raise not_found() if call.repo.git.refs("refs/heads/") else Refusal(409, "Git Repository is empty.")
    shas = call.repo.git.log(start, path=query.get("path"))
    return [shapes_git.commit(call.world, call.repo, sha) for sha in call.page(shas)]


@ROUTES.on(f"GET {R}/commits/{{ref}}", "contents:read")
def getcommit(call: Call) -> Any:
    return shapes_git.commit(call.world, call.repo, commit_named(call, call.params["ref"]), files=True)


@ROUTES.on(f"GET {R}/compare/{{basehead}}", "contents:read")
def compare(call: Call) -> Any:
    world, repo, git = call.world, call.repo, call.repo.git
    left, dots, right = call.params["basehead"].partition("...")
    base, head = (commit_named(call, side.rpartition(":")[2]) for side in (left, right)) if dots else (None, None)
    common = git.merge_base(base, head) if base and head else None
    if base is None or head is None or common is None:
        raise not_found()
    ahead, behind = git.log(head, f"^{base}")[::-1], git.log(base, f"^{head}")
    status = "identical" if base == head else "diverged" if ahead and behind else "ahead" if ahead else "behind"
    page = f"{shapes_files.page(world, repo)}/compare/{left}...{right}"
    return {
        "url": f"{shapes_files.api(world, repo)}/compare/{left}...{right}",
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": shapes_git.commit(world, repo, base),
        "merge_base_commit": shapes_git.commit(world, repo, common),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [shapes_git.commit(world, repo, sha) for sha in call.page(ahead)],
        "files": shapes_files.changed(world, repo, common, head)[:300],
    }


@ROUTES.on(f"POST {R}/merges", "contents:write")
def merge(call: Call) -> Any:
    body = call.body
    sha = pulls.merge_branch(call.world, call.repo, call.actor, body["base"], body["head"], body.get("commit_message"))
    return Answer(status=204) if sha is None else shapes_git.commit(call.world, call.repo, sha, files=True)


@ROUTES.on(f"GET {R}/forks", "metadata:read")
def forks(call: Call) -> Any:
    found = [repo for repo in call.world.repos.values() if repo.parent is call.repo and not repo.deleted]
    return [shapes.repository(call.world, repo) for repo in call.page(found)]


def commit_named(call: Call, revision: str) -> str:
    sha = call.repo.git.commit_sha(revision)
    if sha is None:
        if not call.repo.git.refs("refs/heads/"):
            raise Refusal(409, "Git Repository is empty.")
        raise Refusal(404, f"No commit found for the ref {revision}") if call.params.get("path") else not_found()
    return sha
