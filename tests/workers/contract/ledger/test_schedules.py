"""Random schedules of claims, time and crashes: never two holders of a number, lanes one at a time, nothing written too late."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from tests.workers.contract.ledger.rows import Clock, add_job, states
from workers.contract.ledger import LostClaimError, open_ledger, tables

if TYPE_CHECKING:
    from workers.contract.ledger import Claim, Ledger

LEASE_S = 30.0
STEPS = st.one_of(
    st.tuples(st.just("claim"), st.integers(0, 2)),
    st.tuples(st.just("wait"), st.sampled_from((1, 20, 31, 100))),
    st.tuples(st.sampled_from(("beat", "finish", "back", "crash")), st.integers(0, 5)),
)


@dataclass
class World:
    """What workers believe, and what has to hold of it."""

    ledger: Ledger
    clock: Clock
    held: list[Claim] = field(default_factory=list["Claim"])
    numbers: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    finished: list[int] = field(default_factory=list[int])

    async def step(self, what: str, number: int) -> None:
        if what == "wait":
            self.clock.now += number
        elif what == "claim":
            await self.claim(f"worker-{number}")
        elif self.held:
            await self.use(what, self.held[number % len(self.held)])
        await self.check()

    async def claim(self, owner: str) -> None:
        claim = await self.ledger.claim(tables.jobs, ("ready",), owner, lease_s=LEASE_S)
        if claim is None:
            return
        assert (claim.id, claim.fencing) not in self.numbers
        self.numbers.add((claim.id, claim.fencing))
        self.held.append(claim)

    async def use(self, what: str, claim: Claim) -> None:
        if what == "crash":
            # It writes nothing, late or not.
            self.held.remove(claim)
            return
        newest = max(fencing for number, fencing in self.numbers if number == claim.id)
        try:
            if what == "beat":
                await self.ledger.heartbeat(claim, lease_s=LEASE_S)
            elif what == "finish":
                await self.ledger.finish(claim, state="finished")
                self.finished.append(claim.id)
            elif what == "back":
                await self.ledger.put_back(claim, delay_s=10, reason="")
        except LostClaimError:
            self.held.remove(claim)
            return
        assert claim.fencing == newest, "a number that was passed by wrote"
        if what != "beat":
            self.held.remove(claim)

    async def check(self) -> None:
        live = [claim for claim in self.held if await self.ledger.holds(claim)]
        lanes = [claim.row["lane"] for claim in live]
        assert len(lanes) == len(set(lanes)), "two under way in a lane"
        assert len(self.finished) == len(set(self.finished)), "finished twice"

    async def drain(self) -> None:
        """Whatever happened, all is done in the end."""
        for _ in range(40):
            self.clock.now += 100
            while (claim := await self.ledger.claim(tables.jobs, ("ready",), "last", lease_s=LEASE_S)) is not None:
                await self.ledger.finish(claim, state="finished")
            if set((await states(self.ledger, tables.jobs)).values()) == {"finished"}:
                return
        raise AssertionError("a job was never claimed again")


class Careless(World):
    """The broken twin: it writes without naming its number."""

    async def use(self, what: str, claim: Claim) -> None:
        if what != "finish":
            return await super().use(what, claim)
        async with self.ledger.write() as connection:
            await connection.execute(update(tables.jobs).where(tables.jobs.c.id == claim.id).values(state="finished"))
        self.finished.append(claim.id)
        self.held.remove(claim)
        return None


async def play(steps: list[tuple[str, int]], kind: type[World] = World) -> set[str]:
    """The states that the jobs end in."""
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        ledger = await open_ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite3'}", clock=clock, create=True)
        for number in range(6):
            await add_job(ledger, lane=f"lane-{number % 3}", installation=number % 2)
        world = kind(ledger, clock)
        for what, number in steps:
            await world.step(what, number)
        await world.drain()
        ended = set((await states(ledger, tables.jobs)).values())
        await ledger.close()
        return ended


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_any_schedule_keeps_numbers_apart_and_lanes_serial_and_ends(steps: list[tuple[str, int]]) -> None:
    assert asyncio.run(play(steps)) == {"finished"}


LATE = [("claim", 0), ("wait", 31), ("claim", 1), ("finish", 0), ("finish", 0), ("finish", 0)]


def test_f248_without_the_number_a_late_writer_is_found_out() -> None:
    assert asyncio.run(play(LATE)) == {"finished"}

    with pytest.raises(AssertionError, match="finished twice"):
        asyncio.run(play(LATE, Careless))
