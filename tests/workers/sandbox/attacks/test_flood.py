"""Many boxes at once do not take the machine down: they wait for their turn."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tests.workers.sandbox.boxes import SMALL, notebook
from workers.sandbox import tree
from workers.sandbox.admission import Admission, Capacity
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.limits import GIB

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place

PROCESSES = 8
"""What a box with one command in it is made of, at most."""


async def peak(place: Place, places: int, count: int, until: int) -> int:
    """The most processes below us at one moment while so many boxes are asked for at once; the rest is called off."""
    before = set(tree.below(os.getpid()))
    gate = Admission(Capacity(memory_bytes=1 << 60, boxes=places), available=lambda: 64 * GIB)
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, gate=gate)
    asked = [asyncio.create_task(box.run(["true"], notebook(""))) for _ in range(count)]
    most = 0
    while sum(task.done() for task in asked) < until:
        await asyncio.sleep(0.05)
        most = max(most, len(set(tree.below(os.getpid())) - before))
    finished = [task.result().returncode for task in asked if task.done()]
    for task in asked:
        task.cancel()
    await asyncio.wait(asked)
    assert set(finished) == {0}
    assert (gate.inside, gate.waiting, set(tree.below(os.getpid())) - before) == (0, 0, set())
    return most


async def test_x163_two_hundred_boxes_at_once_wait_for_their_turn(place: Place) -> None:
    assert await peak(place, 2, 200, until=20) <= 2 * PROCESSES


async def test_x163_without_a_gate_they_all_start_at_once(place: Place) -> None:
    assert await peak(place, 200, 16, until=16) > 2 * PROCESSES
