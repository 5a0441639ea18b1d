"""A worker that dies takes its boxes with it, of whatever kind they are."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import host_processes, without
from tests.workers.sandbox.runtimes import BOXES
from workers.sandbox.bubblewrap import BubblewrapBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.workers.sandbox.boxes import Place
    from workers.sandbox.layout import Descriptors
    from workers.sandbox.unprivileged import Mount

REPOSITORY = Path(__file__).parents[4]

WORKER = """
import asyncio, sys
from pathlib import Path
from tests.workers.sandbox.attacks import test_orphans
from tests.workers.sandbox.boxes import Place, notebook
from workers.sandbox.environments import from_interpreter

async def main():
    place = Place(await from_interpreter(Path(sys.argv[1])), Path(sys.argv[2]))
    command = [sys.argv[1], "-S", "-c", "import time; time.sleep(600)", "at-" + sys.argv[4]]
    await place.box(kind=test_orphans.KINDS[sys.argv[3]]).run(command, notebook("1"))

asyncio.run(main())
"""


class Independent(BubblewrapBox):
    """A broken box: it does not die with who started it."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return without(super()._options(mounts, fds), "--die-with-parent")


KINDS: dict[str, type[BubblewrapBox]] = {"bubblewrap": BubblewrapBox, "independent": Independent, **BOXES}


async def left_by(kind: str, place: Place) -> list[int]:
    """Processes of the box that are there a second after its worker was killed."""
    marker = f"orphan-{uuid.uuid4().hex}"
    command = (sys.executable, "-c", WORKER, str(place.environment.python), str(place.overlay), kind, marker)
    worker = await asyncio.create_subprocess_exec(*command, env={"PYTHONPATH": str(REPOSITORY)})
    async with asyncio.timeout(60):
        while len(host_processes(f"at-{marker}")) < 1:  # noqa: ASYNC110 - another process tells nobody that it has begun
            await asyncio.sleep(0.05)

    worker.kill()
    await worker.wait()
    async with asyncio.timeout(5):
        for _ in range(20):
            if not host_processes(f"at-{marker}"):
                break
            await asyncio.sleep(0.05)
    return host_processes(f"at-{marker}")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "independent"])
async def test_x143_a_box_dies_with_its_worker(place: Place, kind: str) -> None:
    assert await left_by(kind, place) == []


async def test_x143_a_box_that_does_not_is_noticed(place: Place) -> None:
    left = await left_by("independent", place)
    for process in left:
        os.kill(process, signal.SIGKILL)

    assert left != []
