"""How issues, pull requests, comments, labels and reactions look in answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github import shapes
from tests.fake_github.clock import iso
from tests.fake_github.pulls import trial_merge, tried
from tests.fake_github.shapes import node_id
from tests.fake_github.shapes_files import EMPTY_TREE, api, changed, page
from tests.fake_github.talk import REACTIONS

if TYPE_CHECKING:
    from tests.fake_github.records import Account, Comment, Issue, Label, Pull, Reaction, Repo
    from tests.fake_github.world import World


def issue(world: World, repo: Repo, issue: Issue) -> dict[str, Any]:
    """Pull requests are issues too, with a `pull_request`."""
    url, kind = f"{api(world, repo)}/issues/{issue.number}", "pull" if issue.pull else "issues"
    html = f"{page(world, repo)}/{kind}/{issue.number}"
    shape = {
        "id": issue.id,
        "node_id": node_id("PR" if issue.pull else "I", issue.id),
        "url": url,
        "repository_url": api(world, repo),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": html,
        "state_reason": None,
        "comments": sum(
            comment.number == issue.number and comment.review is None for comment in repo.comments.values()
        ),
        "reactions": reactions(url, issue.reactions),
        "performed_via_github_app": shapes.app(world, issue.app) if issue.app else None,
        "timeline_url": f"{url}/timeline",
        "closed_by": None,
        **_common(world, repo, issue),
    }
    if issue.pull:
        merged = iso(issue.pull.merged_at) if issue.pull.merged_at else None
        links = {
            "url": _pull_url(world, repo, issue),
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
        }
        shape |= {"pull_request": links | {"merged_at": merged}, "draft": issue.pull.draft}
    return shape


def short_pull(world: World, repo: Repo, issue: Issue, pull: Pull) -> dict[str, Any]:
    """`pull-request-simple`, as lists hold it."""
    url, html = _pull_url(world, repo, issue), f"{page(world, repo)}/pull/{issue.number}"
    root, issue_url = api(world, repo), f"{api(world, repo)}/issues/{issue.number}"
    links = {
        "self": url,
        "html": html,
        "issue": issue_url,
        "comments": f"{issue_url}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{root}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{root}/statuses/{pull.head_sha}",
    }
    tested = pull.merge_sha or (trial_merge(world, repo, pull) if issue.state == "open" else None)
    return {
        "id": issue.id,
        "node_id": node_id("PR", issue.id),
        "url": url,
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue_url,
        **{
            f"{key}_url": links[key] for key in ("comments", "review_comments", "review_comment", "commits", "statuses")
        },
        "_links": {key: {"href": href} for key, href in links.items()},
        "merged_at": iso(pull.merged_at) if pull.merged_at else None,
        "merge_commit_sha": tested,
        "requested_reviewers": [shapes.user(world, account) for account in pull.reviewers],
        "requested_teams": [],
        "head": _end(world, pull.head_repo, pull.head_ref, pull.head_sha),
        "base": _end(world, repo, pull.base_ref, pull.base_sha),
        "auto_merge": None,
        "draft": pull.draft,
        **_common(world, repo, issue),
    }


def pull(world: World, repo: Repo, issue: Issue, pull: Pull) -> dict[str, Any]:
    """`pull-request`, with what only the single one tells."""
    known = not world.lazy_mergeable or tried(repo, pull)
    shape = short_pull(world, repo, issue, pull)
    commits, files = pull_commits(repo, pull), pull_files(world, repo, pull)
    mergeable = None if issue.state != "open" or not known else shape["merge_commit_sha"] is not None
    state = {None: "unknown", True: "draft" if pull.draft else "clean", False: "dirty"}[mergeable]
    comments = [comment for comment in repo.comments.values() if comment.number == issue.number]
    return shape | {
        "merged": pull.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": state,
        "merged_by": shapes.user(world, pull.merged_by) if pull.merged_by else None,
        "comments": sum(comment.review is None for comment in comments),
        "review_comments": sum(comment.review is not None for comment in comments),
        "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": len(commits),
        "additions": sum(file["additions"] for file in files),
        "deletions": sum(file["deletions"] for file in files),
        "changed_files": len(files),
    }


def pull_commits(repo: Repo, pull: Pull) -> list[str]:
    """Oldest first."""
    return repo.git.log(pull.head_sha, f"^{pull.base_sha}")[::-1]


def pull_files(world: World, repo: Repo, pull: Pull) -> list[dict[str, Any]]:
    """Against the merge base, as GitHub shows a pull request."""
    return changed(world, repo, repo.git.merge_base(pull.base_sha, pull.head_sha) or EMPTY_TREE, pull.head_sha)


def comment(world: World, repo: Repo, comment: Comment) -> dict[str, Any]:
    """Of an issue, or (with `review`) on a diff."""
    if comment.review is not None:
        return _review_comment(world, repo, comment, comment.review)
    root, issue = api(world, repo), repo.issue(comment.number)
    kind = "pull" if issue.pull else "issues"
    return {
        **_said(world, repo, comment, f"{root}/issues/comments/{comment.id}", "IC"),
        "html_url": f"{page(world, repo)}/{kind}/{comment.number}#issuecomment-{comment.id}",
        "issue_url": f"{root}/issues/{comment.number}",
        "performed_via_github_app": shapes.app(world, comment.app) if comment.app else None,
    }


def label(world: World, repo: Repo, label: Label) -> dict[str, Any]:
    return {
        "id": label.id,
        "node_id": node_id("LA", label.id),
        "url": f"{api(world, repo)}/labels/{label.name}",
        "name": label.name,
        "color": label.color,
        "default": False,
        "description": label.description or "",
        **dict.fromkeys(("archived_at", "archived_by")),
    }


def reaction(world: World, reaction: Reaction) -> dict[str, Any]:
    return {
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": shapes.user(world, reaction.user),
        "content": reaction.content,
        "created_at": iso(reaction.created_at),
    }


def reactions(url: str, given: list[Reaction]) -> dict[str, Any]:
    """How many of each."""
    counts = {content: sum(reaction.content == content for reaction in given) for content in REACTIONS}
    return {"url": f"{url}/reactions", "total_count": len(given), **counts}


def association(world: World, repo: Repo, account: Account) -> str:
    if account is repo.owner:
        return "OWNER"
    if account.id in repo.people:
        return "MEMBER" if repo.owner.type == "Organization" else "COLLABORATOR"
    return "NONE"


def _said(world: World, repo: Repo, comment: Comment, url: str, kind: str) -> dict[str, Any]:
    return {
        "id": comment.id,
        "node_id": node_id(kind, comment.id),
        "url": url,
        "body": comment.body,
        "user": shapes.user(world, comment.user),
        "created_at": iso(comment.created_at),
        "updated_at": iso(comment.updated_at),
        "author_association": association(world, repo, comment.user),
        "reactions": reactions(url, comment.reactions),
    }


def _review_comment(world: World, repo: Repo, comment: Comment, review: dict[str, Any]) -> dict[str, Any]:
    root = api(world, repo)
    url, pull_url = f"{root}/pulls/comments/{comment.id}", f"{root}/pulls/{comment.number}"
    html = f"{page(world, repo)}/pull/{comment.number}#discussion_r{comment.id}"
    line = review.get("line")
    return {
        **_said(world, repo, comment, url, "PRRC"),
        "pull_request_review_id": comment.id + 1,
        "diff_hunk": review.get("diff_hunk", "@@ -1 +1 @@"),
        "path": review["path"],
        "position": 1,
        "original_position": 1,
        "commit_id": review["commit_id"],
        "original_commit_id": review["commit_id"],
        "html_url": html,
        "pull_request_url": pull_url,
        "_links": {key: {"href": href} for key, href in {"self": url, "html": html, "pull_request": pull_url}.items()},
        "start_line": review.get("start_line"),
        "original_start_line": review.get("start_line"),
        "start_side": review.get("start_side"),
        "line": line,
        "original_line": line,
        "side": review.get("side", "RIGHT"),
        "subject_type": review.get("subject_type", "line"),
        **({"in_reply_to_id": review["in_reply_to_id"]} if "in_reply_to_id" in review else {}),
    }


def _common(world: World, repo: Repo, issue: Issue) -> dict[str, Any]:
    return {
        "number": issue.number,
        "state": issue.state,
        "locked": issue.locked is not None,
        "active_lock_reason": issue.locked or None,
        "title": issue.title,
        "body": issue.body,
        "user": shapes.user(world, issue.user),
        "labels": [label(world, repo, given) for given in issue.labels],
        "assignee": shapes.user(world, issue.assignees[0]) if issue.assignees else None,
        "assignees": [shapes.user(world, account) for account in issue.assignees],
        "milestone": None,
        "created_at": iso(issue.created_at),
        "updated_at": iso(issue.updated_at),
        "closed_at": iso(issue.closed_at) if issue.closed_at else None,
        "author_association": association(world, repo, issue.user),
    }


def _end(world: World, repo: Repo, ref: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repo.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": shapes.user(world, repo.owner),
        "repo": None if repo.deleted else shapes.repository(world, repo),
    }


def _pull_url(world: World, repo: Repo, issue: Issue) -> str:
    return f"{api(world, repo)}/pulls/{issue.number}"
