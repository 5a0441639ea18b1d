"""Deliveries come in while nobody rings and nobody listens: all are kept, and worked on later with no hand."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from tests.app.chaos import FRESH, Chaos, chaotic
from tests.app.rig import until
from tests.bot.ingress.senders import request, send_all
from workers.contract import bell
from workers.contract.ledger import open_ledger, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BURST = int(os.environ.get("MENDLOOP_BURST", "200"))
"""Deliveries in one burst."""
CONNECTIONS = max(50, BURST // 10)


async def states(chaos: Chaos) -> Mapping[str, int]:
    """How many deliveries of the burst are in each state."""
    rows = tables.deliveries.c
    of = select(rows.state, func.count()).where(rows.event == "push").group_by(rows.state)
    ledger = await open_ledger(f"sqlite:///{chaos.app.state}/ledger.sqlite3")
    try:
        async with ledger.read() as connection:
            return {str(state): int(count) for state, count in await connection.execute(of)}
    finally:
        await ledger.close()


async def burst(chaos: Chaos) -> list[tuple[int, float]]:
    """So many deliveries, each of its own content, signed; (status, seconds) of each answer."""
    secret, push = chaos.app.environ["MENDLOOP_WEBHOOK_SECRET"], pushed(chaos)
    bodies = [json.dumps(push | {"after": f"{number:040x}"}).encode() for number in range(1, BURST + 1)]
    return await send_all([chaos.app.port], [request(body, secret=secret) for body in bodies], CONNECTIONS)


def pushed(chaos: Chaos) -> dict[str, Any]:
    """A push as GitHub tells it; it is never sent."""
    hub = chaos.app.hub
    hub.webhooks.paused.set()
    repository = hub.repository("burst/demo", files={"README.md": b"Read me"}, installation=hub.install("burst"))
    repository.push("main", {"a.ipynb": FRESH})
    return dict(next(each.payload for each in hub.webhooks.deliveries if each.event == "push"))


async def worked_off(chaos: Chaos) -> None:
    async def all_done() -> bool:
        found = await states(chaos)
        return sum(found.get(state, 0) for state in ("done", "ignored")) == BURST

    await until(all_done, within_s=120, what="all are worked off", told=chaos.app.tail)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("listening", [("github",), ()], ids=["github listens", "nobody listens"])
async def test_a_burst_without_redis_is_kept_and_worked_off_with_no_hand(
    tmp_path: Path, listening: tuple[str, ...]
) -> None:
    url = f"unix://{tmp_path}/state/redis.sock"
    async with chaotic(tmp_path, tmp_path / "cache", "web", *listening) as chaos:
        assert not await bell.answers(url)

        answers = await burst(chaos)
        kept = await states(chaos)

        assert [status for status, _ in answers] == [202] * BURST
        assert sum(kept.values()) == BURST
        assert listening or kept == {"stored": BURST}
        later = {"redis", "github"} - set(listening)
        async with chaos.running(*sorted(later, reverse=True)):
            await worked_off(chaos)
        assert sum((await states(chaos)).values()) == BURST
        assert chaos.app.hub.violations == []
