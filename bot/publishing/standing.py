"""How a publication stands on GitHub: one look at its branch and its pull request, and what that means.

The look is done before anything is made and after every answer that was lost; what it means is decided here alone, for
the writer and for the clock that comes by later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from bot import commits
from bot.github import NotFound, shaped

if TYPE_CHECKING:
    from bot.github import Api
    from bot.publications import Publication


class _Owner(BaseModel):
    login: str = ""
    type: str = ""


class _Repository(BaseModel):
    id: int


class _Head(BaseModel):
    ref: str
    sha: str
    # None where the fork is gone.
    repo: _Repository | None = None


class Pull(BaseModel):
    """A pull request, of its fields those that we read."""

    number: int
    node_id: str = ""
    state: str
    merged_at: str | None = None
    title: str = ""
    body: str | None = None
    draft: bool = False
    html_url: str = ""
    head: _Head
    base: _Head
    user: _Owner | None = None
    updated_at: str = ""
    created_at: str = ""
    comments: int = Field(default=0, ge=0)

    @property
    def open(self) -> bool:
        """Whether it is open."""
        return self.state == "open"

    @property
    def merged(self) -> bool:
        """Whether it was merged; a listing says only when."""
        return self.merged_at is not None

    def made_by(self, slug: str) -> bool:
        """Whether the App with this slug opened it; nobody else can have its name."""
        return self.user is not None and self.user.type == "Bot" and self.user.login == f"{slug}[bot]"

    def within(self, repository_id: int) -> bool:
        """Whether its head is a branch of the repository itself, not of a fork."""
        return self.head.repo is not None and self.head.repo.id == repository_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look showed."""

    tip: str | None
    """Where our branch stands; None when there is none."""
    pull: Pull | None
    """The open pull request of our branch against the base; else the one we know of, or the newest."""


@dataclass(frozen=True, slots=True)
class Unborn:
    """There is no branch, and none was ever seen written: make it."""


@dataclass(frozen=True, slots=True)
class Ours:
    """The branch stands where we moved it."""

    tip: str
    pull: Pull | None
    """Open, or not there yet."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else's branch has the name."""


@dataclass(frozen=True, slots=True)
class Human:
    """Somebody wrote on our branch: it is theirs."""

    tip: str
    pull: Pull | None


@dataclass(frozen=True, slots=True)
class Merged:
    """People merged it."""

    pull: Pull
    tip: str | None


@dataclass(frozen=True, slots=True)
class Closed:
    """People said no: they closed the pull request or removed the branch."""

    pull: Pull | None
    tip: str | None


Standing = Unborn | Ours | Taken | Human | Merged | Closed


def judge(publication: Publication, seen: Seen) -> Standing:
    """What the look means for a publication."""
    pull = seen.pull
    if pull is not None and not pull.open:
        return Merged(pull, seen.tip) if pull.merged else Closed(pull, seen.tip)
    if seen.tip is None:
        # Once we saw our branch there, that it is gone is somebody's word.
        return Closed(pull, None) if publication.tip else Unborn()
    if seen.tip in publication.ours:
        return Ours(seen.tip, pull)
    if not publication.tip and pull is None:
        return Taken()
    return Human(seen.tip, pull)


async def look(api: Api, publication: Publication) -> Seen:
    """Ask GitHub where the branch stands and which pull request it has."""
    tip = await commits.head(api, publication.branch)
    if publication.number is not None:
        return Seen(tip=tip, pull=await pull_by_number(api, publication.number))
    return Seen(tip=tip, pull=await pull_by_branch(api, publication))


async def pull_by_number(api: Api, number: int) -> Pull | None:
    """The pull request; None when there is none of this number."""
    try:
        return shaped(Pull, await api.get(f"/pulls/{number}"))
    except NotFound:
        return None


async def pull_by_branch(api: Api, publication: Publication) -> Pull | None:
    """The pull request of our branch: the open one, else the newest."""
    owner = api.full_name.partition("/")[0]
    found = await pulls(api, head=f"{owner}:{publication.branch}", base=publication.base, state="all")
    ours = [pull for pull in found if pull.head.ref == publication.branch and pull.within(api.repository_id)]
    return max(ours, key=lambda pull: (pull.open, pull.number), default=None)


async def pulls(api: Api, **params: Any) -> list[Pull]:
    """Pull requests of the repository."""
    return [shaped(Pull, item) for item in await api.pages("/pulls", **params)]
