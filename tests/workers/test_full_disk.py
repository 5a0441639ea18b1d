"""Nowhere to put a run: that is our trouble, nobody is told it went well, and it goes on as soon as there is room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.running.commissions import FRESH
from tests.workers.test_jobs import NAME, Broker, broker, claimed, host, ledger, row, shop
from workers import jobs
from workers.contract import runs
from workers.contract.ledger import tables
from workers.contract.ledger.working import PutBack

if TYPE_CHECKING:
    from tests.workers.fetching.rig import Host
    from workers.contract.ledger import Ledger

__all__ = ["broker", "host", "ledger", "shop"]

NOWHERE = Path("/dev/full/runs")


async def test_f233_a_run_store_that_takes_nothing_ends_no_job_and_blames_no_owner(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    broker[0].sha = host.repository(NAME, {"a.ipynb": FRESH})
    claim = await claimed(ledger)
    full = replace(shop, settings=replace(shop.settings, runs=NOWHERE))

    with pytest.raises(PutBack, match="no run can be kept"):
        await jobs.handle(full, claim)

    left = await row(ledger)
    assert (left.state, left.run_id) == ("ready", "")
    assert not list((shop.settings.state / "work").iterdir())
    await ledger.put_back(claim, delay_s=0, reason="no room")
    again = await ledger.claim(tables.jobs, ("ready",), "loop", lease_s=60)
    assert again is not None
    await jobs.handle(shop, again)
    ended = await row(ledger)
    assert ended.state == "ran"
    assert runs.read_run(shop.settings.runs / ended.run_id).id == ended.run_id
