"""The App itself, its installations, tokens and deliveries; people, repositories and their collaborators; limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github import auth, lifecycle, shapes
from tests.fake_github.clock import iso
from tests.fake_github.refusals import Refusal, not_found
from tests.fake_github.routing import Answer, Call, Routes
from tests.fake_github.world import LEVELS

if TYPE_CHECKING:
    from tests.fake_github.records import Account, App, Install

R = "/repos/{owner}/{repo}"
ROUTES = Routes()
PERMISSIONS = {"triage": "read", "maintain": "write"}
"""The permission endpoint's old field knows four levels; `role_name` knows all."""


@ROUTES.on("GET /app", "app")
def get_app(call: Call) -> Any:
    return shapes.app(call.world, _app(call))


@ROUTES.on("GET /apps/{app_slug}", "")
def app_by_slug(call: Call) -> Any:
    for app in call.world.apps.values():
        if app.slug == call.params["app_slug"]:
            return shapes.app(call.world, app)
    raise not_found()


@ROUTES.on("POST /app-manifests/{code}/conversions", "")
def convert(call: Call) -> Any:
    manifest = call.world.manifests.pop(call.params["code"], None)
    if manifest is None:
        raise not_found()
    app = lifecycle.create_app(call.world, manifest["name"], manifest)
    secret = {"client_secret": app.client_secret, "webhook_secret": app.webhook_secret, "pem": app.private_key_pem}
    return shapes.app(call.world, app) | secret


@ROUTES.on("GET /app/installations", "app")
def installations(call: Call) -> Any:
    mine = [install for install in call.world.installs.values() if install.app is _app(call)]
    return [shapes.install(call.world, install) for install in call.page(mine)]


@ROUTES.on("GET /app/installations/{installation_id}", "app")
def installation(call: Call) -> Any:
    return shapes.install(call.world, _install(call))


@ROUTES.on("DELETE /app/installations/{installation_id}", "app")
def uninstall(call: Call) -> Any:
    lifecycle.uninstall(call.world, _install(call), _app(call).bot)
    return Answer()


@ROUTES.on("PUT /app/installations/{installation_id}/suspended", "app")
def suspend(call: Call) -> Any:
    lifecycle.suspend(call.world, _install(call), _app(call).bot)
    return Answer()


@ROUTES.on("DELETE /app/installations/{installation_id}/suspended", "app")
def unsuspend(call: Call) -> Any:
    lifecycle.unsuspend(call.world, _install(call), _app(call).bot)
    return Answer()


@ROUTES.on("POST /app/installations/{installation_id}/access_tokens", "app")
def create_token(call: Call) -> Any:
    token = auth.mint(call.world, _install(call), call.body)
    shape: dict[str, Any] = {
        "token": token.value,
        "expires_at": iso(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "all"
        if token.repository_ids is None and _install(call).all_repositories
        else "selected",
    }
    if token.repository_ids is not None:
        repos = [call.world.repo_of(id_) for id_ in sorted(token.repository_ids)]
        shape["repositories"] = [shapes.repository(call.world, repo) for repo in repos]
    return shape


@ROUTES.on("DELETE /installation/token", "token")
def revoke(call: Call) -> Any:
    if call.caller.token is not None:
        call.caller.token.revoked = True
    return Answer()


@ROUTES.on("GET /installation/repositories", "token")
def repositories(call: Call) -> Any:
    token = call.caller.token
    if token is None or token.install is None:
        raise Refusal(403, "Resource not accessible by integration")
    covered = [repo for repo in call.world.covered(token.install) if auth.reaches(call.world, token, repo)]
    shown = [shapes.repository(call.world, repo, call.actor.account) for repo in call.page(covered)]
    selection = "all" if token.install.all_repositories else "selected"
    return {"total_count": len(covered), "repository_selection": selection, "repositories": shown}


@ROUTES.on(f"GET {R}/installation", "app")
def repository_installation(call: Call) -> Any:
    for install in call.world.installs_on(call.repo):
        if install.app is _app(call):
            return shapes.install(call.world, install)
    raise not_found()


@ROUTES.on("GET /users/{username}/installation", "app")
@ROUTES.on("GET /orgs/{org}/installation", "app")
def account_installation(call: Call) -> Any:
    login = call.params.get("username", call.params.get("org", "")).lower()
    for install in call.world.installs.values():
        if install.app is _app(call) and install.account.login.lower() == login:
            return shapes.install(call.world, install)
    raise not_found()


@ROUTES.on("GET /user", "token")
def me(call: Call) -> Any:
    if call.actor.app is not None:
        raise Refusal(403, "Resource not accessible by integration")
    return shapes.public_user(call.world, call.actor.account)


@ROUTES.on("GET /users/{username}", "")
def user_by_name(call: Call) -> Any:
    found = call.world.accounts.get(call.params["username"].lower())
    if found is None:
        raise not_found()
    return shapes.public_user(call.world, found)


@ROUTES.on("GET /user/{account_id}", "")
def user_by_id(call: Call) -> Any:
    return shapes.public_user(call.world, call.world.account_of(int(call.params["account_id"])))


@ROUTES.on(f"GET {R}", "metadata:read")
def repository(call: Call) -> Any:
    account = call.actor.account if call.caller.token else None
    return shapes.full_repository(call.world, call.repo, account)


@ROUTES.on(f"PATCH {R}", "administration:write")
def update_repository(call: Call) -> Any:
    if "archived" in call.body:
        lifecycle.set_archived(call.world, call.repo, call.actor.account, archived=call.body["archived"])
    if "name" in call.body:
        lifecycle.rename(call.world, call.repo, call.actor.account, call.body["name"])
    if "default_branch" in call.body:
        lifecycle.set_default_branch(call.world, call.repo, call.actor.account, call.body["default_branch"])
    return repository(call)


@ROUTES.on(f"GET {R}/collaborators", "metadata:read")
def collaborators(call: Call) -> Any:
    people = [call.world.account_of(id_) for id_ in call.repo.people]
    return [_collaborator(call, account) for account in call.page(people)]


@ROUTES.on(f"GET {R}/collaborators/{{username}}", "metadata:read")
def is_collaborator(call: Call) -> Any:
    account = _person(call)
    return Answer(status=204) if account.id in call.repo.people or account is call.repo.owner else Answer(status=404)


@ROUTES.on(f"GET {R}/collaborators/{{username}}/permission", "metadata:read")
def permission(call: Call) -> Any:
    account = _person(call)
    level = call.world.level(call.repo, account)
    return {
        "permission": PERMISSIONS.get(level, level),
        "role_name": level,
        "user": _collaborator(call, account),
    }


@ROUTES.on("GET /meta", "")
def meta(call: Call) -> Any:
    shape = shapes.example(call.world, "GET /meta")
    return shape | {"ssh_key_fingerprints": {"SHA256_RSA": "none"}, "hooks": ["127.0.0.1/32"]}


def _app(call: Call) -> App:
    if call.caller.app is None:
        raise not_found()
    return call.caller.app


def _install(call: Call) -> Install:
    id_ = call.params["installation_id"]
    install = call.world.installs.get(int(id_)) if id_.isdigit() else None
    if install is None or install.app is not _app(call):
        raise not_found()
    return install


def _person(call: Call) -> Account:
    found = call.world.accounts.get(call.params["username"].lower())
    if found is None:
        raise Refusal(404, f"{call.params['username']} is not a user")
    return found


def _collaborator(call: Call, account: Account) -> dict[str, Any]:
    level = call.world.level(call.repo, account)
    held = LEVELS.index(level)
    names = {"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}
    permissions = {name: held >= LEVELS.index(at_least) for name, at_least in names.items()}
    return shapes.user(call.world, account) | {"role_name": level, "permissions": permissions}
