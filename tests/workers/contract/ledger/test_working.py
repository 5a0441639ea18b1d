from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from tests.workers.contract.ledger.rows import add_delivery, add_job, row, states
from workers.contract.ledger import LedgerError, Trouble, open_ledger, tables
from workers.contract.ledger.working import PutBack, work

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from workers.contract.ledger import Claim, Ledger

FORK = multiprocessing.get_context("fork")
LONG_S = 60.0


@asynccontextmanager
async def working(
    ledger: Ledger, handle: Callable[[Claim], Awaitable[None]], table: Any = tables.deliveries, **options: Any
) -> AsyncGenerator[asyncio.Event]:
    """A loop that works until the block ends; its bell is what comes out."""
    wake, stop = asyncio.Event(), asyncio.Event()
    given: dict[str, Any] = {
        "owner": "me",
        "lease_s": 30.0,
        "look_s": 0.05,
        "concurrency": 4,
        "grace_s": LONG_S,
    } | options
    ready = ("stored",) if table is tables.deliveries else ("ready",)
    loop = asyncio.create_task(work(ledger, table, ready, handle, wake=wake, stop=stop, **given))
    try:
        async with asyncio.timeout(LONG_S):
            yield wake
    finally:
        stop.set()
        await loop


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LONG_S):
        while not await condition():  # noqa: ASYNC110  # another process may make it true
            await asyncio.sleep(0.01)


async def all_in(ledger: Ledger, *wanted: str, table: Any = tables.deliveries) -> None:
    async def done() -> bool:
        return set((await states(ledger, table)).values()) <= set(wanted)

    await until(done)


def finishing(ledger: Ledger, seen: list[int]) -> Callable[[Claim], Awaitable[None]]:
    async def handle(claim: Claim) -> None:
        seen.append(claim.id)
        await ledger.finish(claim, state="done")

    return handle


async def test_every_row_is_worked_on_once(ledger: Ledger) -> None:
    numbers = [await add_delivery(ledger, str(guid)) for guid in range(20)]
    seen: list[int] = []

    async with working(ledger, finishing(ledger, seen)):
        await all_in(ledger, "done")

    assert sorted(seen) == numbers


async def test_f238_a_ring_too_many_is_harmless(ledger: Ledger) -> None:
    seen: list[int] = []

    async with working(ledger, finishing(ledger, seen), look_s=LONG_S) as wake:
        number = await add_delivery(ledger, "one")
        for _ in range(50):
            wake.set()
            await asyncio.sleep(0)
        await all_in(ledger, "done")
        wake.set()

    assert seen == [number]


async def test_f221_without_any_ring_the_ledger_is_looked_into(ledger: Ledger) -> None:
    seen: list[int] = []

    async with working(ledger, finishing(ledger, seen)):
        await asyncio.sleep(0.1)
        await add_delivery(ledger, "late")
        await all_in(ledger, "done")

    assert len(seen) == 1


async def test_no_more_rows_are_under_way_than_allowed(ledger: Ledger) -> None:
    for guid in range(12):
        await add_delivery(ledger, str(guid))
    now = most = 0
    three = asyncio.Barrier(3)

    async def handle(claim: Claim) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await three.wait()
        await asyncio.sleep(0.01)
        now -= 1
        await ledger.finish(claim, state="done")

    async with working(ledger, handle, concurrency=3):
        await all_in(ledger, "done")

    assert most == 3


async def test_f228_a_poisoned_row_is_parked_with_the_reason_and_its_neighbours_are_done(sqlite_url: str) -> None:
    now = [1_000_000.0]
    ledger = await open_ledger(sqlite_url, clock=lambda: now[0], create=True)
    poison = await add_delivery(ledger, "poison")
    good = [await add_delivery(ledger, str(guid)) for guid in range(50)]
    tried: list[int] = []

    async def handle(claim: Claim) -> None:
        if claim.id == poison:
            tried.append(claim.tries)
            raise ValueError("cannot be parsed")
        await ledger.finish(claim, state="done")

    async with working(ledger, handle):
        while len(tried) < 3:
            now[0] += 10
            await asyncio.sleep(0.02)
        await all_in(ledger, "done", "parked")

    assert tried == [1, 2, 3]
    found = await states(ledger, tables.deliveries)
    assert [number for number, state in found.items() if state == "parked"] == [poison]
    assert len(good) == 50
    assert (await row(ledger, tables.deliveries, poison))["reason"] == "ValueError: cannot be parsed"
    await ledger.close()


def dying(url: str) -> None:
    """A worker process that a row kills, as a segmentation fault in a parser would."""

    async def main() -> None:
        ledger = await open_ledger(url)

        async def handle(claim: Claim) -> None:
            if claim.row["guid"] == "poison":
                os.kill(os.getpid(), signal.SIGKILL)
            await ledger.finish(claim, state="done")

        async with working(ledger, handle, lease_s=0.1, concurrency=1):
            await all_in(ledger, "done", "parked")
        await ledger.close()

    asyncio.run(main())


def test_f228_a_row_that_kills_the_process_each_time_is_parked(sqlite_url: str) -> None:
    asyncio.run(seeded(sqlite_url))
    ends: list[int | None] = []

    for _ in range(4):
        process = FORK.Process(target=dying, args=(sqlite_url,))
        process.start()
        process.join(LONG_S)
        ends.append(process.exitcode)

    assert ends == [-signal.SIGKILL] * 3 + [0]
    assert asyncio.run(outcome(sqlite_url)) == {"done": 2, "parked": 1}


async def seeded(url: str) -> None:
    ledger = await open_ledger(url, create=True)
    for guid in ("first", "poison", "last"):
        await add_delivery(ledger, guid)
    await ledger.close()


async def outcome(url: str) -> dict[str, int]:
    ledger = await open_ledger(url)
    found = list((await states(ledger, tables.deliveries)).values())
    await ledger.close()
    return {state: found.count(state) for state in set(found)}


async def test_weather_counts_no_try(ledger: Ledger) -> None:
    number = await add_delivery(ledger, "one")
    asked = 0

    async def handle(claim: Claim) -> None:
        nonlocal asked
        asked += 1
        if asked < 8:
            raise PutBack(0, "GitHub is down")
        assert claim.tries == 1
        await ledger.finish(claim, state="done")

    async with working(ledger, handle):
        await all_in(ledger, "done")

    assert (await row(ledger, tables.deliveries, number))["reason"] == ""


async def test_who_forgets_to_finish_a_row_is_found_out(ledger: Ledger) -> None:
    number = await add_delivery(ledger, "one")

    async def handle(_claim: Claim) -> None:
        return

    async def told() -> bool:
        return "without writing how" in (await row(ledger, tables.deliveries, number))["reason"]

    async with working(ledger, handle):
        await until(told)

    assert (await row(ledger, tables.deliveries, number))["lease_owner"] == ""


async def test_a_lost_claim_stops_the_work_and_nothing_more_is_written(ledger: Ledger) -> None:
    number = await add_delivery(ledger, "one")
    started, ended = asyncio.Event(), asyncio.Event()

    async def handle(_claim: Claim) -> None:
        started.set()
        try:
            await asyncio.sleep(LONG_S)
        finally:
            ended.set()

    async with working(ledger, handle, lease_s=0.3):
        await asyncio.wait_for(started.wait(), LONG_S)
        async with ledger.write() as connection:
            values = {"fencing": 99, "lease_owner": "other", "lease_until": 1e12, "state": "taken"}
            await connection.execute(update(tables.deliveries).values(**values))
        await asyncio.wait_for(ended.wait(), LONG_S)

    found = await row(ledger, tables.deliveries, number)
    assert (found["lease_owner"], found["state"], found["reason"]) == ("other", "taken", "")


async def test_a_handler_that_lost_its_claim_says_so_and_the_loop_goes_on(ledger: Ledger) -> None:
    for guid in "ab":
        await add_delivery(ledger, guid)
    seen: list[int] = []

    async def handle(claim: Claim) -> None:
        if claim.row["guid"] == "a" and claim.fencing == 1:
            await ledger.put_back(claim, delay_s=0, reason="")
            await ledger.finish(claim, state="late")
        seen.append(claim.id)
        await ledger.finish(claim, state="done")

    async with working(ledger, handle):
        await all_in(ledger, "done")

    assert len(seen) == 2


async def test_heartbeats_keep_a_row_longer_than_its_lease(ledger: Ledger, url: str) -> None:
    await add_delivery(ledger, "one")
    rival = await open_ledger(url)
    stolen: list[Any] = []

    async def handle(claim: Claim) -> None:
        for _ in range(10):
            await asyncio.sleep(0.1)
            stolen.append(await rival.claim(tables.deliveries, ("stored",), "rival", lease_s=1))
        await ledger.finish(claim, state="done")

    async with working(ledger, handle, lease_s=0.9):
        await all_in(ledger, "done")

    assert set(stolen) == {None}
    await rival.close()


async def rob(url: str) -> Claim | None:
    rival = await open_ledger(url)
    try:
        return await rival.claim(tables.deliveries, ("stored",), "rival", lease_s=600)
    finally:
        await rival.close()


async def test_f230_a_block_of_the_event_loop_costs_the_claim_and_never_writes_twice(sqlite_url: str) -> None:
    ledger = await open_ledger(sqlite_url, create=True)
    number = await add_delivery(ledger, "one")
    won: list[Claim | None] = []

    async def handle(claim: Claim) -> None:
        time.sleep(0.3)  # noqa: ASYNC251  # the point: nothing else runs, no heartbeat either
        thread = threading.Thread(target=lambda: won.append(asyncio.run(rob(sqlite_url))))
        thread.start()
        thread.join()
        await ledger.finish(claim, state="late")

    async with working(ledger, handle, lease_s=0.2):
        while not won:  # noqa: ASYNC110  # set by a thread
            await asyncio.sleep(0.01)

    found = await row(ledger, tables.deliveries, number)
    assert [claim and claim.fencing for claim in won] == [2]
    assert (found["state"], found["lease_owner"], found["fencing"]) == ("stored", "rival", 2)
    await ledger.close()


async def test_f230_after_a_block_nobody_robs_himself(sqlite_url: str) -> None:
    ledger = await open_ledger(sqlite_url, create=True)
    await add_delivery(ledger, "one")
    seen: list[int] = []

    async def handle(claim: Claim) -> None:
        seen.append(claim.fencing)
        time.sleep(0.4)  # noqa: ASYNC251
        await asyncio.sleep(0.2)
        await ledger.finish(claim, state="done")

    async with working(ledger, handle, lease_s=0.2, look_s=0.01):
        await all_in(ledger, "done")

    assert seen == [1]
    await ledger.close()


async def test_f227_told_to_stop_it_waits_for_what_is_under_way_and_claims_nothing_more(ledger: Ledger) -> None:
    for guid in "ab":
        await add_delivery(ledger, guid)
    started, go_on = asyncio.Event(), asyncio.Event()

    async def handle(claim: Claim) -> None:
        started.set()
        await go_on.wait()
        await ledger.finish(claim, state="done")

    wake, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.create_task(
        work(ledger, tables.deliveries, ("stored",), handle, owner="me", lease_s=30, wake=wake, stop=stop)
    )
    await asyncio.wait_for(started.wait(), LONG_S)
    stop.set()
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.wait_for(loop, LONG_S)

    assert sorted((await states(ledger, tables.deliveries)).values()) == ["done", "stored"]


@pytest.mark.parametrize("how", ["grace", "cancel"])
async def test_f227_what_does_not_end_in_time_is_handed_back_at_once(ledger: Ledger, how: str) -> None:
    number = await add_job(ledger)
    started = asyncio.Event()

    async def handle(_claim: Claim) -> None:
        started.set()
        await asyncio.sleep(LONG_S * 10)

    wake, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.create_task(
        work(ledger, tables.jobs, ("ready",), handle, owner="me", lease_s=30, wake=wake, stop=stop, grace_s=0.05)
    )
    await asyncio.wait_for(started.wait(), LONG_S)
    if how == "grace":
        stop.set()
    else:
        loop.cancel()
    await asyncio.wait({loop}, timeout=LONG_S)

    found = await row(ledger, tables.jobs, number)
    assert (found["lease_owner"], found["tries"], found["state"]) == ("", 0, "ready")
    again = await ledger.claim(tables.jobs, ("ready",), "other", lease_s=30)
    assert again is not None


async def test_work_that_cancels_itself_is_a_try_and_not_the_end(ledger: Ledger) -> None:
    number = await add_delivery(ledger, "one")

    async def handle(_claim: Claim) -> None:
        raise asyncio.CancelledError

    async def told() -> bool:
        return "cancelled itself" in (await row(ledger, tables.deliveries, number))["reason"]

    async with working(ledger, handle):
        await until(told)

    assert (await row(ledger, tables.deliveries, number))["tries"] == 1


async def test_a_ledger_that_cannot_be_used_for_a_while_ends_no_loop(sqlite_url: str, tmp_path: Any) -> None:
    ledger = await open_ledger(sqlite_url, create=True)
    await add_delivery(ledger, "one")
    seen: list[int] = []
    assert ledger.file is not None
    ledger.file.path.rename(tmp_path / "away")

    async with working(ledger, finishing(ledger, seen)):
        await asyncio.sleep(0.2)
        assert seen == []
        with pytest.raises(LedgerError) as caught:
            await ledger.ready()
        (tmp_path / "away").rename(ledger.file.path)
        await all_in(ledger, "done")

    assert caught.value.trouble is Trouble.MISSING
    await ledger.close()
