"""Boxes wait their turn by memory and cores."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from tests.workers.sandbox.boxes import SMALL, Place, notebook
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox.admission import Admission, Capacity
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.limits import GIB, MIB, Limits

ONE = Limits(memory_bytes=GIB - 40 * MIB, tmpfs_bytes=16 * MIB)
"""A box that may have a gibibyte, its disks included."""


@dataclass
class Ran:
    """What was seen of boxes that run for a moment."""

    most: int = 0
    done: int = 0

    async def through(self, gate: Admission, limits: Limits = ONE) -> None:
        async with gate.admitted(limits):
            self.most = max(self.most, gate.inside)
            await asyncio.sleep(0.002)
        self.done += 1


def gate(memory_gib: float = 100, boxes: int = 100, available_gib: float = 100) -> Admission:
    return Admission(
        Capacity(memory_bytes=int(memory_gib * GIB), boxes=boxes), available=lambda: int(available_gib * GIB)
    )


@pytest.mark.parametrize(
    ("admission", "most"),
    [
        (gate(memory_gib=3), 3),
        (gate(boxes=4), 4),
        (gate(available_gib=0.5), 1),
        (gate(memory_gib=0.1), 1),
        (gate(), 100),
    ],
    ids=["memory", "cores", "what the machine has left", "one is always let in", "room for all"],
)
async def test_x163_two_hundred_boxes_at_once_queue(admission: Admission, most: int) -> None:
    ran = Ran()

    await asyncio.gather(*(ran.through(admission) for _ in range(200)))

    assert (ran.done, admission.inside, admission.waiting) == (200, 0, 0)
    assert ran.most == most


async def test_the_first_in_the_queue_is_the_first_let_in_however_large() -> None:
    admission, order = gate(memory_gib=2), list[str]()

    async def box(name: str, limits: Limits) -> None:
        async with admission.admitted(limits):
            order.append(name)
            await asyncio.sleep(0.01)

    large = replace(ONE, memory_bytes=2 * GIB - 40 * MIB)
    await asyncio.gather(box("a", ONE), box("large", large), box("b", ONE), box("c", ONE))

    assert order == ["a", "large", "b", "c"]


async def test_who_gives_up_or_fails_leaves_its_place() -> None:
    admission = gate(boxes=1)
    async with admission.admitted(ONE):
        impatient = asyncio.create_task(Ran().through(admission))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait({impatient})
    with pytest.raises(ZeroDivisionError):
        async with admission.admitted(ONE):
            raise ZeroDivisionError

    async with admission.admitted(ONE, timeout_s=1):
        assert (admission.inside, admission.waiting) == (1, 0)


async def test_a_wait_that_is_too_long_is_no_fault_of_the_artifact() -> None:
    admission = gate(boxes=1)

    async with admission.admitted(ONE):
        with pytest.raises(SandboxUnavailableError, match="No room for a box"):
            async with admission.admitted(ONE, timeout_s=0.01):
                pass

    assert (admission.inside, admission.waiting) == (0, 0)


async def test_memory_that_others_give_back_is_noticed() -> None:
    left = [GIB // 2]
    admission = Admission(Capacity(memory_bytes=100 * GIB, boxes=100), available=lambda: left[0])

    async with admission.admitted(ONE):
        second = asyncio.create_task(Ran().through(admission))
        await asyncio.sleep(0.01)
        assert admission.waiting == 1
        left[0] = 2 * GIB
        await asyncio.wait_for(second, 10)


async def test_x163_real_boxes_wait_for_one_another(place: Place) -> None:
    admission = gate(boxes=2)
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, gate=admission)
    seen: list[int] = []

    async def looking() -> None:
        while True:
            seen.append(admission.inside)
            await asyncio.sleep(0.005)

    look = asyncio.create_task(looking())
    runs = await asyncio.gather(*(box.execute(notebook("1 + 1")) for _ in range(5)))
    look.cancel()

    assert [run.status for run in runs] == ["passed"] * 5
    assert max(seen) == 2
