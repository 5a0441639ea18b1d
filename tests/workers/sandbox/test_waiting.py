"""Boxes that wait to be asked: nobody can tell them from fresh ones, nobody gets one twice, none is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, notebook, printed, told
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import tree
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.waiting import Bounds, WaitingBoxes

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place
    from workers.sandbox.guestcall import Guest

NOTHING: dict[str, object] = {"cells": [], "limits": asdict(SMALL), "cwd": "/repository", "raw": False, "tree": None}
WAITS_S = 60.0


def box_with(waiting: WaitingBoxes, place: Place, workspace: Path | None = None) -> BubblewrapBox:
    return BubblewrapBox(place.environment, place.overlay, workspace, SMALL, raw=True, waiting=waiting)


def below() -> list[int]:
    return list(tree.below(os.getpid()))


EVERYTHING = (
    "import os, sys, threading, gc, json\nseen = {'path': sys.path, 'here': os.getcwd(), 'argv0': sys.argv[0]}",
    "seen['modules'] = sorted(name for name in sys.modules if '.' not in name)",
    "seen['variables'] = dict(sorted(os.environ.items()))",
    "seen['threads'] = sorted(thread.name for thread in threading.enumerate())",
    "seen['files'] = sorted(os.listdir('.')) + sorted(os.listdir('/tmp')) + sorted(os.listdir('/tmp/home'))",
    "seen['descriptors'] = sorted(os.listdir('/proc/self/fd'), key=int)",
    "seen['names'] = sorted(globals()); seen['hash'] = hash('x'); seen['gc'] = gc.isenabled()",
    "seen['count'] = get_ipython().execution_count; seen['in'] = len(In)",
    "print(json.dumps(seen))",
    "print(open('beside.txt').read()); import neighbour; neighbour.name",
    "import warnings; warnings.warn('odd', DeprecationWarning); 41 + 1",
)


async def test_a_box_that_waited_cannot_be_told_from_a_fresh_one(place: Place, tmp_path: Path) -> None:
    (tmp_path / "beside.txt").write_text("beside")
    (tmp_path / "neighbour.py").write_text("name = 'neighbour'\n")
    document = notebook(*EVERYTHING)

    async with WaitingBoxes() as waiting:
        box = box_with(waiting, place, tmp_path)
        cold = await box.execute(document)
        box.ahead()
        await waiting.settled()
        waited = await box.execute(document)
        assert len(waiting) == 0

    assert told(waited, 8) == told(cold, 8)
    assert [(run.outputs, run.warnings, run.status) for run in waited.cells] == [
        (run.outputs, run.warnings, run.status) for run in cold.cells
    ]
    assert [json.loads(run.raw)["execution_count"] for run in waited.cells] == list(range(1, 12))
    assert waited.environment == cold.environment


async def test_a_box_is_handed_out_once_and_to_one_alone(place: Place) -> None:
    async with WaitingBoxes() as waiting:
        box = box_with(waiting, place)
        box.ahead(2)
        box.ahead(2)
        assert len(waiting) == 2
        cell = "import os; print(os.path.exists('/tmp/x')); open('/tmp/x', 'w').close()"

        runs = await asyncio.gather(*(box.execute(notebook(cell)) for _ in range(4)))

        assert [printed(run) for run in runs] == ["False\n"] * 4
        assert len(waiting) == 0


async def test_a_box_that_was_asked_never_waits_again(place: Place) -> None:
    async with WaitingBoxes() as waiting:
        box = box_with(waiting, place)
        box.ahead()
        await waiting.settled()
        guest = await waiting.take(box.kind)
        assert guest is not None
        assert guest.waits

        await guest.answer(NOTHING)

        assert not guest.waits
        assert await waiting.take(box.kind) is None


async def test_a_box_whose_kernel_died_while_it_waited_is_replaced_by_a_fresh_one(place: Place) -> None:
    async with WaitingBoxes() as waiting:
        box = box_with(waiting, place)
        box.ahead()
        await waiting.settled()
        kernels = [pid for pid in below() if b"kernel.py" in command(pid)]
        for pid in kernels:
            os.kill(pid, signal.SIGKILL)

        run = await box.execute(notebook("print(1)"))

        assert len(kernels) == 1
        assert (run.status, printed(run)) == ("passed", "1\n")


async def test_a_box_whose_processes_are_all_gone_is_not_handed_out(place: Place) -> None:
    async with WaitingBoxes() as waiting:
        box = box_with(waiting, place)
        box.ahead()
        await waiting.settled()
        tree.kill_below(os.getpid())

        run = await box.execute(notebook("print(1)"))

        assert printed(run) == "1\n"


async def test_the_clock_of_a_run_starts_when_the_box_is_handed_out(place: Place) -> None:
    limits = replace(SMALL, wall_s=8, cell_timeout_s=6)
    async with WaitingBoxes() as waiting:
        box = BubblewrapBox(place.environment, place.overlay, None, limits, waiting=waiting)
        box.ahead()
        await waiting.settled()
        guest = await waiting.take(box.kind)
        assert guest is not None
        handed_out = time.monotonic()

        reply = await guest.answer(NOTHING)

        assert reply.seconds <= time.monotonic() - handed_out


async def test_what_waits_is_bounded_in_number_and_memory_and_age(place: Place) -> None:
    async with WaitingBoxes(Bounds(most=2)) as waiting:
        first, second = (
            box_with(waiting, place),
            BubblewrapBox(place.environment, place.overlay, None, replace(SMALL, wall_s=19), waiting=waiting),
        )
        first.ahead(5)
        assert len(waiting) == 2
        second.ahead()
        assert len(waiting) == 2
        guest = await waiting.take(second.kind)
        assert guest is not None
        await guest.end()

    for bounds in (Bounds(memory_bytes=1), Bounds(age_s=0.01)):
        async with WaitingBoxes(bounds) as waiting:
            box_with(waiting, place).ahead()
            async with asyncio.timeout(WAITS_S):
                while len(waiting):  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.02)
    assert below() == []


async def test_nothing_is_left_of_boxes_that_nobody_took(place: Place) -> None:
    before = descriptors()
    async with WaitingBoxes() as waiting:
        box = box_with(waiting, place)
        box.ahead(2)
        # One is being started still, one may wait.
        await asyncio.sleep(0.05)
    assert below() == []

    async with WaitingBoxes() as waiting:
        box_with(waiting, place).ahead(2)
        await waiting.settled()
        assert below() != []
    assert below() == []
    assert len(descriptors()) == len(before)


async def test_who_is_cancelled_while_a_box_starts_leaves_it_to_the_next(place: Place) -> None:
    async with WaitingBoxes() as waiting:
        box = box_with(waiting, place)
        box.ahead()
        hurried = asyncio.create_task(box.execute(notebook("1")))
        await asyncio.sleep(0.02)
        hurried.cancel()
        await asyncio.wait({hurried})

        assert len(waiting) == 1
        assert printed(await box.execute(notebook("print(2)"))) == "2\n"
        assert len(waiting) == 0
    assert below() == []


async def test_a_closed_pool_starts_nothing(place: Place) -> None:
    waiting = WaitingBoxes()
    await waiting.close()

    box = box_with(waiting, place)
    box.ahead()

    assert len(waiting) == 0
    assert printed(await box.execute(notebook("print(1)"))) == "1\n"


async def test_a_box_that_cannot_be_started_ahead_is_no_error_until_it_is_needed(place: Place, tmp_path: Path) -> None:
    async with WaitingBoxes() as waiting:
        box = BubblewrapBox(place.environment, place.overlay, None, SMALL, waiting=waiting, programs=str(tmp_path))
        with pytest.raises(SandboxUnavailableError):
            await box.execute(notebook("1"))

        async def none() -> Guest:
            raise SandboxUnavailableError("no")

        waiting.ahead("kind", none)
        assert await waiting.take("kind") is None


async def test_boxes_that_differ_in_anything_are_of_different_kinds(place: Place) -> None:
    box = place.box()
    others = [place.box(replace(SMALL, pids=63)), box.otherwise(), replace_overlay(place).box()]

    assert len({box.kind, *(other.kind for other in others)}) == 4
    assert place.box().kind == box.kind


def replace_overlay(place: Place) -> Place:
    return replace(place, overlay=place.overlay.parent / "other" / "lib")


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())
