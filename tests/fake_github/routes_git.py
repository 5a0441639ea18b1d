"""Git data: blobs, trees, commits, refs."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from tests.fake_github import branches, shapes_files, shapes_git
from tests.fake_github.git import ZEROS, Entry, GitRefusedError, Signature
from tests.fake_github.refusals import not_found, unprocessable
from tests.fake_github.routing import Answer, Call, Routes
from tests.fake_github.world import writable

R = "/repos/{owner}/{repo}"
ROUTES = Routes()
MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}


@ROUTES.on(f"POST {R}/git/blobs", "contents:write")
def create_blob(call: Call) -> Any:
    writable(call.repo)
    text = call.body["content"]
    sha = call.repo.git.blob(decoded(text) if call.body.get("encoding") == "base64" else text.encode())
    return {"sha": sha, "url": f"{shapes_files.api(call.world, call.repo)}/git/blobs/{sha}"}


@ROUTES.on(f"GET {R}/git/blobs/{{file_sha}}", "contents:read")
def get_blob(call: Call) -> Any:
    return shapes_git.blob(call.world, call.repo, _object(call, "file_sha", "blob"))


@ROUTES.on(f"POST {R}/git/trees", "contents:write")
def create_tree(call: Call) -> Any:
    writable(call.repo)
    git, base = call.repo.git, call.body.get("base_tree")
    if base is not None and git.kind(base) not in {"tree", "commit"}:
        raise unprocessable("base_tree is not a valid tree oid")
    entries = [_tree_entry(call, line) for line in call.body["tree"]]
    # Folders of a new tree are given by id; an index holds files alone, so each becomes its files.
    flat = [file for entry in entries for file in _files(call, entry)]
    sha = git.write_tree(base, flat)
    return shapes_git.tree(call.world, call.repo, sha, git.tree(sha))


@ROUTES.on(f"GET {R}/git/trees/{{tree_sha}}", "contents:read")
def get_tree(call: Call) -> Any:
    name = call.params["tree_sha"]
    sha = call.repo.git.sha(f"{name}^{{tree}}") or call.repo.git.sha(f"refs/heads/{name}^{{tree}}")
    if sha is None:
        raise not_found()
    entries = call.repo.git.tree(sha, recursive="recursive" in call.request.query)
    return shapes_git.tree(call.world, call.repo, sha, entries)


@ROUTES.on(f"POST {R}/git/commits", "contents:write")
def createcommit(call: Call) -> Any:
    writable(call.repo)
    git, body = call.repo.git, call.body
    if git.kind(body["tree"]) != "tree":
        raise unprocessable("Tree SHA does not exist")
    parents = body.get("parents", [])
    if any(git.kind(parent) != "commit" for parent in parents):
        raise unprocessable("Parent SHA does not exist or is not a commit object")
    people = {key: signature(call, body[key]) if key in body else None for key in ("author", "committer")}
    sha = branches.commit(call.world, call.repo, call.actor, body["tree"], parents, body["message"], **people)
    return shapes_git.git_commit(call.world, call.repo, sha)


@ROUTES.on(f"GET {R}/git/commits/{{commit_sha}}", "contents:read")
def get_gitcommit(call: Call) -> Any:
    return shapes_git.git_commit(call.world, call.repo, _object(call, "commit_sha", "commit"))


@ROUTES.on(f"POST {R}/git/refs", "contents:write")
def create_ref(call: Call) -> Any:
    name, sha = call.body["ref"], call.body["sha"]
    _well_formed(call, name, sha)
    if call.repo.git.sha(name) is not None:
        raise unprocessable("Reference already exists")
    branches.move(call.world, call.repo, call.actor, name, sha, old=ZEROS)
    return shapes_git.ref(call.world, call.repo, name, sha)


@ROUTES.on(f"GET {R}/git/ref/{{ref}}", "contents:read")
def get_ref(call: Call) -> Any:
    name = f"refs/{call.params['ref']}"
    sha = call.repo.git.refs(name).get(name)
    if sha is None:
        raise not_found()
    return shapes_git.ref(call.world, call.repo, name, sha)


@ROUTES.on(f"GET {R}/git/matching-refs/{{ref}}", "contents:read")
def matching_refs(call: Call) -> Any:
    prefix = f"refs/{call.params['ref']}"
    found = {name: sha for name, sha in call.repo.git.refs().items() if name.startswith(prefix)}
    return [shapes_git.ref(call.world, call.repo, name, found[name]) for name in call.page(sorted(found))]


@ROUTES.on(f"PATCH {R}/git/refs/{{ref}}", "contents:write")
def update_ref(call: Call) -> Any:
    name, sha = f"refs/{call.params['ref']}", call.body["sha"]
    if call.repo.git.sha(name) is None:
        raise unprocessable("Reference does not exist")
    _well_formed(call, name, sha)
    branches.move(call.world, call.repo, call.actor, name, sha, force=call.body.get("force", False))
    return shapes_git.ref(call.world, call.repo, name, sha)


@ROUTES.on(f"DELETE {R}/git/refs/{{ref}}", "contents:write")
def delete_ref(call: Call) -> Any:
    name = f"refs/{call.params['ref']}"
    if call.repo.git.sha(name) is None:
        raise unprocessable("Reference does not exist")
    if name == f"refs/heads/{call.repo.default_branch}":
        raise unprocessable("Cannot delete the default branch")
    branches.move(call.world, call.repo, call.actor, name, ZEROS, force=True)
    return Answer()


def _object(call: Call, param: str, kind: str) -> str:
    sha = call.params[param]
    if call.repo.git.kind(sha) != kind:
        raise not_found()
    return sha


def decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise unprocessable("content is not valid Base64") from error


def _tree_entry(call: Call, line: dict[str, Any]) -> Entry:
    mode, path = line.get("mode", "100644"), line.get("path", "")
    if not path or path.startswith("/") or set(path.split("/")) & {"", ".", "..", ".git"}:
        raise unprocessable(f"tree.path contains a malformed path component: {path}")
    if "content" in line:
        return Entry(path, call.repo.git.blob(line["content"].encode()), mode)
    sha = line.get("sha")
    if sha is not None and mode != "160000" and call.repo.git.kind(sha) != MODES[mode]:
        raise unprocessable(f"tree.sha {sha} is not a valid {MODES[mode]}")
    return Entry(path, sha, mode, MODES[mode])


def _files(call: Call, entry: Entry) -> list[Entry]:
    if entry.kind != "tree" or entry.sha is None:
        return [entry]
    inside = call.repo.git.tree(entry.sha, recursive=True)
    return [
        Entry(f"{entry.path}/{file.path}", file.sha, file.mode, file.kind) for file in inside if file.kind != "tree"
    ]


def signature(call: Call, given: dict[str, Any]) -> Signature:
    now = call.world.now()
    at = datetime.fromisoformat(given["date"]).timestamp() if "date" in given else now
    return Signature(name=given["name"], email=given["email"], at=int(at))


def _well_formed(call: Call, name: str, sha: str) -> None:
    try:
        call.repo.git.run("check-ref-format", name)
    except GitRefusedError as error:
        raise unprocessable(f"{name} is not a valid ref name.") from error
    if not name.startswith("refs/") or name.count("/") < 2:
        raise unprocessable("Reference name must start with 'refs/' and have at least two slashes")
    if call.repo.git.kind(sha) is None:
        raise unprocessable("Object does not exist")
