"""How repositories, refs, commits and pull requests look in GraphQL; a function takes its field's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github.shapes import node_id
from tests.fake_github.shapes_files import page

if TYPE_CHECKING:
    from tests.fake_github.records import Issue, Repo
    from tests.fake_github.world import World


def repository_node(world: World, repo: Repo) -> dict[str, Any]:
    def ref(arguments: dict[str, Any]) -> Any:
        return ref_node(world, repo, _qualified(arguments["qualifiedName"]))

    def object_(arguments: dict[str, Any]) -> Any:
        return object_node(world, repo, arguments.get("expression") or arguments["oid"])

    def pull(arguments: dict[str, Any]) -> Any:
        return pull_node(world, repo, repo.pull(arguments["number"])[0])

    return {
        "__typename": "Repository",
        "id": node_id("R", repo.id),
        "databaseId": repo.id,
        "name": repo.name,
        "nameWithOwner": repo.full_name,
        "isArchived": repo.archived,
        "isPrivate": repo.private,
        "defaultBranchRef": ref_node(world, repo, f"refs/heads/{repo.default_branch}"),
        "ref": ref,
        "object": object_,
        "pullRequest": pull,
    }


def ref_node(world: World, repo: Repo, ref: str) -> dict[str, Any] | None:
    sha = repo.git.sha(ref)
    if sha is None:
        return None
    prefix = "/".join(ref.split("/")[:2]) + "/"
    target = commit_node(world, repo, sha)
    return {
        "__typename": "Ref",
        "name": ref.removeprefix(prefix),
        "prefix": prefix,
        "target": target,
        "id": f"REF_{ref}",
    }


def commit_node(world: World, repo: Repo, sha: str) -> dict[str, Any]:
    commit = repo.git.commit(sha)
    url = f"{page(world, repo)}/commit/{sha}"
    signature = {"__typename": "GpgSignature", "isValid": True} if commit.signature else None
    tree = {"__typename": "Tree", "oid": commit.tree}
    return {
        "__typename": "Commit",
        "oid": sha,
        "id": f"C_kwDO{repo.id}_{sha}",
        "url": url,
        "message": commit.message,
        "messageHeadline": commit.message.partition("\n")[0],
        "tree": tree,
        "signature": signature,
    }


def object_node(world: World, repo: Repo, expression: str) -> dict[str, Any] | None:
    sha = repo.git.sha(expression)
    if sha is None:
        return None
    kind = repo.git.kind(sha)
    if kind == "commit":
        return commit_node(world, repo, sha)
    if kind != "blob":
        return {"__typename": "Tree", "oid": sha}
    content = repo.git.content(sha)
    binary = b"\0" in content
    text = None if binary else content.decode(errors="replace")
    return {"__typename": "Blob", "oid": sha, "text": text, "byteSize": len(content), "isBinary": binary}


def pull_node(world: World, repo: Repo, issue: Issue) -> dict[str, Any]:
    _, pull = repo.pull(issue.number)
    return {
        "__typename": "PullRequest",
        "id": node_id("PR", issue.id),
        "databaseId": issue.id,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "url": f"{page(world, repo)}/pull/{issue.number}",
        "state": "MERGED" if pull.merged_at else issue.state.upper(),
        "isDraft": pull.draft,
        "headRefOid": pull.head_sha,
        "headRefName": pull.head_ref,
        "baseRefName": pull.base_ref,
    }


def _qualified(name: str) -> str:
    return name if name.startswith("refs/") else f"refs/heads/{name}"
