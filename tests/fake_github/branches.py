"""Moving refs: who may, what follows (push events, pull requests that follow their head, check suites)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_github.git import ZEROS, Entry, GitRefusedError, Signature
from tests.fake_github.records import CheckSuite
from tests.fake_github.refusals import Refusal, unprocessable
from tests.fake_github.world import Actor, writable

if TYPE_CHECKING:
    from tests.fake_github.records import Issue, Pull, Repo
    from tests.fake_github.world import World

WORKFLOWS = ".github/workflows"
WEB_FLOW = "-----BEGIN PGP SIGNATURE-----\n\n{}\n-----END PGP SIGNATURE-----"
"""GitHub signs what it commits itself; no verifier is run here, so the text only has to be there."""


def move(
    world: World, repo: Repo, actor: Actor, ref: str, new: str, *, old: str | None = None, force: bool = False
) -> None:
    """Set a ref (zeros deletes) from `old`, by default from what it is now."""
    move_all(world, repo, actor, [(ref, new, old or repo.git.sha(ref) or ZEROS, force)])


def move_all(world: World, repo: Repo, actor: Actor, moves: list[tuple[str, str, str, bool]]) -> None:
    """(ref, new, old, force) of each; all or none, by compare and swap."""
    writable(repo)
    for ref, new, old, force in moves:
        refuse(repo, actor, ref, new, old, force=force)
    try:
        repo.git.update_refs([(ref, new, old) for ref, new, old, _ in moves])
    except GitRefusedError as error:
        raise unprocessable("Reference cannot be updated") from error
    for ref, new, old, _ in moves:
        moved(world, repo, actor, ref, new, old)


def refuse(repo: Repo, actor: Actor, ref: str, new: str, old: str, *, force: bool) -> None:
    """Raises where GitHub would not move the ref."""
    if not ref.startswith("refs/heads/"):
        return
    if ZEROS not in (old, new) and not force and not repo.git.contains(old, new):
        raise unprocessable("Update is not a fast forward")
    _protected(repo, actor, ref.removeprefix("refs/heads/"), new, old)
    if new != ZEROS and actor.app is not None and not actor.may("workflows", "write"):
        _workflows(repo, new, old)


def moved(world: World, repo: Repo, actor: Actor, ref: str, new: str, old: str) -> None:
    """What follows once a ref has moved."""
    if new == old or not ref.startswith(("refs/heads/", "refs/tags/")):
        return
    repo.pushed_at = world.now()
    world.herald.tell("push", None, repo, actor.account, ref=ref, before=old, after=new)
    if ref.startswith("refs/heads/"):
        branch = ref.removeprefix("refs/heads/")
        if new != ZEROS:
            for install in world.installs_on(repo):
                if "checks" in install.permissions:
                    suite_for(world, repo, Actor(account=actor.account, app=install.app), new, branch, before=old)
        _followers(world, repo, actor, branch, new)


def suite_for(
    world: World, repo: Repo, actor: Actor, sha: str, branch: str | None, *, before: str | None = None
) -> CheckSuite:
    """The App's check suite of a commit; a new one is told about."""
    app = actor.app
    if app is None:
        raise Refusal(403, "You must authenticate via a GitHub App.")
    for suite in repo.suites.values():
        if suite.app is app and suite.head_sha == sha:
            return suite
    now = world.now()
    suite = CheckSuite(
        id=world.new_id(), app=app, head_sha=sha, head_branch=branch, before=before, created_at=now, updated_at=now
    )
    repo.suites[suite.id] = suite
    if before is not None:
        world.herald.tell("check_suite", "requested", repo, actor.account, suite=suite, only=app)
    return suite


def commit(
    world: World, repo: Repo, actor: Actor, tree: str, parents: list[str], message: str, **people: Signature | None
) -> str:
    """A commit made through the API; without an author of its own GitHub makes it the caller's and signs it."""
    author, committer = people.get("author"), people.get("committer")
    mine = signature(world, actor)
    # https://docs.github.com/authentication/managing-commit-signature-verification: bots' commits are signed
    # unless they bring their own author or committer.
    signs = actor.app is not None and author is None and committer is None
    web = Signature(name="GitHub", email="noreply@github.com", at=mine.at)
    sha = repo.git.write_commit(
        tree,
        parents,
        message,
        author or mine,
        committer or (web if signs else author or mine),
        signed=WEB_FLOW.format(f"fake{mine.at:x}") if signs else None,
    )
    repo.authors[sha] = actor.account
    return sha


def signature(world: World, actor: Actor) -> Signature:
    """The account as author, by its no-reply address, now."""
    account = actor.account
    return Signature(
        name=account.login, email=f"{account.id}+{account.login}@users.noreply.github.com", at=int(world.now())
    )


def synchronise(world: World, repo: Repo, issue: Issue, pull: Pull, new: str, actor: Actor) -> None:
    """A pull request whose head moved."""
    repo.git.fetch(pull.head_repo.git, new, f"refs/pull/{issue.number}/head")
    before, pull.head_sha = pull.head_sha, new
    pull.base_sha = repo.head(pull.base_ref) or pull.base_sha
    issue.updated_at = world.now()
    world.herald.tell("pull_request", "synchronize", repo, actor.account, issue=issue, before=before, after=new)


def close(world: World, repo: Repo, issue: Issue, actor: Actor) -> None:
    """Closed, merged or not."""
    issue.state, issue.closed_at, issue.updated_at = "closed", world.now(), world.now()
    world.herald.tell("pull_request" if issue.pull else "issues", "closed", repo, actor.account, issue=issue)


def set_merged(world: World, repo: Repo, issue: Issue, pull: Pull, actor: Actor, sha: str) -> None:
    """Merged by `actor` as `sha`."""
    pull.merged_at, pull.merged_by, pull.merge_sha = world.now(), actor.account, sha
    close(world, repo, issue, actor)


def _followers(world: World, repo: Repo, actor: Actor, branch: str, new: str) -> None:
    for base_repo in list(world.repos.values()):
        for issue, pull in base_repo.pulls():
            if issue.state != "open":
                continue
            if pull.head_repo is repo and pull.head_ref == branch:
                _head_moved(world, base_repo, issue, pull, new, actor)
            elif base_repo is repo and pull.base_ref == branch:
                _base_moved(world, base_repo, issue, pull, new, actor)


def _head_moved(world: World, repo: Repo, issue: Issue, pull: Pull, new: str, actor: Actor) -> None:
    if new == ZEROS:
        close(world, repo, issue, actor)
    elif new != pull.head_sha:
        synchronise(world, repo, issue, pull, new, actor)


def _base_moved(world: World, repo: Repo, issue: Issue, pull: Pull, new: str, actor: Actor) -> None:
    if new == ZEROS:
        close(world, repo, issue, actor)
    elif repo.git.contains(pull.head_sha, new):
        set_merged(world, repo, issue, pull, actor, new)


def _protected(repo: Repo, actor: Actor, branch: str, new: str, old: str) -> None:
    rule = repo.protected.get(branch)
    bypass = actor.app is None and repo.people.get(actor.account.id, "admin") == "admin"
    if rule is None or bypass:
        return
    if new == ZEROS:
        raise unprocessable("Cannot delete this protected branch")
    if rule.signatures:
        # What another branch holds already is not pushed anew.
        fresh = repo.git.log(new, *(f"^{sha}" for sha in repo.git.refs("refs/heads/").values()))
        if any(repo.git.commit(sha).signature is None for sha in fresh):
            raise unprocessable("Commits must have verified signatures.")
    if rule.pulls_only:
        raise unprocessable("Changes must be made through a pull request.")


def _workflows(repo: Repo, new: str, old: str) -> None:
    wanted = _workflow_files(repo, new)
    tips = [sha for ref, sha in repo.git.refs("refs/heads/").items() if ref]
    known = set[Entry]().union(*(_workflow_files(repo, sha) for sha in tips)) if wanted else set[Entry]()
    before = _workflow_files(repo, old) if old != ZEROS else set[Entry]()
    default = {entry.path for entry in _workflow_files(repo, repo.default_branch)}
    gone = {entry.path for entry in before} & default - {entry.path for entry in wanted}
    touched = sorted({entry.path for entry in wanted - known} | gone)
    if touched:
        raise Refusal(
            403,
            f"refusing to allow a GitHub App to create or update workflow `{WORKFLOWS}/{touched[0]}` without `workflows` permission",
        )


def _workflow_files(repo: Repo, revision: str) -> set[Entry]:
    try:
        return {entry for entry in repo.git.tree(revision, recursive=True, under=WORKFLOWS) if entry.kind == "blob"}
    except GitRefusedError:
        return set()
