"""Comments, reactions, labels, locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github.records import Comment, Label, Reaction
from tests.fake_github.refusals import Refusal, invalid, not_found
from tests.fake_github.world import writable

if TYPE_CHECKING:
    from tests.fake_github.records import Issue, Repo
    from tests.fake_github.world import Actor, World

MOST_CHARACTERS = 65_536
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def say(
    world: World, repo: Repo, actor: Actor, issue: Issue, body: str, review: dict[str, Any] | None = None
) -> Comment:
    """A comment under an issue or pull request; `review`: at a line of its diff."""
    writable(repo)
    _unlocked(world, repo, actor, issue)
    _length(body)
    now = world.now()
    comment = Comment(
        id=world.new_id(),
        number=issue.number,
        body=body,
        user=actor.account,
        app=actor.app,
        created_at=now,
        updated_at=now,
        review=review,
    )
    repo.comments[comment.id] = comment
    _told(world, repo, actor, comment, "created")
    return comment


def edit(world: World, repo: Repo, actor: Actor, comment: Comment, body: str) -> None:
    """The author's, or a maintainer's, new words."""
    writable(repo)
    _length(body)
    before, comment.body, comment.updated_at = comment.body, body, world.now()
    _told(world, repo, actor, comment, "edited", changes={"body": {"from": before}})


def unsay(world: World, repo: Repo, actor: Actor, comment: Comment) -> None:
    writable(repo)
    del repo.comments[comment.id]
    _told(world, repo, actor, comment, "deleted")


def react(world: World, actor: Actor, reactions: list[Reaction], content: str) -> tuple[Reaction, bool]:
    """The reaction, and whether it is new: one of each kind for each account."""
    for reaction in reactions:
        if reaction.user is actor.account and reaction.content == content:
            return reaction, False
    made = Reaction(id=world.new_id(), content=content, user=actor.account, created_at=world.now())
    reactions.append(made)
    return made, True


def unreact(actor: Actor, reactions: list[Reaction], id_: int) -> None:
    """Only one's own."""
    found = next((reaction for reaction in reactions if reaction.id == id_), None)
    if found is None:
        raise not_found()
    if found.user is not actor.account:
        raise Refusal(403, "You cannot delete this reaction.")
    reactions.remove(found)


def label_named(world: World, repo: Repo, name: str) -> Label:
    """The repository's label, made when there is none, as adding it to an issue does."""
    for label in repo.labels:
        if label.name.lower() == name.lower():
            return label
    if not name or len(name) > 50:
        raise invalid("Label", "name")
    label = Label(id=world.new_id(), name=name)
    repo.labels.append(label)
    return label


def put_labels(world: World, repo: Repo, actor: Actor, issue: Issue, names: list[str]) -> None:
    """Exactly these; what comes and goes is told."""
    writable(repo)
    labels = [label_named(world, repo, name) for name in dict.fromkeys(names)]
    came, went = [x for x in labels if x not in issue.labels], [x for x in issue.labels if x not in labels]
    issue.labels, issue.updated_at = labels, world.now()
    event = "pull_request" if issue.pull else "issues"
    for action, some in (("labeled", came), ("unlabeled", went)):
        for label in some:
            world.herald.tell(event, action, repo, actor.account, issue=issue, label=label)


def _told(world: World, repo: Repo, actor: Actor, comment: Comment, action: str, **more: Any) -> None:
    event = "pull_request_review_comment" if comment.review is not None else "issue_comment"
    issue = repo.issue(comment.number)
    issue.updated_at = world.now()
    world.herald.tell(event, action, repo, actor.account, issue=issue, comment=comment, **more)


def _unlocked(world: World, repo: Repo, actor: Actor, issue: Issue) -> None:
    person = actor.app is None and world.allows(repo, actor.account, "write")
    if issue.locked is not None and not person:
        raise Refusal(403, "Unable to create comment because issue is locked.")


def _length(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    if len(body) > MOST_CHARACTERS:
        raise invalid("IssueComment", "body", "custom", f"body is too long (maximum is {MOST_CHARACTERS} characters)")
