"""Working on rows: claim one, keep it with heartbeats, end it as it deserves. Every loop that takes work off the ledger is this one."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from workers.contract.ledger.claims import Claim, LostClaimError
from workers.contract.ledger.trouble import LedgerError
from workers.contract.ledger.verdicts import Later, Lost, Parked, PutBack, Verdict, after_failure, before_work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from sqlalchemy import Table

    from workers.contract.ledger.store import Ledger

    Handle = Callable[[Claim], Awaitable[None]]

log = structlog.get_logger()

__all__ = ["PutBack", "owner", "work"]

LOOK_S = 2.0
"""Without a ring the ledger is looked into this often."""
GRACE_S = 10.0
"""What is under way when the loop is told to stop has this long to end of its own accord."""
HAND_BACK_S = 5.0
UNFINISHED = "the work ended without writing how"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop:
    ledger: Ledger
    table: Table
    states: Sequence[str]
    handle: Handle
    owner: str
    lease_s: float
    beaten: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])
    """Row and fencing number under way -> when its lease was last renewed, on the monotonic clock."""

    def overdue(self) -> bool:
        """A lease of ours may have run out because this process stood still; claiming now could rob ourselves."""
        return any(time.monotonic() - at > self.lease_s * 2 / 3 for at in self.beaten.values())


def owner(kind: str) -> str:
    """Who claims: unlike any other process, also after a restart on the same machine."""
    return f"{kind}:{socket.gethostname()[:30]}:{os.getpid()}:{os.urandom(4).hex()}"


async def work(  # noqa: PLR0913  # the one seam of all loops; everything by name
    ledger: Ledger,
    table: Table,
    states: Sequence[str],
    handle: Handle,
    *,
    owner: str,
    lease_s: float,
    wake: asyncio.Event,
    stop: asyncio.Event,
    concurrency: int = 1,
    look_s: float = LOOK_S,
    grace_s: float = GRACE_S,
) -> None:
    """Claim rows of `table` in one of `states` and hand each to `handle`, until `stop` is set.

    `handle` ends by `ledger.finish(claim, state=...)`, or raises: `LostClaimError` and nothing more is written;
    `PutBack` and the row waits; anything else is a try, with the third one the row is parked with the reason. On
    cancellation the row is handed back at once. `wake` belongs to this loop alone: it is cleared here.

    When `stop` is set nothing more is claimed, and what is under way after `grace_s` is cancelled.
    """
    loop = _Loop(ledger=ledger, table=table, states=states, handle=handle, owner=owner, lease_s=lease_s)
    running: set[asyncio.Task[None]] = set()
    try:
        while not stop.is_set():
            wake.clear()
            free = len(running) < concurrency and not loop.overdue()
            claimed = await _claimed(loop) if free else None
            if claimed is not None:
                running.add(asyncio.create_task(_attend(loop, claimed), name=f"{table.name} {claimed.id}"))
                continue
            await _first_of(wake, stop, running, look_s)
            running = {task for task in running if not _ended(task)}
        await _wind_down(running, grace_s)
    finally:
        await _cancel(running)


async def _claimed(loop: _Loop) -> Claim | None:
    """The next row; None when there is none, or the ledger cannot say."""
    try:
        return await loop.ledger.claim(loop.table, loop.states, loop.owner, lease_s=loop.lease_s)
    except LedgerError as error:
        log.error("work.no_ledger", table=loop.table.name, trouble=error.trouble, why=str(error))  # noqa: TRY400  # weather
        return None


async def _first_of(wake: asyncio.Event, stop: asyncio.Event, running: set[asyncio.Task[None]], look_s: float) -> None:
    """Wait for a ring, the end, a free place, or until it is time to look anyway."""
    waiting = {asyncio.create_task(wake.wait()), asyncio.create_task(stop.wait())}
    try:
        await asyncio.wait({*waiting, *running}, timeout=look_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(waiting)


def _ended(task: asyncio.Task[None]) -> bool:
    """Whether a task is done; a bug in this module flies from here."""
    if task.done() and not task.cancelled():
        task.result()
    return task.done()


async def _wind_down(running: set[asyncio.Task[None]], grace_s: float) -> None:
    if running:
        log.info("work.stopping", under_way=len(running))
        await asyncio.wait(running, timeout=grace_s)


async def _cancel(tasks: Collection[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _attend(loop: _Loop, claim: Claim) -> None:
    """One row from its claim to its end. What goes wrong ends in the row, not here."""
    with structlog.contextvars.bound_contextvars(table=claim.table, row=claim.id, fencing=claim.fencing):
        parked = before_work(claim)
        try:
            await _settle(loop, claim, parked or await _verdict(loop, claim))
        except LostClaimError:
            log.info("work.lost")
        except LedgerError as error:
            # The lease runs out by itself, and somebody claims the row again.
            log.error("work.not_settled", trouble=error.trouble, why=str(error))  # noqa: TRY400


async def _verdict(loop: _Loop, claim: Claim) -> Verdict | None:
    """Do the work with heartbeats beside it; None when it went well."""
    loop.beaten[claim.id, claim.fencing] = time.monotonic()
    heart = asyncio.create_task(_beat(loop, claim))
    hands = asyncio.ensure_future(loop.handle(claim))
    try:
        await asyncio.wait({heart, hands}, return_when=asyncio.FIRST_COMPLETED)
        if not hands.done():
            return Lost()  # only a lost claim ends the heartbeats
        await hands
    except asyncio.CancelledError:
        await _cancel({hands})
        if not _told_to_end():
            return after_failure(RuntimeError("the work cancelled itself"), claim.tries)
        await asyncio.shield(_hand_back(loop, claim))
        raise
    except Exception as error:  # noqa: BLE001  # the boundary of all work: every exception becomes the row's state
        return _judged(error, claim)
    finally:
        await _cancel({heart, hands})
        del loop.beaten[claim.id, claim.fencing]
    return None


def _told_to_end() -> bool:
    """Whether it is this task that is cancelled, and not something inside of it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _judged(error: Exception, claim: Claim) -> Verdict:
    verdict = after_failure(error, claim.tries)
    if isinstance(verdict, Parked) or (isinstance(verdict, Later) and not isinstance(error, PutBack)):
        log.error("work.failed", verdict=type(verdict).__name__, tries=claim.tries, exc_info=error)
    return verdict


async def _settle(loop: _Loop, claim: Claim, verdict: Verdict | None) -> None:
    """Write into the row how the work on it ended."""
    match verdict:
        case None:
            await _make_sure(loop, claim)
        case Lost():
            log.info("work.lost")
        case Later(delay_s=delay_s, reason=reason, counts=counts):
            log.info("work.later", delay_s=delay_s, reason=reason, counts=counts)
            await loop.ledger.put_back(claim, delay_s=delay_s, reason=reason, counts=counts)
        case Parked(reason=reason):
            log.error("work.parked", reason=reason, tries=claim.tries)
            await loop.ledger.finish(claim, state="parked", reason=reason, tries=claim.tries)


async def _make_sure(loop: _Loop, claim: Claim) -> None:
    """A handler that came back and left the row as it was has a bug; the row must not go round without an end."""
    with suppress(LostClaimError):
        await loop.ledger.heartbeat(claim, lease_s=loop.lease_s)
        log.error("work.unfinished")
        await _settle(loop, claim, after_failure(RuntimeError(UNFINISHED), claim.tries))


async def _beat(loop: _Loop, claim: Claim) -> None:
    """Renew the lease until the claim is lost. A ledger that is busy is asked again: the number guards what is written."""
    while True:
        await asyncio.sleep(loop.lease_s / 3)
        try:
            await loop.ledger.heartbeat(claim, lease_s=loop.lease_s)
            loop.beaten[claim.id, claim.fencing] = time.monotonic()
        except LostClaimError:
            return
        except LedgerError as error:
            log.warning("work.no_heartbeat", trouble=error.trouble)


async def _hand_back(loop: _Loop, claim: Claim) -> None:
    """Let the row go at once; this try is not one. If it cannot be, the lease runs out by itself."""
    with suppress(LostClaimError, LedgerError, TimeoutError):
        async with asyncio.timeout(HAND_BACK_S):
            await loop.ledger.put_back(claim, delay_s=0, reason="handed back", counts=False)
