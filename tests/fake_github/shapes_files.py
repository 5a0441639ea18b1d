"""How files look in answers: in a folder, alone, and changed between two commits."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.fake_github.git import GitRefusedError

if TYPE_CHECKING:
    from tests.fake_github.git import Entry
    from tests.fake_github.records import Repo
    from tests.fake_github.world import World

STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def api(world: World, repo: Repo) -> str:
    return f"{world.url}/repos/{repo.full_name}"


def page(world: World, repo: Repo) -> str:
    return f"{world.url}/{repo.full_name}"


def changed(world: World, repo: Repo, base: str, head: str) -> list[dict[str, Any]]:
    """`diff-entry` of each file that differs between two commits."""
    names = repo.git.run("diff-tree", "-r", "-z", "-M", "--raw", "--no-abbrev", base, head).decode(
        errors="surrogateescape"
    )
    return [_file(world, repo, base, head, *found) for found in _raw(names)]


def file(world: World, repo: Repo, revision: str, entry: Entry, *, content: bool = True) -> dict[str, Any]:
    """One file of `GET contents`; without `content` as a folder lists it."""
    root, at = api(world, repo), page(world, repo)
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.kind, "symlink" if entry.mode == "120000" else "file")
    links = {
        "self": f"{root}/contents/{entry.path}?ref={revision}",
        "git": f"{root}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}",
        "html": f"{at}/blob/{revision}/{entry.path}",
    }
    shape: dict[str, Any] = {
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": links["self"],
        "html_url": links["html"],
        "git_url": links["git"],
        "download_url": None if kind == "dir" else f"{at}/raw/{revision}/{entry.path}",
        "type": kind,
        "_links": links,
    }
    if content and kind == "symlink":
        return shape | {"target": repo.git.content(entry.sha or "").decode()}
    if content and kind == "file":
        # From 1 MB on GitHub leaves the content out and says encoding "none".
        small = shape["size"] <= 1_000_000
        text = wrapped(repo.git.content(entry.sha or "")) if small else ""
        shape |= {"content": text, "encoding": "base64" if small else "none"}
    return shape


def _file(
    world: World, repo: Repo, base: str, head: str, status: str, sha: str, path: str, was: str | None
) -> dict[str, Any]:
    paths = [was, path] if was else [path]
    patch = repo.git.run("diff-tree", "-r", "-p", "-M", "--numstat", base, head, "--", *paths).decode(errors="replace")
    numbers, _, body = patch.partition("\n")
    added, removed = (0 if text == "-" else int(text) for text in numbers.split("\t")[:2])
    root, at = api(world, repo), page(world, repo)
    shape: dict[str, Any] = {
        "sha": sha,
        "filename": path,
        "status": STATUSES[status],
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "blob_url": f"{at}/blob/{head}/{path}",
        "raw_url": f"{at}/raw/{head}/{path}",
        "contents_url": f"{root}/contents/{path}?ref={head}",
    }
    hunks = body.find("\n@@")
    # GitHub gives no patch for binary files nor for very large ones.
    shape |= {"patch": body[hunks + 1 :].rstrip("\n")} if hunks >= 0 and len(body) < 400_000 else {}
    return shape | ({"previous_filename": was} if was else {})


def _raw(text: str) -> list[tuple[str, str, str, str | None]]:
    parts, found = iter(text.split("\0")), list[tuple[str, str, str, str | None]]()
    for facts in parts:
        if not facts:
            continue
        _, _, before, after, status = facts.removeprefix(":").split(" ")
        first = next(parts)
        moved = status[0] in "RC"
        path = next(parts) if moved else first
        found.append((status[0], before if status[0] == "D" else after, path, first if moved else None))
    return found


def entry_at(repo: Repo, revision: str, path: str) -> Entry | None:
    """The line of a tree at a path; None: nothing there."""
    folder, _, name = path.rpartition("/")
    try:
        entries = repo.git.tree(revision, under=folder)
    except GitRefusedError:
        return None
    found = next((entry for entry in entries if entry.path == name), None)
    return found and type(found)(path, found.sha, found.mode, found.kind, found.size)


def wrapped(content: bytes) -> str:
    """Base64 in lines, as GitHub sends it."""
    text = base64.b64encode(content).decode()
    return "".join(text[at : at + 60] + "\n" for at in range(0, len(text), 60))
