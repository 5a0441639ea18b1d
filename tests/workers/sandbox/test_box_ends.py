"""When a run is over, by itself or not, nothing of its box is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, SharedProcesses, host_processes, notebook, printed
from workers.sandbox import cgroups, tree
from workers.sandbox.cgroups import RLIMITS, Keeper

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place

REPOSITORY = Path(__file__).parents[3]

ENDS = {
    "ignores SIGTERM": "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "holds the GIL": "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
    "sleeps past the deadline": "import time\ntime.sleep(60)",
    "stops the driver": "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nimport time\ntime.sleep(60)",
}


@pytest.mark.parametrize("cell", ENDS.values(), ids=ENDS.keys())
async def test_x144_the_clock_outside_ends_whatever_does_not_end(place: Place, cell: str) -> None:
    run = await place.run("x = 1", cell, "print('after')", limits=replace(SMALL, wall_s=6))

    assert (run.status, run.ended) == ("failed", "timeout")
    assert run.seconds < 8
    assert [cell.status for cell in run.cells] == ["ok", "error", "not_run"]
    assert run.error is not None
    assert run.error.name == "Timeout"


async def test_a_cell_that_takes_too_long_is_named_while_the_run_has_time_left(place: Place) -> None:
    run = await place.run("x = 1", "while True: pass", "x", limits=replace(SMALL, cell_timeout_s=0.5))

    assert (run.status, run.ended, run.failed_cell) == ("failed", "timeout", 1)
    assert run.reason == "the cell ran longer than a cell may"


async def test_x142_what_would_survive_is_dead(place: Place) -> None:
    marker = f"survivor-{uuid.uuid4().hex}"
    run = await place.run(
        f"import os, subprocess, sys\nlong = [sys.executable, '-c', 'import time; time.sleep(600)', {marker!r}]",
        "subprocess.Popen(long, start_new_session=True)",
        "subprocess.Popen(['setsid', *long])",
        "os.system(' '.join(['nohup', sys.executable, '-c', '\"import time; time.sleep(600)\"', long[-1], '>/dev/null 2>&1 &']))",
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.execv(sys.executable, long)\n    os._exit(0)",
        "import threading\nthreading.Timer(600, print).start()\nprint('left')",
    )

    assert (run.status, printed(run, 5)) == ("passed", "left\n")
    assert host_processes(marker) == []
    assert list(tree.below(os.getpid())) == []


STRAYS = """
import os, sys
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.closerange(0, 3)
        os.execv(sys.executable, [sys.executable, "-S", "-c", "import time; time.sleep(600)", sys.argv[1]])
"""


async def test_x142_two_hundred_runs_with_strays_leave_nothing(place: Place) -> None:
    box, mounts, marker = place.box(), mount_table(), f"stray-{uuid.uuid4().hex}"
    leaves_three = [str(place.environment.python), "-S", "-c", STRAYS, marker]
    nothing = notebook("")

    runs = [
        completed.returncode
        for _ in range(50)
        for completed in await asyncio.gather(*(box.run(leaves_three, nothing) for _ in range(4)))
    ]

    assert runs == [0] * 200
    assert host_processes(marker) == []
    assert list(tree.below(os.getpid())) == []
    assert mount_table() == mounts


async def test_x142_a_box_that_has_the_hosts_processes_leaves_its_strays(place: Place) -> None:
    marker = f"stray-{uuid.uuid4().hex}"
    leaves_three = [str(place.environment.python), "-S", "-c", STRAYS, marker]

    # A group of the kernel would end them; the namespace is what is looked at here.
    await SharedProcesses(place.environment, place.overlay, None, SMALL, keeper=Keeper(RLIMITS)).run(
        leaves_three, notebook("")
    )
    left = host_processes(marker)
    for process in left:
        os.kill(process, signal.SIGKILL)

    assert len(left) == 3
    await count_becomes(marker, 0, within_s=20)


async def test_a_cancelled_run_leaves_nothing(place: Place) -> None:
    marker = f"cancelled-{uuid.uuid4().hex}"
    cell = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(600)', {marker!r}])"
    running = asyncio.create_task(place.run(cell))
    await count_becomes(marker, 1, within_s=20)

    running.cancel()
    await asyncio.wait({running})

    assert running.cancelled()
    assert host_processes(marker) == []
    assert list(tree.below(os.getpid())) == []


WORKER = """
import asyncio, sys
from pathlib import Path
from tests.workers.sandbox.boxes import Place, notebook
from workers.sandbox.environments import from_interpreter

async def main():
    place = Place(await from_interpreter(Path(sys.argv[1])), Path(sys.argv[2]))
    await place.run(sys.argv[3])

asyncio.run(main())
"""


async def test_x143_a_worker_that_is_killed_takes_its_box_with_it(place: Place) -> None:
    marker = f"orphan-{uuid.uuid4().hex}"
    cell = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(600)', {marker!r}])"
    command = [sys.executable, "-c", WORKER, str(place.environment.python), str(place.overlay), cell]
    worker = await asyncio.create_subprocess_exec(*command, env={"PYTHONPATH": str(REPOSITORY)})
    await count_becomes(marker, 2, within_s=30)

    worker.kill()
    await worker.wait()
    killed = time.monotonic()
    await count_becomes(marker, 0, within_s=3)

    assert time.monotonic() - killed < 1
    cgroups.sweep()
    assert list(Path("/sys/fs/cgroup").glob(f"**/mendloop-*-{worker.pid}-*")) == []


DEATHS = {
    "os._exit": ("import os\nos._exit(3)", "kernel_died", "exit status 3"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "kernel_died", "SIGSEGV"),
    "abort": ("import os\nos.abort()", "kernel_died", "SIGABRT"),
    "kill -9": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed", "SIGKILL"),
    "exit()": ("exit()", "kernel_died", "exit()"),
}


@pytest.mark.parametrize(("cell", "ended", "said"), DEATHS.values(), ids=DEATHS.keys())
async def test_the_death_of_a_kernel_is_named(place: Place, cell: str, ended: str, said: str) -> None:
    run = await place.run(
        "print('before')", "print('last words', flush=True)\nimport time; time.sleep(0.2)\n" + cell, "print('after')"
    )

    assert (run.status, run.ended, run.failed_cell) == ("failed", ended, 1)
    assert run.error is not None
    assert run.error.name == {"kernel_died": "KernelDied", "killed": "Killed"}[ended]
    assert said in run.error.message
    assert printed(run, 0) == "before\n"
    assert "last words" in printed(run, 1)
    assert run.cells[2].status == "not_run"


async def test_an_exit_after_which_nothing_would_run_is_no_failure(place: Place) -> None:
    run = await place.run("print('all done')", "exit()", "  \n")

    assert (run.status, run.ended) == ("passed", "")


async def test_a_driver_that_is_killed_is_a_failure_whatever_was_said_before(place: Place) -> None:
    run = await place.run("1", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)", "2")

    assert (run.status, run.ended) == ("failed", "killed")
    assert [cell.status for cell in run.cells] == ["ok", "error", "not_run"]


async def test_no_process_is_left_after_a_run_that_was_ended(place: Place) -> None:
    box = place.box(replace(SMALL, wall_s=1.0))

    await box.execute(notebook("import subprocess\nsubprocess.run(['sleep', '600'])"))

    assert list(tree.below(os.getpid())) == []


async def count_becomes(marker: str, count: int, *, within_s: float) -> None:
    """Wait until so many processes of the machine have the marker on their command line: at least, or none for 0."""
    async with asyncio.timeout(within_s):
        while (len(host_processes(marker)) < count) if count else host_processes(marker):  # noqa: ASYNC110 - they are others' processes
            await asyncio.sleep(0.02)


def mount_table() -> str:
    return Path("/proc/self/mountinfo").read_text()
