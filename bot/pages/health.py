"""Whether the ledger can be written, and how much waits in it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.inbox import InboxError
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from bot.inbox import Inbox
    from bot.metrics import IngressMetrics
    from workers.contract.ledger import Ledger

PROBE_S = 3.0
FRESH_S = 1.0
"""Age up to which an answer is given again: anybody may ask, and asking writes."""
QUEUES = (
    (tables.deliveries, ("stored", "parked")),
    (tables.requests, ("new", "attached", "parked")),
    (tables.jobs, ("ready", "ran", "parked")),
)
"""States in which a row waits for somebody."""


@dataclass(slots=True)
class Health:
    """Answers for those who watch."""

    inbox: Inbox
    ledger: Ledger
    ingress: IngressMetrics
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    answered: tuple[float, str] = (-FRESH_S, "")
    """Monotonic time and reason of the last answer."""

    async def unready(self) -> str:
        """Why deliveries cannot be taken; empty when they can."""
        async with self.asking:
            if time.monotonic() - self.answered[0] >= FRESH_S:
                reason = await self._probe()
                self.answered = (time.monotonic(), reason)
            return self.answered[1]

    async def _probe(self) -> str:
        try:
            async with asyncio.timeout(PROBE_S):
                await self.inbox.probe()
        except InboxError:
            # The reason names the ledger's place; it is in the log, not for everybody.
            return "the ledger cannot be written"
        except TimeoutError:
            return f"the ledger did not answer within {PROBE_S:g} s"
        return ""

    async def metrics(self) -> bytes:
        """Everything in Prometheus' text form."""
        return generate_latest(self.ingress.registry) + generate_latest(await self._queues())

    async def _queues(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        up = Gauge("mendloop_ledger_up", "Whether the ledger can be read.", registry=registry)
        depth = Gauge("mendloop_queue_depth", "Rows by table and state.", ["queue", "state"], registry=registry)
        age = Gauge("mendloop_oldest_delivery_seconds", "Age of the oldest waiting delivery.", registry=registry)
        try:
            async with asyncio.timeout(PROBE_S), self.ledger.read() as connection:
                for table, states in QUEUES:
                    counted = select(table.c.state, func.count()).where(table.c.state.in_(states))
                    rows = await connection.execute(counted.group_by(table.c.state))
                    found = {row[0]: row[1] for row in rows}
                    for state in states:
                        depth.labels(table.name, state).set(found.get(state, 0))
                waiting = select(func.min(tables.deliveries.c.received_at))
                oldest = await connection.scalar(waiting.where(tables.deliveries.c.state == "stored"))
            age.set(0 if oldest is None else max(self.ledger.clock() - oldest, 0))
            up.set(1)
        except (SQLAlchemyError, OSError, TimeoutError):
            up.set(0)
        return registry
