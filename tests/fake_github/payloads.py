"""The bodies of webhooks, with the keys of the official examples and the live state in them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fake_github import shapes, shapes_checks, shapes_files, shapes_talk
from tests.fake_github.clock import iso
from tests.fake_github.description import webhook_example
from tests.fake_github.git import ZEROS
from tests.fake_github.shapes import node_id

if TYPE_CHECKING:
    from tests.fake_github.records import Account, App, Install, Issue, Repo
    from tests.fake_github.world import World

MOST_COMMITS = 2048


def payload(
    world: World,
    event: str,
    action: str | None,
    repo: Repo | None,
    sender: Account,
    install: Install | None,
    parts: dict[str, Any],
) -> dict[str, Any]:
    """What is sent to one App about one event."""
    body: dict[str, Any] = {} if action is None else {"action": action}
    match event:
        case "push":
            body |= _push(world, _given(repo), sender, **parts)
        case "pull_request":
            body |= _pull(world, _given(repo), parts)
        case "issue_comment" | "pull_request_review_comment" | "issues":
            body |= _talk(world, _given(repo), event, parts)
        case "check_run":
            body |= {"check_run": _check_run(world, _given(repo), parts["run"])}
            body |= {key: parts[key] for key in ("requested_action",) if key in parts}
        case "check_suite":
            suite = shapes_checks.suite(world, _given(repo), parts["suite"])
            body |= {"check_suite": {key: value for key, value in suite.items() if key != "repository"}}
        case "repository":
            body |= {"changes": _changes(world, parts["changes"])} if "changes" in parts else {}
        case _:
            body |= _installation(world, event, parts)
    if repo is not None:
        body["repository"] = webhook_repository(world, repo)
        body |= {"organization": _organization(world, repo.owner)} if repo.owner.type == "Organization" else {}
    if install is not None and "installation" not in body:
        body["installation"] = {"id": install.id, "node_id": node_id("MDIzOkluc3RhbGxhdGlvbg", install.id)}
    return body | {"sender": shapes.user(world, sender)}


def ping(world: World, app: App) -> dict[str, Any]:
    """What an App's new webhook address hears first."""
    shape = webhook_example("ping", "")
    config = {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url}
    kept = {key: shape["hook"][key] for key in ("active", "name") if key in shape["hook"]}
    times = dict.fromkeys(("created_at", "updated_at"), iso(app.created_at))
    hook = kept | times | {"type": "App", "id": app.hook_id, "events": app.events, "config": config, "app_id": app.id}
    return {"zen": shape["zen"], "hook_id": app.hook_id, "hook": hook, "sender": shapes.user(world, app.owner)}


def webhook_repository(world: World, repo: Repo) -> dict[str, Any]:
    """A repository without what only the API tells."""
    return {key: value for key, value in shapes.repository(world, repo).items() if key != "permissions"}


def _given(repo: Repo | None) -> Repo:
    if repo is None:
        raise ValueError("this event belongs to a repository")
    return repo


def _push(world: World, repo: Repo, sender: Account, *, ref: str, before: str, after: str) -> dict[str, Any]:
    created, deleted = before == ZEROS, after == ZEROS
    page = shapes_files.page(world, repo)
    hidden = [f"^{before}"] if not created and repo.git.kind(before) else []
    # A new branch brings the commits that no other branch has.
    others = [f"^{sha}" for name, sha in repo.git.refs("refs/heads/").items() if created and name != ref]
    shas = [] if deleted else repo.git.log(after, *hidden, *others, limit=MOST_COMMITS)[::-1]
    short = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    span = short if created or deleted else f"{before[:12]}...{after[:12]}"
    repository = webhook_repository(world, repo)
    # In push events alone these are seconds, and the owner has a name and an address.
    for key in ("created_at", "pushed_at"):
        repository[key] = int(datetime.fromisoformat(repository[key]).timestamp())
    email = f"{repo.owner.id}+{repo.owner.login}@users.noreply.github.com"
    repository["owner"] |= {"name": repo.owner.login, "email": email}
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": created,
        "deleted": deleted,
        "forced": not created and not deleted and not repo.git.contains(before, after),
        "base_ref": None,
        "compare": f"{page}/compare/{span}",
        "commits": [_commit(world, repo, sha) for sha in shas],
        "head_commit": None if deleted else _commit(world, repo, after),
        "pusher": {"name": sender.login, "email": f"{sender.id}+{sender.login}@users.noreply.github.com"},
        "push_repository": repository | {"stargazers": 0, "master_branch": repo.default_branch},
    }


def _commit(world: World, repo: Repo, sha: str) -> dict[str, Any]:
    commit = repo.git.commit(sha)
    base = commit.parents[0] if commit.parents else shapes_files.EMPTY_TREE
    lines = repo.git.run("diff-tree", "-r", "-z", "--no-renames", "--name-status", base, sha).decode(errors="replace")
    parts = lines.split("\0")
    touched = list(zip(parts[::2], parts[1::2], strict=False))
    kinds = {"added": "A", "removed": "D", "modified": "MT"}
    people = {
        key: {"name": person.name, "email": person.email, "username": person.name, "date": iso(person.at)}
        for key, person in (("author", commit.author), ("committer", commit.committer))
    }
    return {
        "id": sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": iso(commit.committer.at),
        "url": f"{shapes_files.page(world, repo)}/commit/{sha}",
        **people,
        **{kind: [path for status, path in touched if status and status in letters] for kind, letters in kinds.items()},
    }


def _pull(world: World, repo: Repo, parts: dict[str, Any]) -> dict[str, Any]:
    issue: Issue = parts["issue"]
    if issue.pull is None:
        raise ValueError(f"#{issue.number} is no pull request")
    body = {"number": issue.number, "pull_request": shapes_talk.pull(world, repo, issue, issue.pull)}
    body |= {key: parts[key] for key in ("before", "after", "changes") if key in parts}
    body |= {"label": shapes_talk.label(world, repo, parts["label"])} if "label" in parts else {}
    return body | ({"requested_reviewer": shapes.user(world, parts["reviewer"])} if "reviewer" in parts else {})


def _talk(world: World, repo: Repo, event: str, parts: dict[str, Any]) -> dict[str, Any]:
    issue: Issue = parts["issue"]
    body: dict[str, Any] = {"changes": parts["changes"]} if "changes" in parts else {}
    if "comment" in parts:
        body["comment"] = shapes_talk.comment(world, repo, parts["comment"])
    if event == "pull_request_review_comment" and issue.pull is not None:
        return body | {"pull_request": shapes_talk.short_pull(world, repo, issue, issue.pull)}
    body |= {"label": shapes_talk.label(world, repo, parts["label"])} if "label" in parts else {}
    return body | {"issue": shapes_talk.issue(world, repo, issue)}


def _check_run(world: World, repo: Repo, run: Any) -> dict[str, Any]:
    """With the whole suite in it, unlike the API."""
    whole = shapes_checks.suite(world, repo, run.suite)
    kept = ("id", "node_id", "head_branch", "head_sha", "status", "conclusion", "url", "before", "after")
    kept += ("pull_requests", "app", "created_at", "updated_at")
    return shapes_checks.check_run(world, repo, run) | {"check_suite": {key: whole[key] for key in kept}}


def _changes(world: World, changes: dict[str, Any]) -> dict[str, Any]:
    """A former owner is given whole."""
    if "owner" not in changes:
        return changes
    before = changes["owner"]["from"]
    shape = {"organization": _organization, "user": shapes.user}
    return {"owner": {"from": {kind: shape[kind](world, account) for kind, account in before.items()}}}


def _installation(world: World, event: str, parts: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"installation": shapes.install(world, parts["install"])}
    repos = [shapes.short_repository(repo) for repo in parts.get("repositories", [])]
    if event == "installation":
        return body | ({"repositories": repos} if "repositories" in parts else {}) | {"requester": None}
    inside = bool(parts.get("added"))
    selection = body["installation"]["repository_selection"]
    sides = {"repositories_added": repos if inside else [], "repositories_removed": [] if inside else repos}
    return body | {"repository_selection": selection, **sides, "requester": None}


def _organization(world: World, account: Account) -> dict[str, Any]:
    root = f"{world.url}/orgs/{account.login}"
    tails = {
        "repos_url": "repos",
        "events_url": "events",
        "hooks_url": "hooks",
        "issues_url": "issues",
        "members_url": "members{/member}",
        "public_members_url": "public_members{/member}",
    }
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": root,
        **{key: f"{root}/{tail}" for key, tail in tails.items()},
        "avatar_url": f"{world.url}/avatars/u/{account.id}?v=4",
        "description": "",
    }
