"""Blobs, trees, commits and branches through GitHub's API: commits are signed by GitHub, branches move by compare-and-swap.

Objects are content-addressed, so making one twice is making it once. A branch is moved, made and removed by `updateRefs`
alone, with the exact commit it has to stand at: what a person pushed meanwhile is never overwritten.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from bot.github import NotFound, Unavailable, shaped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.github import Api

ZEROS = "0" * 40
REGULAR = "100644"
OBJECT_TRIES = 3
MOVE = """
mutation($repository: ID!, $name: GitRefname!, $before: GitObjectID!, $after: GitObjectID!) {
  updateRefs(input: {
    repositoryId: $repository,
    refUpdates: [{name: $name, beforeOid: $before, afterOid: $after, force: false}]
  }) { clientMutationId }
}
"""


class _Object(BaseModel):
    sha: str = Field(pattern=r"^[0-9a-f]{40}$")


class _Ref(BaseModel):
    object: _Object


class _Commit(BaseModel):
    tree: _Object
    parents: tuple[_Object, ...]


class _Node(BaseModel):
    node_id: str


class _Blob(BaseModel):
    content: str
    encoding: str


class Entry(BaseModel):
    """What a tree holds at a path."""

    path: str
    mode: str
    type: str
    sha: str = Field(pattern=r"^[0-9a-f]{40}$")
    size: int | None = None


class _Tree(BaseModel):
    tree: tuple[Entry, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file of a commit."""

    path: str
    blob: str


def blob_id(content: bytes) -> str:
    """Git's id of a file's bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's own naming


async def head(api: Api, branch: str) -> str | None:
    """The commit a branch stands at; None when there is no such branch."""
    return await ref(api, f"heads/{branch}")


async def ref(api: Api, name: str) -> str | None:
    """The commit of a ref, e.g. `heads/main`; None when there is no such ref."""
    try:
        return shaped(_Ref, await api.get(f"/git/ref/{quote(name)}")).object.sha
    except NotFound:
        return None


async def tree_of(api: Api, commit: str) -> str:
    """The tree of a commit."""
    return shaped(_Commit, await api.get(f"/git/commits/{commit}")).tree.sha


async def entry(api: Api, tree: str, path: str) -> Entry | None:
    """What a tree holds at `path`; folder by folder, for listings of whole repositories are cut."""
    *folders, name = path.split("/")
    for folder in folders:
        found = await _named(api, tree, folder)
        if found is None or found.type != "tree":
            return None
        tree = found.sha
    return await _named(api, tree, name)


async def _named(api: Api, tree: str, name: str) -> Entry | None:
    try:
        listed = shaped(_Tree, await api.get(f"/git/trees/{tree}"))
    except NotFound:
        return None
    return next((each for each in listed.tree if each.path == name), None)


async def content(api: Api, blob: str) -> bytes:
    """The bytes of a blob.

    Raises:
        Unavailable: what came is not that blob.
    """
    got = shaped(_Blob, await api.get(f"/git/blobs/{blob}"))
    raw = base64.b64decode(got.content) if got.encoding == "base64" else got.content.encode()
    if blob_id(raw) != blob:
        raise Unavailable(f"GitHub answered with other bytes than those of blob {blob}")
    return raw


async def make_blob(api: Api, raw: bytes) -> str:
    """A blob of these bytes; its id is checked, so what is committed is what was proven."""
    body = {"content": base64.b64encode(raw).decode(), "encoding": "base64"}
    made = await _again(lambda: api.post("/git/blobs", body))
    if made != blob_id(raw):
        raise Unavailable(f"GitHub named a blob {made} instead of {blob_id(raw)}")
    return made


async def make_tree(api: Api, base_tree: str, changes: Sequence[Change]) -> str:
    """The tree that `base_tree` becomes with these regular files."""
    files = [{"path": each.path, "mode": REGULAR, "type": "blob", "sha": each.blob} for each in changes]
    body: dict[str, Any] = {"tree": files} | ({"base_tree": base_tree} if base_tree else {})
    return await _again(lambda: api.post("/git/trees", body))


async def make_commit(api: Api, message: str, tree: str, parents: Sequence[str]) -> str:
    """A commit in the App's name. No author, committer or date is given: only then does GitHub sign it."""
    body = {"message": message, "tree": tree, "parents": list(parents)}
    return await _again(lambda: api.post("/git/commits", body))


async def _again(make: Callable[[], Awaitable[Any]]) -> str:
    """Objects that nothing points to yet may be made again where the answer was lost."""
    for left in reversed(range(OBJECT_TRIES)):
        try:
            return shaped(_Object, await make()).sha
        except Unavailable:
            if not left:
                raise
    raise AssertionError("unreachable")


async def move(api: Api, branch: str, before: str | None, after: str | None) -> None:
    """Move a branch from exactly `before` (None: it must not exist) to `after` (None: it is removed).

    Raises:
        GitHubError: it stands elsewhere, or a rule forbids it; whether a lost answer's move took place shows a look.
    """
    await move_ref(api, f"refs/heads/{branch}", before, after)


async def move_ref(api: Api, name: str, before: str | None, after: str | None) -> None:
    """As `move`, for a ref by its full name."""
    node = shaped(_Node, await api.get("")).node_id
    variables: Mapping[str, Any] = {
        "repository": node,
        "name": name,
        "before": before or ZEROS,
        "after": after or ZEROS,
    }
    await api.graphql(MOVE, variables)
