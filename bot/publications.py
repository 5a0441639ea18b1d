"""Publications in the ledger: what we are about to write to GitHub and what we know that we wrote.

The row comes before the call. Whoever finds it later - the same process, another one, the same one after a kill - knows
what to look for, and writes only what is missing. A writer names the job and the fencing number under which it took the
row; when another has taken it since, it writes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import and_, insert, or_, select, update

from workers.contract.ledger import LostClaimError, claims, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from workers.contract.ledger import Claim, Ledger

ROWS = tables.publications
NEVER = 1e18
"""A time to look that never comes: nothing is left to do."""
LOOK_AGAIN_S = 6 * 3600.0


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


@dataclass(frozen=True, slots=True)
class Held:
    """The publications as the holder of a claimed job may write them."""

    ledger: Ledger
    claim: Claim

    async def intend(self, new: Mapping[str, Any]) -> Publication:
        """Insert a row in state `intended`, under this claim."""
        now = self.ledger.clock()
        values = {"state": State.INTENDED, "job_id": self.claim.id, "fencing": self.claim.fencing, "look_at": now}
        values |= {"created_at": now, "updated_at": now, "told": frozenset[str]()} | dict(new)
        async with self.ledger.write() as connection:
            await claims.guarded(connection, self.claim, updated_at=now)
            made = await connection.execute(insert(ROWS).values(**to_columns(values)).returning(*ROWS.c))
            return from_row(made.mappings().one())

    async def take(self, publication: Publication) -> Publication:
        """Take a row over from whichever job wrote it last."""
        async with self.ledger.write() as connection:
            await claims.guarded(connection, self.claim, updated_at=self.ledger.clock())
            # Of one job the later claim alone; of two jobs whoever comes, for a lane has one at a time.
            free = or_(ROWS.c.job_id != self.claim.id, ROWS.c.fencing <= self.claim.fencing)
            where = and_(ROWS.c.id == publication.id, ROWS.c.state == publication.state, free)
            return await _changed(connection, where, job_id=self.claim.id, fencing=self.claim.fencing)

    async def record(self, publication: Publication, **values: Any) -> Publication:
        """Write what was done or is about to be done.

        Raises:
            LostClaimError: the job or the row is no longer ours; nothing was written.
        """
        now = self.ledger.clock()
        async with self.ledger.write() as connection:
            await claims.guarded(connection, self.claim, updated_at=now)
            where = and_(
                ROWS.c.id == publication.id,
                ROWS.c.job_id == self.claim.id,
                ROWS.c.fencing == self.claim.fencing,
                ROWS.c.state == publication.state,
            )
            return await _changed(connection, where, **values, updated_at=now)


async def record_unclaimed(ledger: Ledger, publication: Publication, **values: Any) -> Publication:
    """Write outside of a job: only if nobody has written since the row was read.

    Raises:
        LostClaimError: somebody has.
    """
    unchanged = and_(
        ROWS.c.id == publication.id,
        ROWS.c.state == publication.state,
        ROWS.c.job_id == publication.job_id,
        ROWS.c.fencing == publication.fencing,
        ROWS.c.tip_intended == publication.tip_intended,
        ROWS.c.tip == publication.tip,
    )
    async with ledger.write() as connection:
        return await _changed(connection, unchanged, **values, updated_at=ledger.clock())


async def _changed(connection: AsyncConnection, where: Any, **values: Any) -> Publication:
    statement = update(ROWS).where(where).values(**to_columns(values)).returning(*ROWS.c)
    row = (await connection.execute(statement)).mappings().first()
    if row is None:
        raise LostClaimError("the publication is no longer ours to write")
    return from_row(row)


async def of_repository(ledger: Ledger, repository_id: int, base: str | None = None) -> tuple[Publication, ...]:
    """All publications of a repository, or of one base branch; the oldest first."""
    where = [ROWS.c.repository_id == repository_id] + ([ROWS.c.base == base] if base is not None else [])
    async with ledger.read() as connection:
        rows = await connection.execute(select(*ROWS.c).where(*where).order_by(ROWS.c.id))
        return tuple(from_row(row) for row in rows.mappings())


async def due(ledger: Ledger, limit: int) -> tuple[Publication, ...]:
    """Those that it is time to look at, the longest due first. While a job of theirs is being published, its writer looks."""
    jobs = tables.jobs
    busy = select(jobs.c.id).where(jobs.c.repository_id == ROWS.c.repository_id, jobs.c.state == "ran").exists()
    wanted = select(*ROWS.c).where(ROWS.c.look_at <= ledger.clock(), ~busy).order_by(ROWS.c.look_at, ROWS.c.id)
    async with ledger.read() as connection:
        return tuple(from_row(row) for row in (await connection.execute(wanted.limit(limit))).mappings())


async def postpone(ledger: Ledger, publication: Publication, until: float) -> Publication:
    """Look again at `until`, unless something asked for an earlier look meanwhile."""
    due = and_(ROWS.c.id == publication.id, ROWS.c.look_at == publication.look_at)
    async with ledger.write() as connection:
        await connection.execute(update(ROWS).where(due).values(look_at=min(until, NEVER)))
    return replace(publication, look_at=min(until, NEVER))


def next_generation(rows: Iterable[Publication], problem: str) -> int:
    """The number of the next publication of a problem."""
    return 1 + max((row.generation for row in rows if row.problem == problem), default=0)


def told(publication: Publication, what: str) -> frozenset[str]:
    """What was said once, with `what` added; bounded, for heads of branches are without end."""
    kept = sorted(publication.told)[-100:]
    return frozenset({*kept, what})
