"""Pull requests: opening, changing, testing for conflicts, merging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github.branches import close, move, set_merged, signature
from tests.fake_github.records import Issue, Pull
from tests.fake_github.refusals import Refusal, invalid
from tests.fake_github.world import Actor, writable

if TYPE_CHECKING:
    from tests.fake_github.records import Repo
    from tests.fake_github.world import World


def open_pull(world: World, repo: Repo, actor: Actor, wanted: dict[str, Any]) -> Issue:
    """`wanted` is the body of GitHub's `POST pulls`."""
    writable(repo)
    head_repo, head_ref = _head(world, repo, wanted["head"])
    base_ref = wanted["base"]
    base_sha, head_sha = repo.head(base_ref), head_repo.head(head_ref) if head_repo else None
    if base_sha is None:
        raise invalid("PullRequest", "base")
    if head_repo is None or head_sha is None:
        raise invalid("PullRequest", "head")
    label = f"{head_repo.owner.login}:{head_ref}"
    if any(_same(issue, pull, head_repo, head_ref, base_ref) for issue, pull in repo.pulls()):
        raise _custom(f"A pull request already exists for {label}.")
    if head_repo is repo and repo.git.contains(head_sha, base_sha):
        raise _custom(f"No commits between {base_ref} and {wanted['head']}")
    pull = Pull(
        head_repo=head_repo,
        head_ref=head_ref,
        head_sha=head_sha,
        base_ref=base_ref,
        base_sha=base_sha,
        draft=wanted.get("draft", False),
        maintainer_can_modify=wanted.get("maintainer_can_modify", head_repo is not repo),
    )
    issue = new_issue(world, repo, actor, wanted["title"], wanted.get("body"))
    issue.pull = pull
    repo.git.fetch(head_repo.git, head_sha, f"refs/pull/{issue.number}/head")
    world.herald.tell("pull_request", "opened", repo, actor.account, issue=issue)
    return issue


def new_issue(world: World, repo: Repo, actor: Actor, title: str, body: str | None) -> Issue:
    """The next number; pull requests share it with issues."""
    now, number = world.now(), len(repo.issues) + 1
    issue = Issue(
        id=world.new_id(),
        number=number,
        title=title,
        body=body,
        user=actor.account,
        app=actor.app,
        created_at=now,
        updated_at=now,
    )
    repo.issues[number] = issue
    return issue


def change(world: World, repo: Repo, actor: Actor, issue: Issue, wanted: dict[str, Any]) -> None:
    """Title, body, base, state."""
    writable(repo)
    before = {"title": issue.title, "body": issue.body}
    issue.title = wanted.get("title", issue.title)
    issue.body = wanted.get("body", issue.body)
    if issue.pull is not None and "base" in wanted:
        _rebase(repo, issue.pull, wanted["base"])
    issue.updated_at = world.now()
    changed = {key: {"from": value or ""} for key, value in before.items() if value != getattr(issue, key)}
    if changed and issue.pull is not None:
        world.herald.tell("pull_request", "edited", repo, actor.account, issue=issue, changes=changed)
    if "state" in wanted and wanted["state"] != issue.state:
        close(world, repo, issue, actor) if wanted["state"] == "closed" else reopen(world, repo, issue, actor)


def reopen(world: World, repo: Repo, issue: Issue, actor: Actor) -> None:
    """Refused where the branch is gone, another pull request took its place, or it was merged."""
    pull = issue.pull
    if pull is not None:
        if pull.merged_at is not None:
            raise invalid("PullRequest", "state", message="state cannot be changed. The pull request was merged.")
        tip = pull.head_repo.head(pull.head_ref)
        taken = any(_same(other, of, pull.head_repo, pull.head_ref, pull.base_ref) for other, of in repo.pulls())
        if tip is None or repo.head(pull.base_ref) is None or taken:
            why = f"state cannot be changed. The {pull.head_ref} branch has been deleted."
            raise invalid("PullRequest", "state", message=why)
        pull.head_sha = tip
        repo.git.fetch(pull.head_repo.git, tip, f"refs/pull/{issue.number}/head")
    issue.state, issue.closed_at, issue.updated_at = "open", None, world.now()
    world.herald.tell("pull_request" if pull else "issues", "reopened", repo, actor.account, issue=issue)


def set_draft(world: World, repo: Repo, actor: Actor, issue: Issue, *, draft: bool) -> None:
    """Ready for review, or back to a draft; only GraphQL can, no REST call."""
    pull = issue.pull
    if pull is not None and pull.draft != draft:
        pull.draft = draft
        action = "converted_to_draft" if draft else "ready_for_review"
        world.herald.tell("pull_request", action, repo, actor.account, issue=issue)


def tried(repo: Repo, pull: Pull) -> bool:
    """Whether the present tips were tried already."""
    return pull.tested is not None and pull.tested[:2] == (repo.head(pull.base_ref), pull.head_sha)


def trial_merge(world: World, repo: Repo, pull: Pull) -> str | None:
    """The commit a merge would make; None: conflicts. Tried once for each pair of tips."""
    base = repo.head(pull.base_ref)
    if base is None:
        return None
    if pull.tested is None or not tried(repo, pull):
        tree = repo.git.merge(base, pull.head_sha)
        by = signature(world, Actor(account=repo.owner))
        made = tree and repo.git.write_commit(tree, [base, pull.head_sha], "Merge", by, by)
        pull.tested = (base, pull.head_sha, made)
    return pull.tested[2]


def merge_pull(world: World, repo: Repo, actor: Actor, issue: Issue, wanted: dict[str, Any]) -> str:
    """The new commit on the base; `wanted` is the body of GitHub's `PUT merge`."""
    writable(repo)
    pull = issue.pull
    if pull is None or issue.state != "open" or pull.draft:
        raise Refusal(405, "Pull Request is not mergeable")
    if wanted.get("sha", pull.head_sha) != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    base, tree = repo.head(pull.base_ref), repo.git.merge(pull.base_ref, pull.head_sha)
    if base is None or tree is None:
        raise Refusal(405, "Pull Request is not mergeable")
    title = wanted.get("commit_title") or f"Merge pull request #{issue.number} from {pull.head_ref}"
    message = "\n\n".join(part for part in (title, wanted.get("commit_message") or issue.title) if part)
    parents = [base] if wanted.get("merge_method") in {"squash", "rebase"} else [base, pull.head_sha]
    by = signature(world, actor)
    sha = repo.git.write_commit(tree, parents, message, by, by)
    person = Actor(account=actor.account)  # a merge is what protection asks for, so it does not forbid it
    set_merged(world, repo, issue, pull, actor, sha)
    move(world, repo, person, f"refs/heads/{pull.base_ref}", sha, old=base)
    return sha


def merge_branch(world: World, repo: Repo, actor: Actor, base: str, head: str, message: str | None) -> str | None:
    """Merge a branch or commit into a branch; None: it holds it already. Conflicts are a 409."""
    onto, what = repo.head(base), repo.git.commit_sha(head)
    if onto is None or what is None:
        raise Refusal(404, "Base does not exist" if onto is None else "Head does not exist")
    if repo.git.contains(what, onto):
        return None
    tree = repo.git.merge(onto, what)
    if tree is None:
        raise Refusal(409, "Merge conflict")
    by = signature(world, actor)
    sha = repo.git.write_commit(tree, [onto, what], message or f"Merge {head} into {base}", by, by)
    move(world, repo, actor, f"refs/heads/{base}", sha, old=onto)
    return sha


def _head(world: World, repo: Repo, head: str) -> tuple[Repo | None, str]:
    login, colon, branch = head.partition(":")
    if not colon:
        return repo, head
    if login.lower() == repo.owner.login.lower():
        return repo, branch
    forks = (other for other in world.repos.values() if other.parent is repo and not other.deleted)
    return next((fork for fork in forks if fork.owner.login.lower() == login.lower()), None), branch


def _same(issue: Issue, pull: Pull, head_repo: Repo, head_ref: str, base_ref: str) -> bool:
    same = pull.head_repo is head_repo and pull.head_ref == head_ref and pull.base_ref == base_ref
    return same and issue.state == "open"


def _rebase(repo: Repo, pull: Pull, base: str) -> None:
    tip = repo.head(base)
    if tip is None:
        raise invalid("PullRequest", "base")
    pull.base_ref, pull.base_sha = base, tip


def _custom(message: str) -> Refusal:
    return Refusal(422, "Validation Failed", errors=[{"resource": "PullRequest", "code": "custom", "message": message}])
