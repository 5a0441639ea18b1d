"""The owner's limit of commits an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from workers.contract.ledger import tables

if TYPE_CHECKING:
    from bot.publishing.work import Work

HOUR_S = 3600
BUDGETS = tables.budgets


async def room(work: Work, commits: int) -> bool:
    """Whether so many commits more fit into this hour. A pull request larger than the limit gets an hour of its own."""
    window = int(work.app.ledger.clock() // HOUR_S) * HOUR_S
    most = work.config.github.pull_requests.commit_limit
    async with work.app.ledger.read() as connection:
        of = (BUDGETS.c.key == _key(work)) & (BUDGETS.c.window == window)
        used = (await connection.execute(select(BUDGETS.c.used).where(of))).scalar_one_or_none() or 0
    return used == 0 or used + commits <= most


async def spend(work: Work, commits: int) -> None:
    """Count commits that were made."""
    window = int(work.app.ledger.clock() // HOUR_S) * HOUR_S
    of = (BUDGETS.c.key == _key(work)) & (BUDGETS.c.window == window)
    async with work.app.ledger.write() as connection:
        changed = await connection.execute(update(BUDGETS).where(of).values(used=BUDGETS.c.used + commits))
        if changed.rowcount == 0:
            await connection.execute(insert(BUDGETS).values(key=_key(work), window=window, used=commits))


def _key(work: Work) -> str:
    return f"commits:{work.api.repository_id}"
