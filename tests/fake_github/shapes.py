"""How people, Apps, installations and repositories look in answers: the official example with the live state over it."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.fake_github.clock import iso
from tests.fake_github.description import description

if TYPE_CHECKING:
    from tests.fake_github.records import Account, App, Install, Repo
    from tests.fake_github.world import World

REPO = "/repos/{owner}/{repo}"


def node_id(kind: str, id_: int) -> str:
    """GraphQL's name of a thing; graphql.py takes it apart again."""
    return f"{kind}_kwDO{id_}"


@lru_cache(512)
def _example(operation: str, api: str, full_name: str, login: str) -> str:
    text = json.dumps(description().example(operation))
    text = text.replace("octocat/Hello-World", full_name).replace("octocat/hello-world", full_name)
    text = text.replace("https://api.github.com", api).replace("https://github.com", api)
    return (
        text.replace("git://github.com", api).replace('"octocat"', json.dumps(login)).replace("/octocat", f"/{login}")
    )


def example(world: World, operation: str, repo: Repo | None = None, login: str = "github") -> Any:
    """The official example, its links led to this repository of the fake."""
    name = repo.full_name if repo else "github/none"
    return json.loads(_example(operation, world.url, name, repo.owner.login if repo else login))


def user(world: World, account: Account) -> dict[str, Any]:
    """A `simple-user`."""
    api, login = f"{world.url}/users/{account.login}", account.login
    page = f"{world.url}/apps/{login.removesuffix('[bot]')}" if account.app_id else f"{world.url}/{login}"
    tails = {
        "followers_url": "followers",
        "following_url": "following{/other_user}",
        "gists_url": "gists{/gist_id}",
        "starred_url": "starred{/owner}{/repo}",
        "subscriptions_url": "subscriptions",
        "organizations_url": "orgs",
        "repos_url": "repos",
        "events_url": "events{/privacy}",
        "received_events_url": "received_events",
    }
    return {
        "login": login,
        "id": account.id,
        "node_id": node_id("BOT" if account.app_id else "U", account.id),
        "avatar_url": f"{world.url}/avatars/u/{account.id}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": page,
        **{key: f"{api}/{tail}" for key, tail in tails.items()},
        "type": account.type,
        "site_admin": False,
    }


def public_user(world: World, account: Account) -> dict[str, Any]:
    """The page-long form of `GET users/{username}`."""
    shape = example(world, "GET /users/{username}", login=account.login) | user(world, account)
    return shape | {"name": account.login, "company": None, "blog": "", "location": None, "email": None, "bio": None}


def app(world: World, app: App) -> dict[str, Any]:
    """An `integration`."""
    return {
        "id": app.id,
        "slug": app.slug,
        "client_id": app.client_id,
        "node_id": node_id("A", app.id),
        "owner": user(world, app.owner),
        "name": app.name,
        "description": "",
        "external_url": app.webhook_url or world.url,
        "html_url": f"{world.url}/apps/{app.slug}",
        "created_at": iso(app.created_at),
        "updated_at": iso(app.created_at),
        "permissions": app.permissions,
        "events": app.events,
        "installations_count": sum(install.app is app for install in world.installs.values()),
    }


def install(world: World, install: Install) -> dict[str, Any]:
    """An `installation`."""
    by = install.suspended_by
    return {
        "id": install.id,
        "account": user(world, install.account),
        "access_tokens_url": f"{world.url}/app/installations/{install.id}/access_tokens",
        "repositories_url": f"{world.url}/installation/repositories",
        "html_url": f"{world.url}/settings/installations/{install.id}",
        "app_id": install.app.id,
        "client_id": install.app.client_id,
        "app_slug": install.app.slug,
        "target_id": install.account.id,
        "target_type": install.account.type,
        "repository_selection": "all" if install.all_repositories else "selected",
        "permissions": install.permissions,
        "events": install.events,
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "created_at": iso(install.created_at),
        "updated_at": iso(install.suspended_at or install.created_at),
        "suspended_at": iso(install.suspended_at) if install.suspended_at else None,
        "suspended_by": user(world, by) if by else None,
    }


def repository(world: World, repo: Repo, account: Account | None = None) -> dict[str, Any]:
    """A `repository`; `account`: whose permissions stand in it."""
    shape = example(world, f"GET {REPO}", repo)
    for key in ("parent", "source", "template_repository", "organization", "security_and_analysis", "temp_clone_token"):
        shape.pop(key, None)
    page = f"{world.url}/{repo.full_name}"
    return shape | {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "owner": user(world, repo.owner),
        "private": repo.private,
        "visibility": "private" if repo.private else "public",
        "html_url": page,
        "git_url": f"{page}.git",
        "ssh_url": f"ssh://git@localhost/{repo.full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "description": repo.description,
        "fork": repo.parent is not None,
        "archived": repo.archived,
        "disabled": False,
        "default_branch": repo.default_branch,
        "language": None,
        "license": None,
        "topics": [],
        "is_template": False,
        "web_commit_signoff_required": False,
        "has_discussions": False,
        "allow_forking": True,
        "size": 0,
        **_counts(world, repo),
        "created_at": iso(repo.created_at),
        "updated_at": iso(repo.pushed_at),
        "pushed_at": iso(repo.pushed_at),
        "permissions": _permissions(world, repo, account),
    }


def _counts(world: World, repo: Repo) -> dict[str, int]:
    forks = sum(other.parent is repo for other in world.repos.values())
    issues = sum(issue.state == "open" for issue in repo.issues.values())
    nobody = dict.fromkeys(("stargazers_count", "watchers", "watchers_count", "network_count", "subscribers_count"), 0)
    return {"forks": forks, "forks_count": forks, "open_issues": issues, "open_issues_count": issues, **nobody}


def full_repository(world: World, repo: Repo, account: Account | None = None) -> dict[str, Any]:
    """With organisation and parents."""
    shape = repository(world, repo, account)
    if repo.owner.type == "Organization":
        shape["organization"] = user(world, repo.owner)
    if repo.parent:
        shape |= dict.fromkeys(("parent", "source"), repository(world, repo.parent))
    return shape


def short_repository(repo: Repo) -> dict[str, Any]:
    """As installation events list them."""
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
    }


def _permissions(world: World, repo: Repo, account: Account | None) -> dict[str, bool]:
    if account is None or account.app_id:
        return dict.fromkeys(("admin", "maintain", "push", "triage"), False) | {"pull": True}
    levels = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    return {name: world.allows(repo, account, level) for name, level in levels.items()}
