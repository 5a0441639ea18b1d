"""What people said no to: paths, and findings of artifacts. Nothing of it is proposed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, true

from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workers.contract.ledger import Ledger


DECISIONS = ("closed:", "expired:", "reverted:")
"""How `why` begins where a no follows from what became of a pull request, and nobody spelled it out."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """What people said no to in one repository."""

    paths: frozenset[str] = frozenset()
    findings: frozenset[tuple[str, str]] = frozenset()
    """(Artifact, id); the artifact is empty where the finding is ignored wherever it stands."""

    def finding(self, artifact: str, finding: str) -> bool:
        """Whether a finding of an artifact is one of them."""
        return (artifact, finding) in self.findings or ("", finding) in self.findings


async def ignored(ledger: Ledger, repository_id: int) -> Ignored:
    """What people said no to."""
    table = tables.ignored
    async with ledger.read() as connection:
        rows = (await connection.execute(select(table).where(table.c.repository_id == repository_id))).mappings().all()
    return Ignored(
        frozenset(row["value"] for row in rows if row["kind"] == "path"),
        frozenset((row["artifact"], row["value"]) for row in rows if row["kind"] == "finding"),
    )


async def ignore(ledger: Ledger, repository_id: int, findings: Iterable[tuple[str, str]], why: str) -> None:
    """Remember that a person said no to findings, each (artifact, id); saying it twice is saying it once."""
    table = tables.ignored
    async with ledger.write() as connection:
        of_ours = select(table).where(table.c.repository_id == repository_id, table.c.kind == "finding")
        there = {(row["artifact"], row["value"]) for row in (await connection.execute(of_ours)).mappings()}
        for artifact, found in sorted(set(findings) - there):
            values = {"kind": "finding", "value": found, "artifact": artifact, "why": why}
            common = {"repository_id": repository_id, "created_at": ledger.clock()}
            await connection.execute(insert(table).values(**values, **common))


def at(paths: Sequence[str]) -> ColumnElement[bool]:
    """The findings of artifacts at these paths, or in folders of these names."""
    table = tables.ignored
    folders = [table.c.artifact.startswith(f"{path.rstrip('/')}/", autoescape=True) for path in paths]
    whole = true() if "." in paths else or_(table.c.artifact.in_(paths), *folders)
    return and_(table.c.kind == "finding", table.c.artifact != "", whole)


async def wanted_again(ledger: Ledger, repository_id: int, paths: Sequence[str], before: float) -> None:
    """Somebody asked for these paths by name: what became of pull requests before that moment is no longer a no."""
    table = tables.ignored
    decided = or_(*(table.c.why.startswith(each) for each in DECISIONS))
    lifted = and_(table.c.repository_id == repository_id, table.c.created_at < before, decided, at(paths))
    async with ledger.write() as connection:
        await connection.execute(delete(table).where(lifted))


async def welcome_again(ledger: Ledger, repository_id: int, why: str) -> None:
    """A person took the no back."""
    table = tables.ignored
    async with ledger.write() as connection:
        await connection.execute(table.delete().where(table.c.repository_id == repository_id, table.c.why == why))
