from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.workers.contract.ledger.rows import Clock, add_delivery, add_job, row
from workers.contract.ledger import LostClaimError, claims, open_ledger, tables

if TYPE_CHECKING:
    from workers.contract.ledger import Claim, Ledger

READY = ("ready",)


async def take(ledger: Ledger, owner: str = "me", lease_s: float = 30.0) -> Claim | None:
    return await ledger.claim(tables.jobs, READY, owner, lease_s=lease_s)


async def must(ledger: Ledger, owner: str = "me", lease_s: float = 30.0) -> Claim:
    claim = await take(ledger, owner, lease_s)
    assert claim is not None
    return claim


async def test_who_has_waited_longest_is_claimed_first(ledger: Ledger) -> None:
    first, second = [await add_job(ledger, lane=lane) for lane in "ab"]

    claimed = [await take(ledger) for _ in range(3)]

    assert [claim and claim.id for claim in claimed] == [first, second, None]


async def test_a_claimed_row_says_who_has_it_and_how_often_it_was_claimed(ledger: Ledger) -> None:
    number = await add_job(ledger)

    claim = await must(ledger, "loop-1")

    found = await row(ledger, tables.jobs, number)
    assert (claim.id, claim.fencing, claim.tries, claim.owner) == (number, 1, 1, "loop-1")
    assert (found["lease_owner"], found["fencing"], found["tries"]) == ("loop-1", 1, 1)
    assert await ledger.holds(claim)


async def test_a_finished_row_is_let_go_and_its_tries_are_counted_anew(ledger: Ledger) -> None:
    await add_job(ledger)
    await ledger.put_back(await must(ledger), delay_s=-1, reason="once")

    await ledger.finish(await must(ledger), state="ran", run_id="r1")

    publishing = await ledger.claim(tables.jobs, ("ran",), "me", lease_s=30)
    assert publishing is not None
    assert (publishing.tries, publishing.fencing, publishing.row["reason"]) == (1, 3, "")


@pytest.mark.parametrize(("counts", "tries"), [(True, 2), (False, 1)])
async def test_a_row_that_was_put_back_waits(url: str, *, counts: bool, tries: int) -> None:
    clock = Clock()
    ledger = await open_ledger(url, clock=clock, create=True)
    await add_job(ledger)
    await ledger.put_back(await must(ledger), delay_s=60, reason="GitHub is down", counts=counts)

    clock.now += 59
    early = await take(ledger)
    clock.now += 1
    late = await must(ledger)

    assert early is None
    assert (late.tries, late.row["reason"]) == (tries, "GitHub is down")
    await ledger.close()


async def test_f229_a_long_outage_burns_no_tries(url: str) -> None:
    clock = Clock()
    ledger = await open_ledger(url, clock=clock, create=True)
    await add_job(ledger)

    for _ in range(24):  # two hours, five minutes each
        await ledger.put_back(await must(ledger), delay_s=300, reason="GitHub is down", counts=False)
        clock.now += 300

    assert (await must(ledger)).tries == 1
    await ledger.close()


async def write_beside(ledger: Ledger, claim: Claim) -> None:
    """A transaction of the caller's own, in which the claim is the last word."""
    async with ledger.write() as connection:
        await connection.execute(update(tables.jobs).values(run_id="late"))
        await claims.guarded(connection, claim, state="ran")


async def test_f214_who_lost_the_lease_writes_nothing(url: str) -> None:
    clock = Clock()
    ledger = await open_ledger(url, clock=clock, create=True)
    number = await add_job(ledger)
    late = await must(ledger, "stopped", lease_s=30)
    clock.now += 31

    assert not await ledger.holds(late)
    new = await must(ledger, "other", lease_s=30)

    for write in (
        ledger.heartbeat(late, lease_s=30),
        ledger.finish(late, state="ran"),
        ledger.put_back(late, delay_s=0, reason=""),
    ):
        with pytest.raises(LostClaimError):
            await write
    with pytest.raises(LostClaimError):
        await write_beside(ledger, late)
    found = await row(ledger, tables.jobs, number)
    assert (found["state"], found["run_id"], found["lease_owner"]) == ("ready", "", "other")
    assert await ledger.holds(new)
    await ledger.close()


async def test_f230_a_lease_that_ran_out_unnoticed_may_be_kept(url: str) -> None:
    clock = Clock()
    ledger = await open_ledger(url, clock=clock, create=True)
    await add_job(ledger)
    claim = await must(ledger, lease_s=30)

    clock.now += 60
    await ledger.heartbeat(claim, lease_s=30)

    assert await ledger.holds(claim)
    assert await take(ledger) is None
    await ledger.close()


async def test_of_a_lane_one_job_is_worked_on_at_a_time(ledger: Ledger) -> None:
    first, second = await add_job(ledger), await add_job(ledger)
    other = await add_job(ledger, lane="pull/7")
    elsewhere = await add_job(ledger, repository=2)

    claimed = [await must(ledger) for _ in range(3)]

    assert {claim.id for claim in claimed} == {first, other, elsewhere}
    assert await take(ledger) is None
    await ledger.finish(claimed[0], state="ran")
    assert await take(ledger) is None, "not published yet"
    published = await ledger.claim(tables.jobs, ("ran",), "me", lease_s=30)
    assert published is not None
    await ledger.finish(published, state="finished")
    assert (await must(ledger)).id == second


async def test_a_job_that_was_begun_comes_before_an_older_one_of_its_lane(ledger: Ledger) -> None:
    # With Postgres the older row may be committed after the younger was begun.
    older, younger = await add_job(ledger, state="finished"), await add_job(ledger)
    claim = await must(ledger)
    async with ledger.write() as connection:
        await connection.execute(update(tables.jobs).where(tables.jobs.c.id == older).values(state="ready"))

    while_running = await take(ledger)
    await ledger.finish(claim, state="finished")

    assert (claim.id, while_running) == (younger, None)
    assert (await must(ledger)).id == older


async def test_a_job_of_an_installation_with_nothing_under_way_comes_first(ledger: Ledger) -> None:
    busy = [await add_job(ledger, repository=number, installation=1) for number in range(1, 4)]
    quiet = await add_job(ledger, repository=9, installation=2)

    order = [(await must(ledger)).id for _ in range(4)]

    assert order == [busy[0], quiet, busy[1], busy[2]]


async def test_a_delivery_is_claimed_whatever_its_neighbours_do(ledger: Ledger) -> None:
    numbers = [await add_delivery(ledger, guid) for guid in "abc"]

    claimed = [await ledger.claim(tables.deliveries, ("stored",), "me", lease_s=30) for _ in numbers]

    assert [claim and claim.id for claim in claimed] == numbers


async def test_a_lease_longer_than_the_longest_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="the longest is 900"):
        await take(ledger, lease_s=901)


async def test_f239_a_clock_put_back_does_not_lock_a_row_away(url: str) -> None:
    clock = Clock()
    ledger = await open_ledger(url, clock=clock, create=True)
    await add_job(ledger)
    dead = await must(ledger, "dead")

    clock.now -= 3600

    assert (await must(ledger, "alive")).fencing == dead.fencing + 1
    await ledger.close()


async def test_f239_the_ledgers_own_clock_takes_no_part_in_steps_of_the_wall_clock(ledger: Ledger) -> None:
    first, second = ledger.clock(), ledger.clock()

    assert first <= second < first + 60
    assert 1.6e9 < first < 1e11


async def test_f214_eight_that_claim_at_once_never_share_a_row_or_a_lane(url: str) -> None:
    ledgers = [await open_ledger(url, create=True) for _ in range(2)]
    total = 24
    for number in range(total):
        await add_job(ledgers[0], lane=f"lane-{number % 6}", installation=number % 3)
    under_way: Counter[str] = Counter()
    seen: Counter[tuple[int, int]] = Counter()

    async def worker(number: int) -> None:
        ledger = ledgers[number % 2]
        while sum(seen.values()) < total:
            claim = await take(ledger, f"worker-{number}")
            if claim is None:
                await asyncio.sleep(0.005)
                continue
            seen[claim.id, claim.fencing] += 1
            under_way[claim.row["lane"]] += 1
            assert under_way[claim.row["lane"]] == 1
            await asyncio.sleep(0)
            under_way[claim.row["lane"]] -= 1
            await ledger.finish(claim, state="finished")

    async with asyncio.timeout(60), asyncio.TaskGroup() as workers:
        for number in range(8):
            workers.create_task(worker(number))

    assert len(seen) == total
    assert set(seen.values()) == {1}
    assert {fencing for _, fencing in seen} == {1}
    for ledger in ledgers:
        await ledger.close()
