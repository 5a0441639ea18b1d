"""One delivery: read, decide, and write everything that follows together with the delivery's own end.

One transaction, so a death at any point leaves the delivery either untouched, to be worked on again, or done.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot import payloads, triggers
from bot.deliveries.writing import write
from workers.contract.phases import reached

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.app import App
    from workers.contract.ledger import Claim

log = structlog.get_logger()

End = tuple[str, str]
"""State and reason."""


async def handle(app: App, claim: Claim) -> None:
    """Work on a claimed row of `deliveries`.

    Raises:
        LostClaimError: somebody else has the row by now; nothing was written.
        LedgerError: nothing was written.
    """
    app_identity = triggers.AppIdentity(app_id=app.app_id, bot_user_id=None, slug=app.slug)
    # In a thread: the largest delivery and the most twisted comment take a part of a second.
    decisions, (state, reason) = await asyncio.to_thread(decided, claim.row["event"], claim.row["body"], app_identity)
    reached("deliveries.decided", delivery=claim.id)

    async def work(connection: AsyncConnection) -> None:
        for decision in decisions:
            await write(connection, decision, delivery_id=claim.id, now=app.ledger.clock())
        await app.ledger.finish_in(connection, claim, state=state, reason=reason)

    await app.ledger.transact(work)
    reached("deliveries.written", delivery=claim.id)
    log.info("delivery", delivery=claim.id, github_event=claim.row["event"], state=state, reason=reason)
    if decisions:
        await app.bell.ring("github", claim.id)


def decided(event: str, body: bytes, app: triggers.AppIdentity) -> tuple[tuple[triggers.Decision, ...], End]:
    """What follows from a delivery, and how it ends: done, ignored, or parked for somebody to look at."""
    match payloads.parse(event, body):
        case payloads.Misshapen(reason=reason):
            return (), ("parked", reason)
        case payloads.Ignored(reason=reason):
            return (), ("ignored", reason)
        case read:
            return _decided(read, app)


def _decided(event: payloads.Event, app: triggers.AppIdentity) -> tuple[tuple[triggers.Decision, ...], End]:
    decisions = triggers.decide(event, app=app)
    match decisions:
        case (triggers.Nothing(reason=reason),):
            return (), ("ignored", reason)
        case _:
            return decisions, ("done", "")
