"""Opening the ledger: SQLite by default, Postgres by URL, with the same tables and the same promises."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from workers.contract import children
from workers.contract.ledger import claims, migrating
from workers.contract.ledger.engines import BUSY_S, LedgerFile, driver_url, engines, file_of
from workers.contract.ledger.trouble import PASSING, LedgerError, translated

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from workers.contract.ledger.claims import Claim

T = TypeVar("T")

PAUSE_S = 0.02
"""About how long a transaction that was refused waits before it is tried again."""


@dataclass(slots=True, kw_only=True)
class Ledger:
    """An open ledger. Whatever is the matter with it is a `LedgerError`; a broken constraint stays an `IntegrityError`."""

    writing: AsyncEngine
    reading: AsyncEngine
    clock: Callable[[], float] = field(default=time.time)
    """Seconds since 1970."""
    file: LedgerFile | None = None

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """One transaction that may write; committed at the end, rolled back on an exception."""
        if self.file is not None:
            self.file.check()
        async with AsyncExitStack() as stack:
            stack.enter_context(translated())
            with translated(OSError):
                connection = await stack.enter_async_context(self.writing.begin())
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection that sees one state of the ledger."""
        if self.file is not None:
            self.file.check()
        async with AsyncExitStack() as stack:
            stack.enter_context(translated())
            with translated(OSError):
                connection = await stack.enter_async_context(self.reading.connect())
            yield connection

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do `work` in one transaction, anew if the database refused it for a passing reason. It may run several times.

        Raises:
            LedgerError: the reason did not pass in `BUSY_S` seconds, or is not of that kind.
        """
        until = time.monotonic() + BUSY_S
        while True:
            try:
                return await _to_its_end(self._once(work))
            except LedgerError as error:
                if error.trouble not in PASSING or time.monotonic() >= until:
                    raise
            await asyncio.sleep(PAUSE_S * (0.5 + random.random()))  # noqa: S311  # to keep two apart, no secret

    async def _once(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.write() as connection:
            return await work(connection)

    async def claim(self, table: Table, states: Sequence[str], owner: str, *, lease_s: float) -> Claim | None:
        """Claim the next row in one of `states`; None when nothing waits."""
        # The time from before the wait: after one that was too long our own leases would look as if they had run out.
        lease = claims.Lease(now=self.clock(), seconds=lease_s)
        return await self.transact(lambda connection: claims.claim(connection, table, states, owner, lease))

    async def heartbeat(self, claim: Claim, *, lease_s: float) -> None:
        """Keep the claim.

        Raises:
            LostClaimError: it is no longer ours.
        """
        await self.transact(lambda connection: claims.guarded(connection, claim, lease_until=self.clock() + lease_s))

    async def finish(self, claim: Claim, **values: Any) -> None:
        """Write `values` (`state` and `reason` among them) to the claimed row and let it go.

        Raises:
            LostClaimError: it is no longer ours; nothing was written.
        """
        await self.transact(lambda connection: self.finish_in(connection, claim, **values))

    async def finish_in(self, connection: AsyncConnection, claim: Claim, **values: Any) -> None:
        """As `finish`, inside the caller's transaction. In its next state the row's tries are counted from nothing."""
        await claims.guarded(connection, claim, **_LET_GO | values)

    async def put_back(self, claim: Claim, *, delay_s: float, reason: str, counts: bool = True) -> None:
        """Let the row go, to be claimed again in `delay_s` seconds. Without `counts` this try is not one (the weather)."""
        tries = claim.tries if counts else claim.tries - 1
        await self.finish(claim, not_before=self.clock() + delay_s, reason=reason, tries=tries)

    async def holds(self, claim: Claim) -> bool:
        """Whether the claim is still ours."""
        async with self.read() as connection:
            return await claims.holds(connection, claim, now=self.clock())

    async def ready(self) -> None:
        """Look whether the ledger is there and has the tables this code knows.

        Raises:
            LedgerError: it is not, or has not.
        """
        async with self.read() as connection:
            await connection.run_sync(migrating.check)

    async def close(self) -> None:
        """Close every connection."""
        await self.writing.dispose()
        await self.reading.dispose()


async def _to_its_end(transaction: Coroutine[Any, Any, T]) -> T:
    """Await a transaction; when we are cancelled meanwhile, it ends first. Half-way it would keep others waiting."""
    task = asyncio.create_task(transaction)
    if await children.finished(task):
        raise asyncio.CancelledError
    return task.result()


_LET_GO = {"lease_owner": "", "lease_until": 0.0, "tries": 0, "not_before": 0.0, "reason": ""}


async def open_ledger(url: str, *, clock: Callable[[], float] | None = None, create: bool = False) -> Ledger:
    """Open the ledger at `url`: `sqlite:///path` or `postgresql://...`. With `create` its tables are made or migrated.

    Without a `clock` of the caller's the ledger's goes on evenly from now on, whatever happens to the machine's: a
    step of the wall clock ends no lease.

    Raises:
        ConfigError: the URL is not one of the two.
        LedgerError: it cannot be opened.
    """
    parsed = driver_url(url)
    file = file_of(parsed)
    writing, reading = engines(parsed)
    ledger = Ledger(writing=writing, reading=reading, clock=clock or steady(), file=file)
    if create:
        if file is not None:
            file.prepare()
        try:
            await ledger.transact(lambda connection: connection.run_sync(migrating.migrate))
        except BaseException:
            await ledger.close()
            raise
    return ledger


def steady() -> Callable[[], float]:
    """A clock that says the time of now, and from then on goes evenly, a sleeping machine's hours included."""
    start = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return lambda: start + time.clock_gettime(time.CLOCK_BOOTTIME)
