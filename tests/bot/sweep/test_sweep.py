from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from sqlalchemy import update

from bot import sweep, windows
from tests.bot.ledgers import change, put_installation, put_repository, rows
from workers.contract.config_github import Sweep
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from bot.app import App
    from tests.bot.ledgers import Clock

WEEKLY = Sweep()
DAY_S = 86_400.0


async def test_a_repository_is_asked_for_once_when_its_moment_has_come(app: App, clock: Clock) -> None:
    moment = windows.next_sweep_at(WEEKLY, 5, clock.now)
    assert moment is not None
    await put_installation(app.ledger)
    await put_repository(app.ledger, next_sweep_at=moment)

    early = await sweep.due(app)
    clock.now = moment
    asked = [await sweep.due(app), await sweep.due(app)]

    assert (early, asked) == (0, [1, 0])
    (request,) = await rows(app.ledger, tables.requests)
    assert (request["work_key"], request["trigger"]) == (windows.window_key(5, moment), "sweep")
    assert (request["branch"], request["installation_id"], request["repository_id"]) == ("main", 7, 5)
    at = json.loads(request["arguments"])["at"]
    assert windows.is_moment(WEEKLY, 5, at)


async def test_a_machine_that_slept_for_weeks_sweeps_once(app: App, clock: Clock) -> None:
    moment = windows.next_sweep_at(WEEKLY, 5, clock.now)
    assert moment is not None
    await put_installation(app.ledger)
    await put_repository(app.ledger, next_sweep_at=moment)
    clock.now = moment + 40 * DAY_S

    await sweep.due(app)
    following = windows.rescheduled(clock.now + sweep.ASK_AGAIN_S, WEEKLY, 5, clock.now)
    await change(app.ledger, tables.repositories, 5, next_sweep_at=following)
    await sweep.due(app)

    assert len(await rows(app.ledger, tables.requests)) == 1
    assert clock.now < following <= clock.now + 8 * DAY_S


async def test_a_repository_nobody_has_scheduled_is_asked_for_so_that_its_schedule_is_read(
    app: App, clock: Clock
) -> None:
    await put_installation(app.ledger)
    await put_repository(app.ledger)

    first = await sweep.due(app)
    clock.now += DAY_S / 2
    half_a_day_later = await sweep.due(app)
    clock.now += DAY_S
    later = await sweep.due(app)

    assert (first, half_a_day_later, later) == (1, 0, 1)
    asked = [json.loads(row["arguments"])["at"] for row in await rows(app.ledger, tables.requests)]
    assert [windows.is_moment(WEEKLY, 5, at) for at in asked] == [False, False]


async def test_what_may_not_be_worked_on_is_not_swept_until_it_may(app: App, clock: Clock) -> None:
    for number, installation, state in (
        (7, "active", "archived"),
        (8, "suspended", "active"),
        (9, "deleted", "active"),
    ):
        await put_installation(app.ledger, id=number, state=installation)
        await put_repository(app.ledger, id=number, installation_id=number, state=state, next_sweep_at=clock.now)

    refused = await sweep.due(app)
    await change(app.ledger, tables.repositories, 7, state="active")
    await change(app.ledger, tables.installations, 8, state="active")

    assert (refused, await sweep.due(app)) == (0, 2)


async def test_many_repositories_are_asked_for_in_several_transactions_by_several_tasks(app: App, clock: Clock) -> None:
    await put_installation(app.ledger)
    for number in range(1, 24):
        await put_repository(app.ledger, id=number, next_sweep_at=clock.now - number)

    asked = await asyncio.gather(*(sweep.due(app, at_once=5) for _ in range(3)))

    assert sum(asked) == 23
    assert len(await rows(app.ledger, tables.requests)) == 23


async def test_a_sweep_that_was_asked_for_is_remembered_by_its_window(app: App, clock: Clock) -> None:
    await put_installation(app.ledger)
    await put_repository(app.ledger, next_sweep_at=clock.now)

    await sweep.due(app)

    (row,) = await rows(app.ledger, tables.repositories)
    assert row["last_sweep_window"] == windows.window_key(5, clock.now).rpartition(":")[2]
    assert row["next_sweep_at"] == clock.now + sweep.ASK_AGAIN_S


async def test_the_same_window_is_never_asked_for_twice_even_if_the_moment_is_set_back(app: App, clock: Clock) -> None:
    await put_installation(app.ledger)
    await put_repository(app.ledger, next_sweep_at=clock.now)

    await sweep.due(app)
    async with app.ledger.write() as connection:
        await connection.execute(update(tables.repositories).values(next_sweep_at=clock.now))
    await sweep.due(app)

    assert len(await rows(app.ledger, tables.requests)) == 1
