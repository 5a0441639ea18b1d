"""The bell: a ring through arq says "look into the ledger". It carries one row id, holds nothing, and may always be lost.

Whoever is rung looks into the ledger, which alone knows what is to be done; whoever never hears a ring looks every few
seconds anyway. So Redis may vanish, forget, refuse or be written to by a stranger, and only time is lost.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import structlog
from arq.constants import job_key_prefix
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from workers.contract.rings import KEPT_S, Who, connect, listener, queue, set_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from arq.connections import ArqRedis
    from arq.worker import Worker

log = structlog.get_logger()
RING_S = 1.0
"""A ring takes no longer than this; the row is in the ledger already."""
DEAF_S = 1.0
"""So long after a ring that failed nobody tries another one: a thousand deliveries do not wait a thousand times."""
FORGOTTEN = 10_000
"""Rings thrown away by name at most, the youngest first; the keys of the others end by themselves within `KEPT_S`."""
ANSWER_S = 5.0
"""What a listener waits for Redis to answer, and again to let it go."""
PAUSES_S = (0.1, 5.0)
"""Before a listener that died is started again, and at most."""
END_S = 0.1
"""How long a cancellation has before it is repeated."""


@dataclass(slots=True, kw_only=True)
class Bell:
    """Rings, and hears rings. One per process; `close` it at the end."""

    url: str
    """`redis://`, `rediss://` or `unix://`."""
    _redis: ArqRedis | None = field(default=None, init=False, repr=False)
    _deaf_until: float = field(default=0.0, init=False)
    _near: dict[Who, tuple[asyncio.Event, ...]] = field(
        default_factory=dict[Who, tuple[asyncio.Event, ...]], init=False, repr=False
    )
    """Who listens in this very process; they need no Redis to hear us."""

    async def ring(self, who: Who, row: int) -> None:
        """Wake a process of the kind `who` to look into the ledger, where `row` has just been written.

        Returns within a second and raises nothing: a ring may be lost.
        """
        set_all(self._near.get(who, ()))
        now = time.monotonic()
        if now < self._deaf_until:
            return
        try:
            async with asyncio.timeout(RING_S):
                await self._enqueue(who, row)
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            if not self._deaf_until:
                log.warning("bell.silent", why=f"{type(error).__name__}: {error}")
            self._deaf_until = time.monotonic() + DEAF_S
        else:
            if self._deaf_until:
                log.info("bell.rings")
            self._deaf_until = 0.0

    async def listen(self, who: Who, *wakes: asyncio.Event) -> None:
        """Set every event whenever somebody rings for `who`, until cancelled. Give each loop that waits its own event.

        The arq worker inside dies with its Redis and is started again; at each start the events are set, for nobody
        knows what was missed.
        """
        pause = PAUSES_S[0]
        self._near[who] = wakes
        while True:
            started = time.monotonic()
            try:
                await _unswallowed(self._hear(who, wakes))
            except (RedisConnectionError, OSError, TimeoutError) as error:
                log.warning("bell.deaf", who=who, why=type(error).__name__)
            except Exception as error:  # noqa: BLE001  # whatever stands in Redis may come from anybody
                log.warning("bell.broken", who=who, why=f"{type(error).__name__}: {error}")
                await self._forget(who)
            lived = time.monotonic() - started
            pause = PAUSES_S[0] if lived > PAUSES_S[1] else min(pause * 2, PAUSES_S[1])
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Let the connections go."""
        if self._redis is not None:
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(RING_S):
                    await self._redis.aclose(close_connection_pool=True)
            self._redis = None

    async def _enqueue(self, who: Who, row: int) -> None:
        if self._redis is None:
            self._redis = connect(self.url, who, RING_S)
        # The id makes two rings for one row one, as long as nobody heard the first.
        await self._redis.enqueue_job("ring", row, _job_id=f"{who}:{row}", _queue_name=queue(who), _expires=KEPT_S)

    async def _hear(self, who: Who, wakes: tuple[asyncio.Event, ...]) -> None:
        redis = connect(self.url, who, ANSWER_S)
        try:
            await _emptied(redis, who)  # what was missed is looked for in the ledger, not here
            worker = listener(who, redis, wakes)
            set_all(wakes)
            try:
                await _unswallowed(worker.async_run())
            finally:
                await _let_go(worker)
        finally:
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    await redis.aclose(close_connection_pool=True)

    async def _forget(self, who: Who) -> None:
        """Throw away rings that a worker choked on."""
        redis = connect(self.url, who, RING_S)
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(RING_S), redis:
                await _emptied(redis, who)


async def _emptied(redis: ArqRedis, who: Who) -> None:
    """Throw away what waits. The rings' own keys go too: one that stayed would swallow the next ring for its row."""
    names: list[bytes] = []
    with suppress(ResponseError):  # a stranger may have put anything in the queue's place
        names = await cast("Any", redis).zrevrange(queue(who), 0, FORGOTTEN - 1)  # redis types its keywords loosely
    await redis.delete(queue(who), *(job_key_prefix.encode() + name for name in names))


async def answers(url: str, timeout_s: float = RING_S) -> bool:
    """Whether there is a Redis at `url`."""
    try:
        redis = connect(url, "github", timeout_s)
        async with asyncio.timeout(timeout_s), redis:
            return bool(await cast("Awaitable[Any]", redis.ping()))  # pyright: ignore[reportUnknownMemberType]  # redis types its keywords loosely
    except (RedisError, OSError, TimeoutError, ValueError):
        return False


async def _unswallowed(work: Coroutine[Any, Any, None]) -> None:
    """Do `work`; when cancelled, cancel it until it ends.

    The Redis client now and then takes a cancellation for its own, and goes on.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
        task.result()
    finally:
        await _end(task)


async def _let_go(worker: Worker) -> None:
    """Stop what a worker left running; its Redis is gone, as a rule."""
    for task in _tasks(worker):
        await _end(task)


async def _end(task: asyncio.Task[Any]) -> None:
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=END_S)
    await asyncio.gather(task, return_exceptions=True)


def _tasks(worker: Worker) -> list[asyncio.Task[Any]]:
    main = worker.main_task
    return [*worker.tasks.values(), *([main] if main is not None else [])]
