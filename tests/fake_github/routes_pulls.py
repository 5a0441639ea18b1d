"""Pull requests: their lists, files, reviewers, reviews, comments on the diff, merging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github import pulls, shapes, shapes_files, shapes_git, shapes_talk, talk
from tests.fake_github.clock import iso
from tests.fake_github.refusals import Refusal, invalid, unprocessable
from tests.fake_github.routes_talk import comment_of
from tests.fake_github.routing import Answer, Call, Routes
from tests.fake_github.shapes import node_id
from tests.fake_github.world import writable

if TYPE_CHECKING:
    from tests.fake_github.records import Account, Comment, Issue, Pull

R = "/repos/{owner}/{repo}"
READ, WRITE = "pull_requests:read", "pull_requests:write"
ROUTES = Routes()


@ROUTES.on(f"GET {R}/pulls", READ)
def list_pulls(call: Call) -> Any:
    query = call.request.query
    kept = [pair for pair in call.repo.pulls() if pair[0] in call.world.listed([pair[0]]) and _wanted(query, *pair)]
    newest = query.get("direction", "desc") == "desc"
    return [shapes_talk.short_pull(call.world, call.repo, *pair) for pair in call.page(kept[::-1] if newest else kept)]


@ROUTES.on(f"POST {R}/pulls", WRITE)
def create_pull(call: Call) -> Any:
    if "title" not in call.body:
        raise invalid("PullRequest", "title", "missing_field")
    return _shown(call, pulls.open_pull(call.world, call.repo, call.actor, call.body))


@ROUTES.on(f"GET {R}/pulls/{{pull_number}}", READ)
def get_pull(call: Call) -> Any:
    return _shown(call, _pair(call)[0])


@ROUTES.on(f"PATCH {R}/pulls/{{pull_number}}", WRITE)
def update_pull(call: Call) -> Any:
    pulls.change(call.world, call.repo, call.actor, _pair(call)[0], call.body)
    return get_pull(call)


@ROUTES.on(f"GET {R}/pulls/{{pull_number}}/files", READ)
def files(call: Call) -> Any:
    return call.page(shapes_talk.pull_files(call.world, call.repo, _pair(call)[1]))


@ROUTES.on(f"GET {R}/pulls/{{pull_number}}/commits", READ)
def commits(call: Call) -> Any:
    shas = shapes_talk.pull_commits(call.repo, _pair(call)[1])
    return [shapes_git.commit(call.world, call.repo, sha) for sha in call.page(shas)]


@ROUTES.on(f"GET {R}/commits/{{commit_sha}}/pulls", READ)
def pulls_of_commit(call: Call) -> Any:
    sha = call.params["commit_sha"]
    if call.repo.git.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    found = [
        pair for pair in call.repo.pulls() if sha in {*shapes_talk.pull_commits(call.repo, pair[1]), pair[1].merge_sha}
    ]
    return [shapes_talk.short_pull(call.world, call.repo, *pair) for pair in call.page(found)]


@ROUTES.on(f"GET {R}/pulls/{{pull_number}}/merge", READ)
def is_merged(call: Call) -> Any:
    return Answer(status=404) if _pair(call)[1].merged_at is None else Answer()


@ROUTES.on(f"PUT {R}/pulls/{{pull_number}}/merge", "contents:write")
def merge(call: Call) -> Any:
    sha = pulls.merge_pull(call.world, call.repo, call.actor, _pair(call)[0], call.body)
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


@ROUTES.on(f"PUT {R}/pulls/{{pull_number}}/update-branch", WRITE)
def update_branch(call: Call) -> Any:
    _, pull = _pair(call)
    if call.body.get("expected_head_sha", pull.head_sha) != pull.head_sha:
        raise unprocessable("expected head sha didn't match current head ref.")
    made = pulls.merge_branch(call.world, call.repo, call.actor, pull.head_ref, pull.base_ref, None)
    if made is None:
        raise unprocessable("There are no new commits on the base branch.")
    return {
        "message": "Updating pull request branch.",
        "url": shapes_talk.pull(call.world, call.repo, *_pair(call))["url"],
    }


@ROUTES.on(f"GET {R}/pulls/{{pull_number}}/requested_reviewers", READ)
def get_reviewers(call: Call) -> Any:
    return {"users": [shapes.user(call.world, account) for account in _pair(call)[1].reviewers], "teams": []}


@ROUTES.on(f"POST {R}/pulls/{{pull_number}}/requested_reviewers", WRITE)
def request_reviewers(call: Call) -> Any:
    writable(call.repo)
    issue, pull = _pair(call)
    for account in _people(call):
        if account is issue.user:
            raise unprocessable("Review cannot be requested from pull request author.")
        if call.repo.people.get(account.id, "none") == "none" and account is not call.repo.owner:
            raise unprocessable("Reviews may only be requested from collaborators.")
    for account in _people(call):
        if account not in pull.reviewers:
            pull.reviewers.append(account)
            call.world.herald.tell(
                "pull_request", "review_requested", call.repo, call.actor.account, issue=issue, reviewer=account
            )
    return _short(call)


@ROUTES.on(f"DELETE {R}/pulls/{{pull_number}}/requested_reviewers", WRITE)
def remove_reviewers(call: Call) -> Any:
    gone, pull = _people(call), _pair(call)[1]
    pull.reviewers = [account for account in pull.reviewers if account not in gone]
    return _short(call)


@ROUTES.on(f"GET {R}/pulls/{{pull_number}}/comments", READ)
def list_comments(call: Call) -> Any:
    number = _pair(call)[0].number
    found = [one for one in call.repo.comments.values() if one.number == number and one.review is not None]
    return [shapes_talk.comment(call.world, call.repo, one) for one in call.page(call.world.listed(found))]


@ROUTES.on(f"POST {R}/pulls/{{pull_number}}/comments", WRITE)
def create_comment(call: Call) -> Any:
    review = {key: value for key, value in call.body.items() if key != "body"}
    return _said(call, talk.say(call.world, call.repo, call.actor, _pair(call)[0], call.body["body"], review))


@ROUTES.on(f"POST {R}/pulls/{{pull_number}}/comments/{{comment_id}}/replies", WRITE)
def reply(call: Call) -> Any:
    to = comment_of(call, review=True)
    review = (to.review or {}) | {"in_reply_to_id": to.id}
    return _said(call, talk.say(call.world, call.repo, call.actor, _pair(call)[0], call.body["body"], review))


@ROUTES.on(f"GET {R}/pulls/comments/{{comment_id}}", READ)
def get_comment(call: Call) -> Any:
    return _said(call, comment_of(call, review=True))


@ROUTES.on(f"PATCH {R}/pulls/comments/{{comment_id}}", WRITE)
def update_comment(call: Call) -> Any:
    talk.edit(call.world, call.repo, call.actor, comment_of(call, review=True), call.body["body"])
    return get_comment(call)


@ROUTES.on(f"DELETE {R}/pulls/comments/{{comment_id}}", WRITE)
def delete_comment(call: Call) -> Any:
    talk.unsay(call.world, call.repo, call.actor, comment_of(call, review=True))
    return Answer()


@ROUTES.on(f"GET {R}/pulls/{{pull_number}}/reviews", READ)
def list_reviews(call: Call) -> Any:
    return call.page(_pair(call)[1].reviews)


@ROUTES.on(f"POST {R}/pulls/{{pull_number}}/reviews", WRITE)
def create_review(call: Call) -> Any:
    writable(call.repo)
    issue, pull = _pair(call)
    event, me = call.body.get("event", "PENDING"), call.actor.account
    if event in {"APPROVE", "REQUEST_CHANGES"} and me is issue.user:
        raise Refusal(422, "Unprocessable Entity", errors=["Can not approve your own pull request"])
    id_, html = call.world.new_id(), f"{shapes_files.page(call.world, call.repo)}/pull/{issue.number}"
    states = {
        "APPROVE": "APPROVED",
        "REQUEST_CHANGES": "CHANGES_REQUESTED",
        "COMMENT": "COMMENTED",
        "PENDING": "PENDING",
    }
    url = f"{shapes_files.api(call.world, call.repo)}/pulls/{issue.number}"
    page = f"{html}#pullrequestreview-{id_}"
    review = {
        "id": id_,
        "node_id": node_id("PRR", id_),
        "user": shapes.user(call.world, me),
        "body": call.body.get("body", ""),
        "state": states[event],
        "commit_id": call.body.get("commit_id", pull.head_sha),
        "submitted_at": iso(call.world.now()),
        "html_url": page,
        "pull_request_url": url,
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        "author_association": shapes_talk.association(call.world, call.repo, me),
    }
    pull.reviews.append(review)
    for given in call.body.get("comments", []):
        place = {"commit_id": pull.head_sha} | {key: value for key, value in given.items() if key != "body"}
        talk.say(call.world, call.repo, call.actor, issue, given["body"], place)
    return review


def _pair(call: Call) -> tuple[Issue, Pull]:
    return call.repo.pull(call.params["pull_number"])


def _shown(call: Call, issue: Issue) -> Any:
    return shapes_talk.pull(call.world, call.repo, *call.repo.pull(issue.number))


def _short(call: Call) -> Any:
    return shapes_talk.short_pull(call.world, call.repo, *_pair(call))


def _said(call: Call, comment: Comment) -> Any:
    return shapes_talk.comment(call.world, call.repo, comment)


def _people(call: Call) -> list[Account]:
    known, names = call.world.accounts, call.body.get("reviewers", [])
    if any(name.lower() not in known for name in names):
        raise unprocessable("Reviews may only be requested from collaborators.")
    return [known[name.lower()] for name in names]


def _wanted(query: dict[str, str], issue: Issue, pull: Pull) -> bool:
    head = f"{pull.head_repo.owner.login}:{pull.head_ref}"
    state = query.get("state", "open")
    return (
        state in {"all", issue.state}
        and query.get("head", head) == head
        and query.get("base", pull.base_ref) == pull.base_ref
    )
