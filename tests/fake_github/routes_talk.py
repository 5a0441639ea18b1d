"""Issues, comments, reactions, labels, locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github import pulls, shapes_talk, talk
from tests.fake_github.refusals import invalid, not_found
from tests.fake_github.routing import Answer, Call, Routes
from tests.fake_github.shaped import is_object
from tests.fake_github.world import writable

if TYPE_CHECKING:
    from tests.fake_github.records import Comment, Issue, Reaction

R = "/repos/{owner}/{repo}"
READ, WRITE = "issues:read|pull_requests:read", "issues:write|pull_requests:write"
ROUTES = Routes()


@ROUTES.on(f"GET {R}/issues", READ)
def list_issues(call: Call) -> Any:
    wanted, query = call.request.query.get("state", "open"), call.request.query
    labels = {name for name in query.get("labels", "").split(",") if name}
    found = [
        issue
        for issue in reversed(call.world.listed(call.repo.issues.values()))
        if wanted in {"all", issue.state}
        and labels <= {label.name for label in issue.labels}
        and query.get("creator", issue.user.login) == issue.user.login
    ]
    return [shapes_talk.issue(call.world, call.repo, issue) for issue in call.page(found)]


@ROUTES.on(f"POST {R}/issues", "issues:write")
def create_issue(call: Call) -> Any:
    writable(call.repo)
    issue = pulls.new_issue(call.world, call.repo, call.actor, call.body["title"], call.body.get("body"))
    talk.put_labels(call.world, call.repo, call.actor, issue, call.body.get("labels", []))
    return shapes_talk.issue(call.world, call.repo, issue)


@ROUTES.on(f"GET {R}/issues/{{issue_number}}", READ)
def get_issue(call: Call) -> Any:
    return shapes_talk.issue(call.world, call.repo, _issue(call))


@ROUTES.on(f"PATCH {R}/issues/{{issue_number}}", WRITE)
def update_issue(call: Call) -> Any:
    pulls.change(call.world, call.repo, call.actor, _issue(call), call.body)
    if "labels" in call.body:
        talk.put_labels(call.world, call.repo, call.actor, _issue(call), call.body["labels"])
    return get_issue(call)


@ROUTES.on(f"GET {R}/issues/{{issue_number}}/comments", READ)
def list_comments(call: Call) -> Any:
    number = _issue(call).number
    found = [comment for comment in _listed(call, review=False) if comment.number == number]
    return [shapes_talk.comment(call.world, call.repo, comment) for comment in call.page(found)]


@ROUTES.on(f"POST {R}/issues/{{issue_number}}/comments", WRITE)
def create_comment(call: Call) -> Any:
    comment = talk.say(call.world, call.repo, call.actor, _issue(call), call.body["body"])
    return shapes_talk.comment(call.world, call.repo, comment)


@ROUTES.on(f"GET {R}/issues/comments", READ)
def all_comments(call: Call) -> Any:
    return [shapes_talk.comment(call.world, call.repo, comment) for comment in call.page(_listed(call, review=False))]


@ROUTES.on(f"GET {R}/issues/comments/{{comment_id}}", READ)
def get_comment(call: Call) -> Any:
    return shapes_talk.comment(call.world, call.repo, comment_of(call, review=False))


@ROUTES.on(f"PATCH {R}/issues/comments/{{comment_id}}", WRITE)
def update_comment(call: Call) -> Any:
    talk.edit(call.world, call.repo, call.actor, comment_of(call, review=False), call.body["body"])
    return get_comment(call)


@ROUTES.on(f"DELETE {R}/issues/comments/{{comment_id}}", WRITE)
def delete_comment(call: Call) -> Any:
    talk.unsay(call.world, call.repo, call.actor, comment_of(call, review=False))
    return Answer()


@ROUTES.on(f"GET {R}/issues/{{issue_number}}/labels", READ)
def issue_labels(call: Call) -> Any:
    return [shapes_talk.label(call.world, call.repo, label) for label in call.page(_issue(call).labels)]


@ROUTES.on(f"POST {R}/issues/{{issue_number}}/labels", WRITE)
def add_labels(call: Call) -> Any:
    return _set_labels(call, [label.name for label in _issue(call).labels] + _names(call))


@ROUTES.on(f"PUT {R}/issues/{{issue_number}}/labels", WRITE)
def put_labels(call: Call) -> Any:
    return _set_labels(call, _names(call))


@ROUTES.on(f"DELETE {R}/issues/{{issue_number}}/labels", WRITE)
def clear_labels(call: Call) -> Any:
    _set_labels(call, [])
    return Answer()


@ROUTES.on(f"DELETE {R}/issues/{{issue_number}}/labels/{{name}}", WRITE)
def remove_label(call: Call) -> Any:
    kept = [label.name for label in _issue(call).labels if label.name.lower() != call.params["name"].lower()]
    if len(kept) == len(_issue(call).labels):
        raise not_found()
    return _set_labels(call, kept)


@ROUTES.on(f"GET {R}/labels", READ)
def repository_labels(call: Call) -> Any:
    return [shapes_talk.label(call.world, call.repo, label) for label in call.page(call.repo.labels)]


@ROUTES.on(f"POST {R}/labels", WRITE)
def create_label(call: Call) -> Any:
    writable(call.repo)
    if any(label.name.lower() == call.body["name"].lower() for label in call.repo.labels):
        raise invalid("Label", "name", "already_exists")
    label = talk.label_named(call.world, call.repo, call.body["name"])
    label.color, label.description = call.body.get("color", label.color), call.body.get("description")
    return shapes_talk.label(call.world, call.repo, label)


@ROUTES.on(f"GET {R}/labels/{{name}}", READ)
def get_label(call: Call) -> Any:
    for label in call.repo.labels:
        if label.name.lower() == call.params["name"].lower():
            return shapes_talk.label(call.world, call.repo, label)
    raise not_found()


@ROUTES.on(f"PUT {R}/issues/{{issue_number}}/lock", WRITE)
def lock(call: Call) -> Any:
    writable(call.repo)
    _issue(call).locked = call.body.get("lock_reason", "")
    return Answer()


@ROUTES.on(f"DELETE {R}/issues/{{issue_number}}/lock", WRITE)
def unlock(call: Call) -> Any:
    writable(call.repo)
    _issue(call).locked = None
    return Answer()


@ROUTES.on(f"GET {R}/issues/{{issue_number}}/reactions", READ)
@ROUTES.on(f"GET {R}/issues/comments/{{comment_id}}/reactions", READ)
@ROUTES.on(f"GET {R}/pulls/comments/{{comment_id}}/reactions", "pull_requests:read")
def list_reactions(call: Call) -> Any:
    wanted = call.request.query.get("content")
    found = [reaction for reaction in _reactions(call) if wanted in {None, reaction.content}]
    return [shapes_talk.reaction(call.world, reaction) for reaction in call.page(found)]


@ROUTES.on(f"POST {R}/issues/{{issue_number}}/reactions", WRITE)
@ROUTES.on(f"POST {R}/issues/comments/{{comment_id}}/reactions", WRITE)
@ROUTES.on(f"POST {R}/pulls/comments/{{comment_id}}/reactions", "pull_requests:write")
def react(call: Call) -> Any:
    writable(call.repo)
    reaction, new = talk.react(call.world, call.actor, _reactions(call), call.body["content"])
    return Answer(shapes_talk.reaction(call.world, reaction), 201 if new else 200)


@ROUTES.on(f"DELETE {R}/issues/{{issue_number}}/reactions/{{reaction_id}}", WRITE)
@ROUTES.on(f"DELETE {R}/issues/comments/{{comment_id}}/reactions/{{reaction_id}}", WRITE)
@ROUTES.on(f"DELETE {R}/pulls/comments/{{comment_id}}/reactions/{{reaction_id}}", "pull_requests:write")
def unreact(call: Call) -> Any:
    writable(call.repo)
    talk.unreact(call.actor, _reactions(call), int(call.params["reaction_id"]))
    return Answer()


def comment_of(call: Call, *, review: bool) -> Comment:
    """The comment of the path; raises a 404, also for one of the other kind."""
    id_ = call.params["comment_id"]
    comment = call.repo.comments.get(int(id_)) if id_.isdigit() else None
    if comment is None or (comment.review is not None) != review:
        raise not_found()
    return comment


def _reactions(call: Call) -> list[Reaction]:
    if "comment_id" in call.params:
        return comment_of(call, review="/pulls/" in call.operation.path).reactions
    return _issue(call).reactions


def _issue(call: Call) -> Issue:
    return call.repo.issue(call.params["issue_number"])


def _listed(call: Call, *, review: bool) -> list[Comment]:
    comments = [comment for comment in call.repo.comments.values() if (comment.review is not None) == review]
    return call.world.listed(comments)


def _names(call: Call) -> list[str]:
    given: list[Any] | None = call.request.body.get("labels", []) if is_object(call.request.body) else call.request.body
    return [label if isinstance(label, str) else label["name"] for label in given or []]


def _set_labels(call: Call, names: list[str]) -> Any:
    talk.put_labels(call.world, call.repo, call.actor, _issue(call), names)
    return [shapes_talk.label(call.world, call.repo, label) for label in _issue(call).labels]
