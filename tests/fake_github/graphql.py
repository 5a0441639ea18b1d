"""The GraphQL calls the fake speaks: moving refs, committing, drafts, and a few questions."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from tests.fake_github import auth, branches, graphql_shapes, pulls
from tests.fake_github.git import ZEROS, Entry
from tests.fake_github.graphql_text import Field, GraphQLSyntaxError, read
from tests.fake_github.refusals import Refusal
from tests.fake_github.shaped import is_array
from tests.fake_github.shapes import node_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake_github.auth import Caller
    from tests.fake_github.records import Issue, Repo
    from tests.fake_github.world import World

NODE = re.compile(r"(\w+)_kwDO(\d+)\Z")
TYPES = {403: "FORBIDDEN", 404: "NOT_FOUND", 422: "UNPROCESSABLE"}


class Stale(Exception):  # noqa: N818 - GitHub's own word for it
    """The branch was not where the caller believed it."""


def name(body: Any) -> str:
    """For the audit log: `mutation updateRefs`."""
    try:
        document = read(body["query"], {})
    except (GraphQLSyntaxError, KeyError, TypeError):
        return "graphql"
    return " ".join([document.kind, *(field.name for field in document.selection)])


def execute(world: World, caller: Caller, body: Any) -> dict[str, Any]:
    """Errors stand beside the data, with status 200, as GitHub has it; only who has no token gets a 401."""
    if caller.token is None:
        raise Refusal(401, "This endpoint requires you to be authenticated.")
    try:
        document = read(body["query"], body.get("variables") or {})
    except (GraphQLSyntaxError, KeyError, TypeError) as error:
        return {"errors": [{"message": str(error), "locations": [{"line": 1, "column": 1}]}]}
    known = MUTATIONS if document.kind == "mutation" else QUERIES
    data: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    for field in document.selection:
        data[field.alias] = _resolved(world, caller, field, known, errors)
    return {"data": data} | ({"errors": errors} if errors else {})


def _resolved(
    world: World, caller: Caller, field: Field, known: dict[str, Callable[..., Any]], errors: list[dict[str, Any]]
) -> Any:
    place = {"path": [field.alias], "locations": [{"line": 1, "column": 1}]}
    try:
        return _project(known.get(field.name, _no_such_field)(world, caller, field.arguments), field.selection)
    except Stale as error:
        errors.append({"type": "STALE_DATA", "message": str(error)} | place)
    except Refusal as refusal:
        kind = TYPES.get(refusal.status, "INTERNAL")
        errors.append({"type": kind, "message": refusal.body["message"]} | place)
    except KeyError as error:
        errors.append({"type": "UNPROCESSABLE", "message": f"Argument {error} is required"} | place)
    return None


def _no_such_field(world: World, caller: Caller, arguments: dict[str, Any]) -> Any:
    raise Refusal(422, "Field doesn't exist on the root type")


def _project(value: Any, selection: tuple[Field, ...]) -> Any:
    """The parts asked for; a value may be a function of the field's arguments."""
    if is_array(value):
        return [_project(item, selection) for item in value]
    if value is None or not selection:
        return value
    chosen: dict[str, Any] = {}
    for field in selection:
        if field.name not in value:
            raise Refusal(422, f"Field '{field.name}' doesn't exist on type '{value['__typename']}'")
        inner = value[field.name]
        chosen[field.alias] = _project(inner(field.arguments) if callable(inner) else inner, field.selection)
    return chosen


# Mutations


def update_refs(world: World, caller: Caller, arguments: dict[str, Any]) -> Any:
    """All or none; `beforeOid` is compared, zeros there mean the ref must not exist."""
    wanted = arguments["input"]
    repo = _repo_of(world, wanted["repositoryId"])
    auth.admit(world, caller, repo, "contents:write")
    moves: list[tuple[str, str, str, bool]] = []
    for update in wanted["refUpdates"]:
        ref, now = update["name"], repo.git.sha(update["name"]) or ZEROS
        before, after = update.get("beforeOid") or now, update["afterOid"]
        if before != now:
            raise Stale(f'Expected ref "{ref}" to point to "{before}" but it points to "{now}".')
        if after != ZEROS and repo.git.kind(after) is None:
            raise Refusal(422, f"Object {after} does not exist in the repository.")
        if not ref.startswith("refs/"):
            raise Refusal(422, f"{ref} is not a fully qualified ref name.")
        moves.append((ref, after, before, bool(update.get("force"))))
    branches.move_all(world, repo, caller.actor, moves)
    return {"__typename": "UpdateRefsPayload", "clientMutationId": wanted.get("clientMutationId")}


def create_commit(world: World, caller: Caller, arguments: dict[str, Any]) -> Any:
    """On the branch's tip, which must be the one expected."""
    wanted = arguments["input"]
    repo, branch = _branch(world, wanted["branch"])
    auth.admit(world, caller, repo, "contents:write")
    expected, now = wanted["expectedHeadOid"], repo.head(branch)
    if now is None:
        raise Refusal(404, f"The branch {branch} does not exist.")
    if expected != now:
        raise Stale(f'Expected branch to point to "{expected}" but it did not. Pull and try again.')
    message = "\n\n".join(part for part in (wanted["message"]["headline"], wanted["message"].get("body")) if part)
    tree = repo.git.write_tree(now, _entries(repo, wanted.get("fileChanges", {})))
    sha = branches.commit(world, repo, caller.actor, tree, [now], message)
    branches.move(world, repo, caller.actor, f"refs/heads/{branch}", sha, old=now)
    ref = graphql_shapes.ref_node(world, repo, f"refs/heads/{branch}")
    payload = {
        "__typename": "CreateCommitOnBranchPayload",
        "commit": graphql_shapes.commit_node(world, repo, sha),
        "ref": ref,
    }
    return payload | {"clientMutationId": wanted.get("clientMutationId")}


def _drafting(*, draft: bool) -> Callable[[World, Caller, dict[str, Any]], Any]:
    def act(world: World, caller: Caller, arguments: dict[str, Any]) -> Any:
        wanted = arguments["input"]
        repo, issue = _pull_of(world, wanted["pullRequestId"])
        auth.admit(world, caller, repo, "pull_requests:write")
        pulls.set_draft(world, repo, caller.actor, issue, draft=draft)
        shape = {"__typename": "PullRequestPayload", "pullRequest": graphql_shapes.pull_node(world, repo, issue)}
        return shape | {"clientMutationId": wanted.get("clientMutationId")}

    return act


# Questions


def repository(world: World, caller: Caller, arguments: dict[str, Any]) -> Any:
    full_name = f"{arguments['owner']}/{arguments['name']}"
    repo = world.repo(full_name)
    if repo is None:
        raise Refusal(404, f"Could not resolve to a Repository with the name '{full_name}'.")
    auth.admit(world, caller, repo, "metadata:read")
    return graphql_shapes.repository_node(world, repo)


def node(world: World, caller: Caller, arguments: dict[str, Any]) -> Any:
    kind = NODE.match(arguments["id"])
    if kind and kind[1] == "R":
        repo = _repo_of(world, arguments["id"])
        auth.admit(world, caller, repo, "metadata:read")
        return graphql_shapes.repository_node(world, repo)
    repo, issue = _pull_of(world, arguments["id"])
    auth.admit(world, caller, repo, "pull_requests:read")
    return graphql_shapes.pull_node(world, repo, issue)


def viewer(world: World, caller: Caller, arguments: dict[str, Any]) -> Any:
    account = caller.actor.account
    kind = "BOT" if account.app_id else "U"
    return {"__typename": "User", "login": account.login, "id": node_id(kind, account.id), "databaseId": account.id}


MUTATIONS: dict[str, Callable[..., Any]] = {
    "updateRefs": update_refs,
    "createCommitOnBranch": create_commit,
    "convertPullRequestToDraft": _drafting(draft=True),
    "markPullRequestReadyForReview": _drafting(draft=False),
}
QUERIES: dict[str, Callable[..., Any]] = {"repository": repository, "node": node, "viewer": viewer}


def _repo_of(world: World, id_: str) -> Repo:
    found = NODE.match(id_)
    if found is None or found[1] != "R" or int(found[2]) not in world.repos:
        raise Refusal(404, f"Could not resolve to a node with the global id of '{id_}'")
    return world.repo_of(int(found[2]))


def _pull_of(world: World, id_: str) -> tuple[Repo, Issue]:
    found = NODE.match(id_)
    for repo in world.repos.values():
        for issue, _ in repo.pulls():
            if found and found[1] == "PR" and issue.id == int(found[2]):
                return repo, issue
    raise Refusal(404, f"Could not resolve to a node with the global id of '{id_}'")


def _branch(world: World, wanted: dict[str, Any]) -> tuple[Repo, str]:
    if "repositoryNameWithOwner" in wanted:
        full_name = wanted["repositoryNameWithOwner"]
        repo = world.repo(full_name)
        if repo is None:
            raise Refusal(404, f"Could not resolve to a Repository with the name '{full_name}'.")
        return repo, wanted["branchName"].removeprefix("refs/heads/")
    try:
        repo_id, _, ref = base64.urlsafe_b64decode(wanted["id"].removeprefix("REF_")).decode().partition(":")
        return world.repo_of(int(repo_id)), ref.removeprefix("refs/heads/")
    except (binascii.Error, ValueError) as error:
        raise Refusal(404, f"Could not resolve to a node with the global id of '{wanted['id']}'") from error


def _entries(repo: Repo, changes: dict[str, Any]) -> list[Entry]:
    added: list[Entry] = []
    additions: list[dict[str, str]] = changes.get("additions") or []
    deletions: list[dict[str, str]] = changes.get("deletions") or []
    for addition in additions:
        try:
            content = base64.b64decode(addition["contents"], validate=True)
        except binascii.Error as error:
            raise Refusal(422, f"contents of {addition['path']} is not Base64") from error
        added.append(Entry(addition["path"], repo.git.blob(content)))
    return added + [Entry(deletion["path"], None) for deletion in deletions]
