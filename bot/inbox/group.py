"""Group commit: whoever comes while the disk is busy is in the next transaction together."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import structlog

from bot.inbox.delivery import STORE_S, Delivery, InboxError, Stored
from workers.contract import phases

if TYPE_CHECKING:
    from bot.inbox.delivery import Bell, Committed, Store

log = structlog.get_logger()

BATCH_ROWS = 256
BATCH_BYTES = 32 << 20
LINGER_S = 0.001
"""After a commit of several deliveries, for more to come; a delivery that comes alone never waits."""
WAITING_BYTES = 256 << 20
"""What may wait for the disk at once; more is sent away, to come again."""

Waiting = tuple[Delivery, "asyncio.Future[Stored]", float]
"""A delivery, who waits for its answer, and since when by the loop's clock."""


@dataclass(slots=True)
class GroupCommit:
    """An inbox over any store. `write` and `ring` run beside it for as long as it is open."""

    under: Store
    bell: Bell
    store_s: float = STORE_S
    """How long a delivery may wait to be stored."""
    batch_bytes: int = BATCH_BYTES
    """What one transaction holds, unless a single delivery is larger."""
    waiting: list[Waiting] = field(default_factory=list[Waiting])
    waiting_bytes: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    committed: asyncio.Event = field(default_factory=asyncio.Event)
    last_row: int = 0

    async def store(self, delivery: Delivery) -> Stored:
        """Store it, together with those that come at the same time.

        Raises:
            InboxError: nothing is known to be stored.
        """
        if self.waiting_bytes > WAITING_BYTES:
            raise InboxError("too many deliveries wait for the disk")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Stored] = loop.create_future()
        self.waiting.append((delivery, future, loop.time()))
        self.waiting_bytes += len(delivery.body)
        self.arrived.set()
        return await future

    async def probe(self) -> None:
        """Whether the ledger can be written.

        Raises:
            InboxError: it cannot.
        """
        await self.under.probe()

    async def write(self) -> NoReturn:
        """Commit what waits, one transaction after the other."""
        while True:
            await self.arrived.wait()
            self.arrived.clear()
            while self.waiting:
                batch = self._batch()
                await self._commit(batch)
                if len(batch) > 1:
                    # Those just answered are about to send more: one transaction for them and for who waits by now.
                    await asyncio.sleep(LINGER_S)

    async def ring(self) -> NoReturn:
        """Ring after commits, never before and never in their way; rings that come too fast become one."""
        while True:
            await self.committed.wait()
            self.committed.clear()
            await self.bell.ring("github", self.last_row)

    def _batch(self) -> list[Waiting]:
        """The next deliveries, the oldest first: at least one."""
        rows = size_bytes = 0
        for delivery, _, _ in self.waiting[:BATCH_ROWS]:
            size_bytes += len(delivery.body)
            if rows and size_bytes > self.batch_bytes:
                break
            rows += 1
        batch, self.waiting = self.waiting[:rows], self.waiting[rows:]
        self.waiting_bytes -= sum(len(delivery.body) for delivery, _, _ in batch)
        return batch

    async def _commit(self, batch: list[Waiting]) -> None:
        try:
            # By the oldest one's clock: it has waited for the commits before this one, too.
            async with asyncio.timeout_at(batch[0][2] + self.store_s):
                committed = await self.under.commit([delivery for delivery, _, _ in batch])
        except (InboxError, TimeoutError) as error:
            self._refuse(batch, error)
        else:
            # Logged only where somebody means to die here: a masked line for each commit costs as much as the commit.
            if phases.KILL_VARIABLE in os.environ:
                phases.reached("ingress.stored", deliveries=len(batch))
            self._answer(batch, committed)

    def _answer(self, batch: list[Waiting], committed: Committed) -> None:
        for (_, future, _), answer in zip(batch, committed.answers, strict=True):
            if not future.done():
                future.set_result(answer)
        if committed.last_row:
            self.last_row = committed.last_row
            self.committed.set()

    def _refuse(self, batch: list[Waiting], error: Exception) -> None:
        """None of them is known to be stored; those that wait behind would only wait longer for the same."""
        refused = batch + self.waiting
        self.waiting, self.waiting_bytes = [], 0
        reason = str(error) or f"the ledger did not answer within {self.store_s:g} s"
        log.error("deliveries not stored", deliveries=len(refused), reason=reason)
        for _, future, _ in refused:
            if not future.done():
                future.set_exception(InboxError(reason))
