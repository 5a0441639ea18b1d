"""A signed body that comes under another event's name changes nothing at all: every pair of events we listen to."""

from __future__ import annotations

import hashlib
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from bot.deliveries import handle
from bot.payloads import EVENTS
from tests.bot.examples import Body, ours, raw
from tests.bot.ledgers import put, rows
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.app import App

CHANGED = (tables.requests, tables.jobs, tables.installations, tables.repositories, tables.publications, tables.ignored)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """What is decided before the ledger is asked does not depend on its kind."""
    return f"sqlite:///{tmp_path}/ledger.sqlite3"


async def sent(app: App, pairs: Sequence[tuple[str, Body]]) -> list[str]:
    """The state that each delivery of a body under an event's name ended in."""
    for number, (event, body) in enumerate(pairs):
        key = hashlib.sha256(f"{number}".encode()).hexdigest()
        whole = raw({"installation": {"id": 7}} | body)
        values: dict[str, Any] = {"guid": f"g{number}", "content_key": key, "event": event, "body": whole}
        await put(app.ledger, tables.deliveries, received_at=1.0, **values)
    while claim := await app.ledger.claim(tables.deliveries, ("stored",), "test", lease_s=60):
        await handle(app, claim)
    return [row["state"] for row in await rows(app.ledger, tables.deliveries)]


async def changes(app: App) -> int:
    """How many rows there are besides the deliveries."""
    async with app.ledger.read() as connection:
        counts = [await connection.execute(select(func.count()).select_from(table)) for table in CHANGED]
    return sum(count.scalar_one() for count in counts)


async def test_w13_every_swapped_pair_is_parked_and_leaves_no_row(app: App) -> None:
    swapped = [(event, ours()[of][0]) for event, of in product(sorted(EVENTS), repeat=2) if event != of]

    assert set(await sent(app, swapped)) == {"parked"}
    assert await changes(app) == 0


async def test_under_their_own_names_the_same_bodies_are_heeded(app: App) -> None:
    assert set(await sent(app, [(event, ours()[event][0]) for event in sorted(EVENTS)])) == {"done", "ignored"}
    assert await changes(app) > 0
