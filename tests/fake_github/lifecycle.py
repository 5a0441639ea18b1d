"""What happens to Apps, installations and repositories as wholes, and who is told."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fake_github.git import Git
from tests.fake_github.git_http import HOOK
from tests.fake_github.records import Account, App, Install, Repo
from tests.fake_github.refusals import Refusal, invalid, unprocessable

if TYPE_CHECKING:
    from tests.fake_github.world import World

PERMISSIONS = {
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
EVENTS = (
    "check_run",
    "check_suite",
    "issue_comment",
    "pull_request",
    "pull_request_review_comment",
    "push",
    "repository",
)


def create_app(
    world: World, name: str, manifest: dict[str, Any] | None = None, *, key: tuple[str, str] | None = None
) -> App:
    """An App as its manifest describes it; `key` is (private, public) as PEM."""
    wanted = manifest or {}
    slug = "-".join(name.lower().split())
    id_ = world.new_id()
    private, public = key or _key_pair()
    hook = wanted.get("hook_attributes", {})
    app = App(
        id=id_,
        slug=slug,
        name=name,
        owner=world.account("mendloop-makers", "Organization"),
        bot=world.account(f"{slug}[bot]", "Bot", app_id=id_),
        private_key_pem=private,
        public_key_pem=public,
        webhook_secret=wanted.get("webhook_secret") or secrets.token_hex(20),
        webhook_url=hook.get("url"),
        permissions={"metadata": "read"} | wanted.get("default_permissions", PERMISSIONS),
        events=list(wanted.get("default_events", EVENTS)),
        client_id=f"Iv23{secrets.token_hex(8)}",
        client_secret=secrets.token_hex(20),
        created_at=world.now(),
        hook_id=world.new_id(),
    )
    world.apps[app.id] = app
    return app


def create_repository(world: World, owner: Account, name: str, default_branch: str, *, private: bool) -> Repo:
    """Empty, with a real bare repository behind it."""
    id_, now = world.new_id(), world.now()
    git = Git.init(world.root / f"{id_}.git", default_branch)
    hook = git.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    repo = Repo(
        id=id_,
        owner=owner,
        name=name,
        git=git,
        created_at=now,
        pushed_at=now,
        private=private,
        default_branch=default_branch,
    )
    world.repos[id_] = repo
    return repo


def fork(world: World, repo: Repo, owner: Account) -> Repo:
    made = create_repository(world, owner, repo.name, repo.default_branch, private=repo.private)
    made.parent = repo
    made.git.fetch(repo.git, "refs/heads/*", "refs/heads/*")
    return made


def install(world: World, app: App, account: Account, *, everywhere: bool, repos: list[Repo]) -> Install:
    made = Install(
        id=world.new_id(),
        app=app,
        account=account,
        permissions=dict(app.permissions),
        events=list(app.events),
        created_at=world.now(),
        all_repositories=everywhere,
        repository_ids={repo.id for repo in repos},
    )
    world.installs[made.id] = made
    world.herald.tell("installation", "created", None, account, install=made, repositories=world.covered(made))
    return made


def uninstall(world: World, install: Install, by: Account) -> None:
    """Its tokens die with it."""
    covered = world.covered(install)
    world.herald.tell("installation", "deleted", None, by, install=install, repositories=covered)
    del world.installs[install.id]


def suspend(world: World, install: Install, by: Account) -> None:
    install.suspended_at, install.suspended_by = world.now(), by
    world.herald.tell("installation", "suspend", None, by, install=install)


def unsuspend(world: World, install: Install, by: Account) -> None:
    install.suspended_at = install.suspended_by = None
    world.herald.tell("installation", "unsuspend", None, by, install=install)


def accept(world: World, install: Install, permissions: dict[str, str], by: Account) -> None:
    """The owner grants what the App newly asks."""
    install.permissions |= permissions
    install.app.permissions |= permissions
    covered = world.covered(install)
    world.herald.tell("installation", "new_permissions_accepted", None, by, install=install, repositories=covered)


def choose(world: World, install: Install, repo: Repo, by: Account, *, added: bool) -> None:
    """One repository more or less."""
    (install.repository_ids.add if added else install.repository_ids.discard)(repo.id)
    action = "added" if added else "removed"
    world.herald.tell("installation_repositories", action, None, by, install=install, repositories=[repo])


def rename(world: World, repo: Repo, by: Account, name: str) -> None:
    """The old name leads to the new one until someone takes it."""
    if world.repo(f"{repo.owner.login}/{name}") is not None:
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    before = repo.name
    world.moved[repo.full_name.lower()] = repo.id
    repo.name = name
    changes = {"repository": {"name": {"from": before}}}
    world.herald.tell("repository", "renamed", repo, by, changes=changes)


def transfer(world: World, repo: Repo, by: Account, to: Account) -> None:
    """Installations follow the owner: the former one sees it no more, and is told."""
    before, installs = repo.owner, world.installs_on(repo)
    world.moved[repo.full_name.lower()] = repo.id
    repo.owner = to
    after = world.installs_on(repo)
    kind = "organization" if before.type == "Organization" else "user"
    for install in installs:
        install.repository_ids.discard(repo.id)
        if install not in after:
            world.herald.tell("installation_repositories", "removed", None, by, install=install, repositories=[repo])
    world.herald.tell("repository", "transferred", repo, by, changes={"owner": {"from": {kind: before}}})


def set_archived(world: World, repo: Repo, by: Account, *, archived: bool) -> None:
    repo.archived = archived
    world.herald.tell("repository", "archived" if archived else "unarchived", repo, by)


def set_private(world: World, repo: Repo, by: Account, *, private: bool) -> None:
    if repo.private == private:
        raise unprocessable(f"{repo.full_name} is {'private' if private else 'public'} already")
    repo.private = private
    world.herald.tell("repository", "privatized" if private else "publicized", repo, by)


def set_default_branch(world: World, repo: Repo, by: Account, branch: str) -> None:
    if repo.head(branch) is None:
        raise Refusal(422, "Validation Failed", errors=[f"The branch {branch} was not found."])
    before, repo.default_branch = repo.default_branch, branch
    repo.git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    world.herald.tell("repository", "edited", repo, by, changes={"default_branch": {"from": before}})


def delete(world: World, repo: Repo, by: Account) -> None:
    """Told while it can still be named."""
    world.herald.tell("repository", "deleted", repo, by)
    repo.deleted = True


@cache
def _key_pair() -> tuple[str, str]:
    """One pair for the whole process: making one takes longer than many tests."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
