"""A publication as a value: how it stands, what it holds, and whose its branch is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import RowMapping


class State(StrEnum):
    """How a publication stands. What has ended keeps the word for how; what is left to do follows from it."""

    INTENDED = "intended"
    BRANCHED = "branched"
    OPEN = "open"
    HUMAN = "human"
    MERGED = "merged"
    CLOSED = "closed"
    EXPIRED = "expired"
    REVERTED = "reverted"
    PRUNED = "pruned"


LIVE = (State.INTENDED, State.BRANCHED, State.OPEN, State.HUMAN)
"""States in which an artifact is taken: it gets no second pull request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One artifact of a publication."""

    path: str
    base: str
    """SHA-256 of the bytes that were repaired."""
    updated: str
    """SHA-256 of the bytes that were proven."""
    base_blob: str
    """Git's id of the one."""
    blob: str
    """Git's id of the other."""
    findings: tuple[str, ...] = ()
    """Ids of the findings it mends."""
    run: str = ""
    """Id of the run that proved it; empty where nobody knows any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a publication holds."""

    kind: str = "repair"
    """`repair`, `revert`, or `author` for a commit to a person's own branch."""
    root: str = "."
    cause: str = ""
    run_id: str = ""
    pieces: tuple[Piece, ...] = ()
    remaining: tuple[str, ...] = ()
    """`<path>:<id>` of the findings that are left."""
    title: str = ""
    """As we last wrote it."""
    body: str = ""
    """SHA-256 of the body as we last wrote it."""
    undoes: int | None = None
    """Of a revert: the pull request that it takes back."""
    draft: bool = False
    """Whether we last wanted it to be a draft."""
    waiting: tuple[str, ...] = ()
    """Paths that the owner's limits hold back while it is there."""

    def piece(self, path: str) -> Piece | None:
        """The piece at `path`, if there is one."""
        return next((piece for piece in self.pieces if piece.path == path), None)

    @property
    def mends(self) -> frozenset[tuple[str, str]]:
        """(Artifact, id) of every finding that it mends."""
        return mends(self.pieces)

    @property
    def same(self) -> tuple[object, ...]:
        """Equal where two contents would make the same pull request."""
        return (self.kind, frozenset((p.path, p.base, p.updated) for p in self.pieces), frozenset(self.remaining))


_CONTENT = TypeAdapter(Content)


def mends(pieces: Iterable[Piece]) -> frozenset[tuple[str, str]]:
    """(Artifact, id) of every finding that the pieces mend."""
    return frozenset((piece.path, found) for piece in pieces for found in piece.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A row of the ledger."""

    id: int
    repository_id: int
    base: str
    problem: str
    generation: int
    job_id: int
    fencing: int
    branch: str
    state: State
    base_sha: str
    tip: str
    tip_intended: str
    number: int | None
    content: Content
    told: frozenset[str] = field(default=frozenset())
    look_at: float = 0.0
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def live(self) -> bool:
        """Whether its artifacts are taken."""
        return self.state in LIVE

    @property
    def ours(self) -> frozenset[str]:
        """Commits that the branch may stand at with nobody else having written."""
        return frozenset({self.tip, self.tip_intended} - {""})


def from_row(row: RowMapping) -> Publication:
    """A row as a value."""
    values: dict[str, Any] = dict(row)
    values["state"] = State(values["state"])
    values["content"] = _CONTENT.validate_json(values["content"])
    values["told"] = frozenset(json.loads(values["told"]))
    return Publication(**values)


def to_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a publication as the columns hold them."""
    columns = dict(values)
    if "content" in columns:
        columns["content"] = _CONTENT.dump_json(columns["content"]).decode()
    if "told" in columns:
        columns["told"] = json.dumps(sorted(columns["told"]))
    return columns


def next_generation(rows: Iterable[Publication], problem: str) -> int:
    """The number of the next publication of a problem."""
    return 1 + max((row.generation for row in rows if row.problem == problem), default=0)


def told(publication: Publication, what: str) -> frozenset[str]:
    """What was said once, with `what` added; bounded, for heads of branches are without end."""
    kept = sorted(publication.told)[-100:]
    return frozenset({*kept, what})
