"""Files of a branch, read and written one at a time."""

from __future__ import annotations

from typing import Any

from tests.fake_github import branches, shapes_files, shapes_git
from tests.fake_github.git import ZEROS, Entry
from tests.fake_github.refusals import Refusal, not_found, unprocessable
from tests.fake_github.routes_branches import commit_named
from tests.fake_github.routes_git import decoded, signature
from tests.fake_github.routing import Answer, Call, Routes
from tests.fake_github.world import writable

R = "/repos/{owner}/{repo}"
ROUTES = Routes()


@ROUTES.on(f"GET {R}/contents/{{path}}", "contents:read")
def get_contents(call: Call) -> Any:
    revision, path = call.request.query.get("ref", call.repo.default_branch), call.params["path"].strip("/")
    sha = commit_named(call, revision.removeprefix("refs/heads/"))
    entry = shapes_files.entry_at(call.repo, sha, path)
    if entry is None:
        raise not_found()
    if entry.kind != "tree":
        if "raw" in call.request.headers.get("accept", ""):
            return Answer(
                call.repo.git.content(entry.sha or ""), headers={"Content-Type": "application/vnd.github.raw"}
            )
        return shapes_files.file(call.world, call.repo, revision, entry)
    lines = call.repo.git.tree(sha, under=path)
    inside = [Entry(f"{path}/{line.path}", line.sha, line.mode, line.kind, line.size) for line in lines]
    return [shapes_files.file(call.world, call.repo, revision, line, content=False) for line in inside]


@ROUTES.on(f"PUT {R}/contents/{{path}}", "contents:write")
def put_contents(call: Call) -> Any:
    path, branch, before = _to_write(call)
    if before is not None and call.body.get("sha") is None:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    content = decoded(call.body["content"])
    commit = _write(call, branch, Entry(path, call.repo.git.blob(content)))
    made = shapes_files.entry_at(call.repo, commit, path)
    if made is None:
        raise not_found()
    file = shapes_files.file(call.world, call.repo, branch, made, content=False)
    shape = {"content": file, "commit": shapes_git.git_commit(call.world, call.repo, commit)}
    return Answer(shape, 200 if before else 201)


@ROUTES.on(f"DELETE {R}/contents/{{path}}", "contents:write")
def delete_contents(call: Call) -> Any:
    path, branch, before = _to_write(call)
    if before is None:
        raise not_found()
    commit = _write(call, branch, Entry(path, None))
    return {"content": None, "commit": shapes_git.git_commit(call.world, call.repo, commit)}


def _to_write(call: Call) -> tuple[str, str, Entry | None]:
    """Path, branch and what is there now; raises a 409 where its id is not the one given."""
    writable(call.repo)
    path, branch = call.params["path"].strip("/"), call.body.get("branch", call.repo.default_branch)
    tip = call.repo.head(branch)
    if tip is None:
        raise Refusal(404, f"Branch {branch} not found")
    before, given = shapes_files.entry_at(call.repo, tip, path), call.body.get("sha")
    if given is not None and (before is None or before.sha != given):
        raise Refusal(409, f"{path} does not match {given}")
    return path, branch, before


def _write(call: Call, branch: str, entry: Entry) -> str:
    tip = call.repo.head(branch) or ZEROS
    tree = call.repo.git.write_tree(tip, [entry])
    people = {key: signature(call, call.body[key]) if key in call.body else None for key in ("author", "committer")}
    sha = branches.commit(call.world, call.repo, call.actor, tree, [tip], call.body["message"], **people)
    branches.move(call.world, call.repo, call.actor, f"refs/heads/{branch}", sha, old=tip)
    return sha
