"""How commits, trees, blobs, refs, branches, files and comparisons look in answers."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from tests.fake_github import shapes, shapes_files
from tests.fake_github.clock import iso
from tests.fake_github.shapes_files import api, page, wrapped

if TYPE_CHECKING:
    from tests.fake_github.git import Commit, Entry, Signature
    from tests.fake_github.records import Account, Repo
    from tests.fake_github.world import World

NOREPLY = re.compile(r"(\d+)\+.*@users\.noreply\.github\.com\Z")


def verification(commit: Commit) -> dict[str, Any]:
    """GitHub's own signature is valid, and no other is made here."""
    signed = commit.signature is not None
    return {
        "verified": signed,
        "reason": "valid" if signed else "unsigned",
        "signature": commit.signature,
        "payload": f"tree {commit.tree}\n\n{commit.message}" if signed else None,
        "verified_at": iso(commit.committer.at) if signed else None,
    }


def git_commit(world: World, repo: Repo, sha: str) -> dict[str, Any]:
    commit = repo.git.commit(sha)
    root = api(world, repo)
    return {
        "sha": sha,
        "node_id": f"C_kwDO{repo.id}_{sha}",
        "url": f"{root}/git/commits/{sha}",
        "html_url": f"{page(world, repo)}/commit/{sha}",
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{root}/git/trees/{commit.tree}"},
        "parents": [_parent(world, repo, parent, "git/commits") for parent in commit.parents],
        "verification": verification(commit),
    }


def commit(world: World, repo: Repo, sha: str, *, files: bool = False) -> dict[str, Any]:
    """With `files`: what it changed against its first parent."""
    found, root = repo.git.commit(sha), api(world, repo)
    shape: dict[str, Any] = {
        "sha": sha,
        "node_id": f"C_kwDO{repo.id}_{sha}",
        "url": f"{root}/commits/{sha}",
        "html_url": f"{page(world, repo)}/commit/{sha}",
        "comments_url": f"{root}/commits/{sha}/comments",
        "commit": {
            "url": f"{root}/git/commits/{sha}",
            "author": _person(found.author),
            "committer": _person(found.committer),
            "message": found.message,
            "tree": {"sha": found.tree, "url": f"{root}/git/trees/{found.tree}"},
            "comment_count": 0,
            "verification": verification(found),
        },
        "author": _account(world, repo, sha, found.author),
        "committer": _account(world, repo, sha, found.committer),
        "parents": [_parent(world, repo, parent, "commits") for parent in found.parents],
    }
    if files:
        shape["files"] = shapes_files.changed(
            world, repo, found.parents[0] if found.parents else shapes_files.EMPTY_TREE, sha
        )
        sums = {key: sum(file[key] for file in shape["files"]) for key in ("additions", "deletions")}
        shape["stats"] = sums | {"total": sum(sums.values())}
    return shape


def tree(world: World, repo: Repo, sha: str, entries: list[Entry]) -> dict[str, Any]:
    root = api(world, repo)
    lines: list[dict[str, Any]] = []
    for entry in entries:
        kind = {"blob": "blobs", "tree": "trees"}.get(entry.kind)
        line: dict[str, Any] = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        line |= {} if entry.size is None else {"size": entry.size}
        lines.append(line | ({"url": f"{root}/git/{kind}/{entry.sha}"} if kind else {}))
    return {"sha": sha, "url": f"{root}/git/trees/{sha}", "tree": lines, "truncated": False}


def blob(world: World, repo: Repo, sha: str) -> dict[str, Any]:
    content = repo.git.content(sha)
    return {
        "sha": sha,
        "node_id": f"B_kwDO{repo.id}_{sha}",
        "url": f"{api(world, repo)}/git/blobs/{sha}",
        "size": len(content),
        "content": wrapped(content),
        "encoding": "base64",
    }


def ref(world: World, repo: Repo, name: str, sha: str) -> dict[str, Any]:
    root, kind = api(world, repo), repo.git.kind(sha) or "commit"
    return {
        "ref": name,
        "node_id": "REF_" + base64.urlsafe_b64encode(f"{repo.id}:{name}".encode()).decode(),
        "url": f"{root}/git/{name}",
        "object": {"type": kind, "sha": sha, "url": f"{root}/git/{kind}s/{sha}"},
    }


def short_branch(world: World, repo: Repo, name: str, sha: str) -> dict[str, Any]:
    root = api(world, repo)
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{root}/commits/{sha}"},
        "protected": name in repo.protected,
        "protection": _short_protection(world, repo, name),
        "protection_url": f"{root}/branches/{name}/protection",
    }


def branch(world: World, repo: Repo, name: str, sha: str) -> dict[str, Any]:
    root = api(world, repo)
    links = {"self": f"{root}/branches/{name}", "html": f"{page(world, repo)}/tree/{name}"}
    return short_branch(world, repo, name, sha) | {"commit": commit(world, repo, sha), "_links": links}


def protection(world: World, repo: Repo, name: str) -> dict[str, Any]:
    url, rule = f"{api(world, repo)}/branches/{name}/protection", repo.protected[name]
    shape: dict[str, Any] = {
        "url": url,
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": rule.signatures},
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": False},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
        "required_linear_history": {"enabled": False},
    }
    if rule.pulls_only:
        reviews = f"{url}/required_pull_request_reviews"
        shape["required_pull_request_reviews"] = {
            "url": reviews,
            "dismiss_stale_reviews": False,
            "require_code_owner_reviews": False,
            "required_approving_review_count": 1,
        }
    if rule.checks:
        shape["required_status_checks"] = _short_protection(world, repo, name)["required_status_checks"]
    return shape


def _short_protection(world: World, repo: Repo, name: str) -> dict[str, Any]:
    rule = repo.protected.get(name)
    url = f"{api(world, repo)}/branches/{name}/protection/required_status_checks"
    checks = list(rule.checks) if rule else []
    level = "non_admins" if rule else "off"
    described = [{"context": check, "app_id": None} for check in checks]
    status = {
        "url": url,
        "enforcement_level": level,
        "contexts": checks,
        "checks": described,
        "contexts_url": f"{url}/contexts",
    }
    return {"enabled": rule is not None, "required_status_checks": status}


def _account(world: World, repo: Repo, sha: str, person: Signature) -> dict[str, Any] | None:
    found: Account | None = repo.authors.get(sha) if person.email != "noreply@github.com" else None
    if (match := NOREPLY.match(person.email)) and found is None:
        found = next((account for account in world.accounts.values() if account.id == int(match[1])), None)
    return shapes.user(world, found) if found else None


def _person(person: Signature) -> dict[str, Any]:
    return {"name": person.name, "email": person.email, "date": iso(person.at)}


def _parent(world: World, repo: Repo, sha: str, kind: str) -> dict[str, Any]:
    return {"sha": sha, "url": f"{api(world, repo)}/{kind}/{sha}", "html_url": f"{page(world, repo)}/commit/{sha}"}
