"""The ledger is the truth: whatever becomes of Redis, every row is worked on, once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest_asyncio
from sqlalchemy import func, select

from tests.workers.contract.ledger.rows import add_delivery
from workers.contract.bell import Bell
from workers.contract.ledger import open_ledger, tables
from workers.contract.ledger.working import work

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from tests.stores import RedisServer
    from workers.contract.ledger import Claim, Ledger

LONG_S = 60.0


@pytest_asyncio.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", create=True)
    yield opened
    await opened.close()


@asynccontextmanager
async def github_process(ledger: Ledger, url: str, seen: list[int]) -> AsyncGenerator[None]:
    """A listener and a loop, as the github process has them."""
    wake, stop, bell = asyncio.Event(), asyncio.Event(), Bell(url=url)

    async def handle(claim: Claim) -> None:
        seen.append(claim.id)
        await ledger.finish(claim, state="done")

    listening = asyncio.create_task(bell.listen("github", wake))
    working = asyncio.create_task(
        work(
            ledger,
            tables.deliveries,
            ("stored",),
            handle,
            owner="me",
            lease_s=30,
            wake=wake,
            stop=stop,
            concurrency=4,
            look_s=0.2,
        )
    )
    try:
        yield
    finally:
        stop.set()
        await working
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await bell.close()


async def store(ledger: Ledger, bell: Bell, guids: range) -> list[int]:
    """Deliveries as the web process takes them: stored, then rung for."""
    numbers: list[int] = []
    for guid in guids:
        numbers.append(await add_delivery(ledger, str(guid)))
        await bell.ring("github", numbers[-1])
    return numbers


async def nothing_waits(ledger: Ledger) -> None:
    waiting = select(func.count()).select_from(tables.deliveries).where(tables.deliveries.c.state == "stored")
    async with asyncio.timeout(LONG_S):
        while True:
            async with ledger.read() as connection:
                if not (await connection.execute(waiting)).scalar_one():
                    return
            await asyncio.sleep(0.02)


async def test_f221_what_came_while_redis_was_down_is_worked_on_with_no_hand(
    redis: RedisServer, ledger: Ledger
) -> None:
    seen: list[int] = []
    bell = Bell(url=redis.url)
    redis.kill()

    numbers = await store(ledger, bell, range(100))
    await asyncio.to_thread(redis.start)
    async with github_process(ledger, redis.url, seen):
        await nothing_waits(ledger)

    assert sorted(seen) == numbers
    await bell.close()


async def test_f221_with_redis_gone_for_good_everything_is_worked_on(redis: RedisServer, ledger: Ledger) -> None:
    seen: list[int] = []
    bell = Bell(url=redis.url)

    async with github_process(ledger, redis.url, seen):
        redis.kill()
        numbers = await store(ledger, bell, range(50))
        await nothing_waits(ledger)

    assert sorted(seen) == numbers
    await bell.close()


async def test_f222_a_redis_restarted_empty_in_the_middle_loses_and_doubles_nothing(
    redis: RedisServer, ledger: Ledger
) -> None:
    seen: list[int] = []
    bell = Bell(url=redis.url)

    numbers = await store(ledger, bell, range(100))
    async with github_process(ledger, redis.url, seen):
        for start in (100, 150):
            redis.kill()
            numbers += await store(ledger, bell, range(start, start + 50))
            await asyncio.to_thread(redis.start)
        await nothing_waits(ledger)

    assert sorted(seen) == numbers
    await bell.close()


async def test_f238_a_ring_sent_again_after_a_crash_is_harmless(redis: RedisServer, ledger: Ledger) -> None:
    seen: list[int] = []
    bell = Bell(url=redis.url)

    async with github_process(ledger, redis.url, seen):
        numbers = await store(ledger, bell, range(5))
        for _ in range(50):
            for number in numbers:
                await bell.ring("github", number)
        await nothing_waits(ledger)

    assert sorted(seen) == numbers
    await bell.close()


async def test_f224_a_ring_for_a_row_that_does_not_exist_does_nothing(redis: RedisServer, ledger: Ledger) -> None:
    seen: list[int] = []
    bell = Bell(url=redis.url)

    async with github_process(ledger, redis.url, seen):
        await bell.ring("github", 10**12)
        numbers = await store(ledger, bell, range(1))
        await nothing_waits(ledger)

    assert seen == numbers
    await bell.close()
