"""Nothing of one run reaches another, whichever way its box came about, and nothing grows. Small twins of the two benchmarks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.endurance import Sample, grown, sample
from bench.isolation import LEAVES, LOOK, beside, documents, drawn, shown
from tests.workers.sandbox.boxes import SMALL, notebook
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.waiting import WaitingBoxes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution
    from workers.protocols import Document

CHOSEN = ("module state", "seeds", "files", "a file beside")


async def test_runs_in_random_order_through_every_path_are_as_alone(place: Place, tmp_path: Path) -> None:
    beside(tmp_path)
    notebooks = {name: documents()[name] for name in CHOSEN}
    async with WaitingBoxes() as waiting:
        waited = BubblewrapBox(place.environment, place.overlay, tmp_path, SMALL, waiting=waiting)
        cold = place.box(workspace=tmp_path)
        alone = {name: shown(await cold.execute(document)) for name, document in notebooks.items()}

        for name, path in drawn(CHOSEN, 6, seed=1):
            if path == "waiting":
                waited.ahead()
                await waiting.settled()
            run = await (waited if path == "waiting" else cold).execute(notebooks[name])
            assert shown(run) == alone[name]


class Reused(BubblewrapBox):
    """A broken box: what ran before runs in the same kernel, and only what came last is told."""

    before: tuple[str, ...] = ()

    async def execute(self, document: Document) -> Execution:
        sources = [cell.source for cell in document.cells]
        run = await super().execute(notebook(*self.before, *sources))
        kept = run.cells[len(self.before) :]
        self.before = (*self.before, *sources)
        return replace(run, cells=tuple(replace(cell, cell=at) for at, cell in enumerate(kept)))


@pytest.mark.parametrize("left", CHOSEN)
async def test_a_box_that_is_used_again_is_caught(place: Place, tmp_path: Path, left: str) -> None:
    beside(tmp_path)
    looking, leaving = notebook(LOOK), notebook("import math, os, random, sys\n" + LEAVES[left])
    reused = Reused(place.environment, place.overlay, tmp_path, SMALL)

    alone = shown(await place.box(workspace=tmp_path).execute(looking))
    await reused.execute(leaving)
    after = shown(await reused.execute(looking))

    assert after != alone


def samples(folder: Path, **growth: float) -> list[Sample]:
    """What forty looks would show if each run left so much."""
    first = sample(0, folder, 0.1)
    return [
        replace(first, runs=runs, **{name: round(getattr(first, name) + each * runs) for name, each in growth.items()})
        for runs in range(50, 2050, 50)
    ]


@pytest.mark.parametrize(
    ("growth", "found"),
    [
        ({}, []),
        ({"memory_kib": 50.0}, ["memory_kib"]),
        ({"descriptors": 0.02}, ["descriptors"]),
        ({"processes": 1.0, "groups": 1.0}, ["groups", "processes"]),
        ({"disk_kib": 1.0, "mounts": 1.0}, ["disk_kib", "mounts"]),
    ],
)
def test_what_grows_is_found_and_named(growth: dict[str, float], found: list[str], tmp_path: Path) -> None:
    assert sorted(grown(samples(tmp_path, **growth))) == found


async def test_a_dozen_runs_leave_nothing(place: Place, tmp_path: Path) -> None:
    async with WaitingBoxes() as waiting:
        box = BubblewrapBox(place.environment, place.overlay, tmp_path, SMALL, waiting=waiting)
        await box.execute(notebook("1"))
        before = sample(0, tmp_path, 0)

        for number in range(6):
            if number % 2:
                box.ahead()
                await waiting.settled()
            assert (await box.execute(notebook("print(1)"))).status == "passed"

        after = sample(6, tmp_path, 0)
    assert replace(after, runs=0, memory_kib=0) == replace(before, memory_kib=0)
