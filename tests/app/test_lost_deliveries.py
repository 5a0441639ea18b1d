"""Deliveries that nobody was there to take: none is given up while it may still come, and none is asked for in a storm."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.reconcile import OVERLAP_S, TRIES, UNDER_WAY_S, reconcile
from tests.bot.github.stage import Stage, stage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_github.deliveries import Delivery

NOBODY = "http://127.0.0.1:9/webhook"
DAY_S = 86_400.0


async def missed(at: Stage, count: int) -> list[Delivery]:
    """So many deliveries, while nobody listens."""
    at.hub.listen(NOBODY)
    number = at.repo.open_issue("talk", by=at.ada)
    for index in range(count):
        at.repo.comment(number, f"word {index}", by=at.ada)
    await asyncio.to_thread(at.hub.webhooks.settle, 60)
    return list(at.hub.webhooks.deliveries)[-count:]


async def a_pass(at: Stage) -> int:
    """One pass, and until all that it asked for was tried."""
    done = await reconcile(at.app)
    await asyncio.to_thread(at.hub.webhooks.settle, 60)
    return done.asked


def asked_for(at: Stage, delivery: Delivery) -> int:
    return sum(each.redelivery for each in at.hub.webhooks.deliveries if each.guid == delivery.guid)


async def test_one_that_was_still_under_way_when_later_ones_were_listed_is_not_passed_over(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        slow, _quick = await missed(at, 2)
        ended, slow.status = slow.status, "pending"
        await a_pass(at)
        assert asked_for(at, slow) == 0

        slow.status = ended
        await a_pass(at)

        assert asked_for(at, slow) == 1


async def test_what_was_just_asked_for_is_not_asked_for_again_before_it_is_seen_to_fail(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        (delivery,) = await missed(at, 1)
        at.hub.webhooks.paused.set()
        now = at.app.ledger.clock()
        at.app.ledger.clock = lambda: now
        for _ in range(5):
            await reconcile(at.app)
        assert asked_for(at, delivery) == 1

        at.app.ledger.clock = lambda: now + UNDER_WAY_S + 1
        await reconcile(at.app)

        assert asked_for(at, delivery) == 2
        at.hub.webhooks.paused.clear()


async def test_nobody_being_there_for_a_day_loses_nothing_and_is_no_storm(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        (delivery,) = await missed(at, 1)
        start = at.app.ledger.clock()

        for minute in range(60):
            now = start + minute * 60
            at.app.ledger.clock = lambda now=now: now
            await a_pass(at)
        in_an_hour = asked_for(at, delivery)
        at.app.ledger.clock = lambda: start + DAY_S

        assert TRIES < in_an_hour <= 8 + 3600 / OVERLAP_S
        assert await a_pass(at) >= 1
        assert asked_for(at, delivery) == in_an_hour + 1
