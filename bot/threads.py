"""Issues and pull requests as they stand on GitHub now, and what of them concerns us."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pathspec import GitIgnoreSpec
from pydantic import BaseModel
from sqlalchemy import select

from bot.github import NotFound, shaped
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.app import App
    from bot.github import Api
    from workers.contract.config import Config, Root
    from workers.contract.config_github import Ignore


class _User(BaseModel):
    id: int
    login: str


class _Label(BaseModel):
    name: str


class _Home(BaseModel):
    id: int
    pushed_at: str | None = None


class _Tip(BaseModel):
    ref: str
    sha: str
    # None where the fork is gone.
    repo: _Home | None = None


class Issue(BaseModel):
    """A thread."""

    number: int
    state: str
    locked: bool = False
    title: str = ""
    # None where the account is gone.
    user: _User | None = None
    labels: list[_Label] = []
    pull_request: dict[str, Any] | None = None


class Pull(BaseModel):
    """A pull request."""

    number: int
    state: str
    locked: bool = False
    draft: bool = False
    title: str = ""
    user: _User | None = None
    labels: list[_Label] = []
    head: _Tip
    base: _Tip

    def moved_since(self, moment: str, repository_id: int) -> bool:
        """Whether a fork may have been pushed to after `moment`: whoever gave the word then has not seen what is there.

        Both times are GitHub's, written alike, so they compare as text.
        """
        if self.is_here(repository_id) or not moment:
            return False
        return self.head.repo is None or (self.head.repo.pushed_at or "") > moment

    def is_here(self, repository_id: int) -> bool:
        """Whether its branch is in the repository itself, not in a fork."""
        return self.head.repo is not None and self.head.repo.id == repository_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Where something was said."""

    issue: Issue | Pull
    pull: Pull | None
    """None where it is no pull request."""
    publication: Mapping[str, Any] | None = None
    """Of `publications`, where the pull request is ours."""

    @property
    def closed_to_us(self) -> str:
        """Why nothing may be asked for here; empty when it may.

        A draft is its author's business until it is ready; ours are drafts while something remains.
        """
        if self.issue.locked:
            return "the thread is locked"
        if self.issue.state != "open":
            return "the thread is closed"
        if self.pull is not None and self.pull.draft and self.publication is None:
            return "the pull request is a draft"
        return ""


class _Commit(BaseModel):
    sha: str


class _Branch(BaseModel):
    commit: _Commit


class _File(BaseModel):
    filename: str
    status: str = ""


async def look(app: App, api: Api, number: int, *, is_pull: bool = False) -> Thread | None:
    """The thread with this number; None where there is none (any more)."""
    try:
        issue = None if is_pull else shaped(Issue, await api.get(f"/issues/{number}"))
        if issue is not None and issue.pull_request is None:
            return Thread(issue=issue, pull=None)
        pull = shaped(Pull, await api.get(f"/pulls/{number}"))
    except NotFound:
        return None
    return Thread(issue=pull, pull=pull, publication=await _ours(app, api.repository_id, number))


async def _ours(app: App, repository_id: int, number: int) -> Mapping[str, Any] | None:
    found = select(tables.publications).where(
        tables.publications.c.repository_id == repository_id, tables.publications.c.number == number
    )
    async with app.ledger.read() as connection:
        row = (await connection.execute(found)).mappings().first()
    return None if row is None else dict(row)


async def tip(api: Api, branch: str) -> str | None:
    """The commit a branch is at; None where there is no such branch."""
    try:
        return shaped(_Branch, await api.get(f"/branches/{quote(branch, safe='')}")).commit.sha
    except NotFound:
        return None


async def changed(api: Api, number: int) -> tuple[str, ...]:
    """Files that a pull request adds or changes."""
    files = [shaped(_File, item) for item in await api.pages(f"/pulls/{number}/files")]
    return tuple(file.filename for file in files if file.status != "removed")


def kept_true(config: Config, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths` that the configuration may include; the loop decides by what really stands there."""
    parts: list[tuple[str, Root]] = [("", config), *((f"{root.path}/", root) for root in config.roots)]
    specs = [
        (prefix, GitIgnoreSpec.from_lines(root.include), GitIgnoreSpec.from_lines(root.exclude))
        for prefix, root in parts
    ]
    return tuple(path for path in paths if any(_included(path, *spec) for spec in specs))


def _included(path: str, prefix: str, include: GitIgnoreSpec, exclude: GitIgnoreSpec) -> bool:
    if prefix != "./" and not path.startswith(prefix):
        return False
    inside = path.removeprefix(prefix)
    return include.match_file(inside) and not exclude.match_file(inside)


def ignored_by(ignore: Ignore, *, author: str, thread: Thread | None) -> str:
    """Why the owner wants this left alone; empty when they do not."""
    if author.casefold() in {name.casefold() for name in ignore.authors}:
        return f"pushes and pull requests of {author} are ignored"
    if thread is None:
        return ""
    title = next((glob for glob in ignore.titles if fnmatchcase(thread.issue.title, glob)), None)
    if title is not None:
        return "pull requests with such a title are ignored"
    labels = {label.name.casefold() for label in thread.issue.labels} & {name.casefold() for name in ignore.labels}
    return f"pull requests with the label {min(labels)} are ignored" if labels else ""


async def not_ignored(app: App, repository_id: int, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths` that no person told us to leave alone."""
    found = select(tables.ignored.c.value).where(
        tables.ignored.c.repository_id == repository_id, tables.ignored.c.kind == "path"
    )
    async with app.ledger.read() as connection:
        values = [str(value) for value in (await connection.execute(found)).scalars()]
    return tuple(path for path in paths if not any(path == value or path.startswith(f"{value}/") for value in values))
