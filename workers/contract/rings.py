"""A ring as it lies in Redis: where it waits, how it is written and read, and the arq worker that hears it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Literal

from arq import func
from arq.connections import ArqRedis
from arq.worker import Worker
from redis.asyncio import ConnectionPool

if TYPE_CHECKING:
    import asyncio

Who = Literal["github", "loop"]
KEPT_S = 60
"""A ring nobody heard is forgotten after this; by then whoever it was for has looked of its own accord."""
POLL_S = 0.05
LARGEST_ROW = 2**63 - 1


def queue(who: Who) -> str:
    """The key in Redis under which rings for `who` wait."""
    return f"mendloop:bell:{who}"


def connect(url: str, who: Who, timeout_s: float) -> ArqRedis:
    """A client that waits at most `timeout_s` for any answer, and neither writes nor reads a pickle."""
    pool = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]  # redis types its keywords loosely
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, max_connections=64
    )
    return ArqRedis(
        pool,
        job_serializer=written,
        job_deserializer=read,
        default_queue_name=queue(who),
        expires_extra_ms=KEPT_S * 1000,
    )


def listener(who: Who, redis: ArqRedis, wakes: tuple[asyncio.Event, ...]) -> Worker:
    """An arq worker whose one function sets events. It keeps no result and takes no signals from us."""

    async def ring(ctx: dict[Any, Any], row: int) -> None:  # noqa: ARG001  # arq passes both
        set_all(wakes)

    async def after(ctx: dict[Any, Any]) -> None:  # noqa: ARG001
        # Again, now that the ring's key is gone: until then a second ring for this row was taken for the first.
        set_all(wakes)

    return Worker(
        functions=[func(ring, name="ring")],
        queue_name=queue(who),
        redis_pool=redis,
        after_job_end=after,
        handle_signals=False,
        max_jobs=100,
        job_timeout=1,
        keep_result=0,
        max_tries=100,
        poll_delay=POLL_S,
        log_results=False,
        job_serializer=written,
        job_deserializer=read,
    )


def set_all(wakes: tuple[asyncio.Event, ...]) -> None:
    """Wake every loop."""
    for wake in wakes:
        wake.set()


def written(job: dict[str, Any]) -> bytes:
    """What arq wants to keep, as JSON; an exception as its text."""
    return json.dumps(job, default=repr).encode()


def read(raw: bytes) -> dict[str, Any]:
    """A ring, made anew from the one number in it. Whoever can write to Redis can ring, and nothing else.

    Raises:
        ValueError: it is not a ring.
    """
    match json.loads(raw):
        case {"f": "ring", "a": [int(row)]} if not isinstance(row, bool) and 0 < row <= LARGEST_ROW:
            return {"f": "ring", "a": [row], "k": {}, "t": None, "et": int(time.time() * 1000)}
        case _:
            raise ValueError("not a ring")
