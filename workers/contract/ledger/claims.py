"""Claims: who works on a row, until when, and how a late writer is found out.

A claim is one UPDATE. It raises the row's fencing number, and everything its holder writes names that number: a holder that
was stopped for longer than its lease finds its number gone and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, or_, select, update

from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, ScalarSelect, Table
    from sqlalchemy.ext.asyncio import AsyncConnection


LONGEST_LEASE_S = 900.0
_CLAIMING_JOBS = 7_236_281
"""Names the lock; any number that nobody else uses."""


class LostClaimError(Exception):
    """The row is no longer ours: the lease ran out and somebody else has it. Stop; write nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row that is ours until the lease runs out."""

    table: str
    id: int
    owner: str
    fencing: int
    tries: int
    """How often the row was claimed, this time included."""
    row: Mapping[str, Any]
    """The row as it was claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """From when and for how long."""

    now: float
    seconds: float


async def claim(
    connection: AsyncConnection, table: Table, states: Sequence[str], owner: str, lease: Lease
) -> Claim | None:
    """Claim the row that has waited longest; None when there is none.

    Of a lane of jobs one may be claimed at a time, the oldest first; among installations the one with the fewest jobs
    under way comes first.
    """
    if lease.seconds > LONGEST_LEASE_S:
        raise ValueError(f"a lease of {lease.seconds} s; the longest is {LONGEST_LEASE_S} s")
    if table is tables.jobs and connection.dialect.name == "postgresql":
        # Two claims at once would not see each other's lease and could both enter one lane.
        await connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING_JOBS)))
    statement = (
        update(table)
        .where(table.c.id == _next(connection, table, states, lease.now), _unleased(table.c, lease.now))
        .values(
            lease_owner=owner,
            lease_until=lease.now + lease.seconds,
            fencing=table.c.fencing + 1,
            tries=table.c.tries + 1,
        )
        .returning(*table.c)
    )
    row = (await connection.execute(statement)).mappings().first()
    if row is None:
        return None
    return Claim(table=table.name, id=row["id"], owner=owner, fencing=row["fencing"], tries=row["tries"], row=dict(row))


async def guarded(connection: AsyncConnection, claim: Claim, **values: Any) -> None:
    """Change the claimed row in the caller's own transaction.

    Raises:
        LostClaimError: the row is no longer ours; the transaction must not be committed.
    """
    table = tables.metadata.tables[claim.table]
    statement = (
        update(table)
        .where(table.c.id == claim.id, table.c.fencing == claim.fencing, table.c.lease_owner == claim.owner)
        .values(**values)
    )
    if (await connection.execute(statement)).rowcount != 1:
        raise LostClaimError(f"{claim.table} {claim.id} is no longer ours under fencing number {claim.fencing}")


async def holds(connection: AsyncConnection, claim: Claim, *, now: float) -> bool:
    """Whether the row is still ours and the lease has not run out."""
    table = tables.metadata.tables[claim.table]
    found = await connection.execute(
        select(table.c.id).where(
            table.c.id == claim.id,
            table.c.fencing == claim.fencing,
            table.c.lease_owner == claim.owner,
            table.c.lease_until > now,
        )
    )
    return found.first() is not None


def _next(connection: AsyncConnection, table: Table, states: Sequence[str], now: float) -> ScalarSelect[Any]:
    """The id of the row whose turn it is."""
    rows = table.alias("candidate")
    waiting = [rows.c.state.in_(states), rows.c.not_before <= now, _unleased(rows.c, now)]
    order: list[ColumnElement[Any]] = [rows.c.id]
    if table is tables.jobs:
        waiting.append(~_lane_busy(rows))
        order.insert(0, _under_way(rows, now))
    picked = select(rows.c.id).where(and_(*waiting)).order_by(*order).limit(1)
    if connection.dialect.name == "postgresql":
        picked = picked.with_for_update(skip_locked=True, of=rows)
    return picked.scalar_subquery()


def _unleased(columns: Any, now: float) -> ColumnElement[bool]:
    """Nobody has the row. A lease that ends later than any lease can was written before somebody put the clock back."""
    return or_(columns.lease_until <= now, columns.lease_until > now + LONGEST_LEASE_S)


def _lane_busy(rows: Any) -> ColumnElement[bool]:
    """Another job of the same lane comes first and is not at its end.

    A job that was begun comes before any that was not, then the older one: with Postgres an older job may be committed
    after a younger one was begun.
    """
    other = tables.jobs.alias("other")
    older = other.c.id < rows.c.id
    first = or_(
        and_(other.c.fencing > 0, or_(rows.c.fencing == 0, older)),
        and_(other.c.fencing == 0, rows.c.fencing == 0, older),
    )
    return exists().where(
        other.c.repository_id == rows.c.repository_id,
        other.c.lane == rows.c.lane,
        other.c.id != rows.c.id,
        other.c.state.not_in(tables.TERMINAL),
        first,
    )


def _under_way(rows: Any, now: float) -> ColumnElement[int]:
    """How many jobs of the same installation are being worked on: who has fewest comes first."""
    others = tables.jobs.alias("others")
    leased = case((~_unleased(others.c, now), 1), else_=None)
    return select(func.count(leased)).where(others.c.installation_id == rows.c.installation_id).scalar_subquery()
