"""Whoever keeps the limits, the kernel's groups or limits per process and a watchdog: the same breach has the same name."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, Unwatched, notebook, printed
from workers.sandbox import cgroups
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.cgroups import RLIMITS, Keeper
from workers.sandbox.limits import MIB

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution
    from workers.sandbox.limits import Limits

TIGHT = replace(SMALL, memory_bytes=450 * MIB, pids=40, inodes=2000)


@pytest.fixture(params=["kernel", "watchdog"])
def keeper(request: pytest.FixtureRequest) -> Keeper:
    """What this machine has best, and what every machine has."""
    return cgroups.found() if request.param == "kernel" else Keeper(RLIMITS)


async def run(place: Place, keeper: Keeper, *cells: str, limits: Limits = TIGHT) -> Execution:
    box = BubblewrapBox(place.environment, place.overlay, None, limits, keeper=keeper)
    return await box.execute(notebook(*cells))


BREACHES = {
    "memory, page by page": ("x = []\nwhile True: x.append(bytearray(b'x') * 4_000_000)", "memory"),
    "memory, of children": (
        (
            "import os, time\nfor _ in range(9):\n    if os.fork() == 0:\n        x = bytearray(b'x') * 60_000_000\n        time.sleep(9)\n"
            "time.sleep(9)"
        ),
        "memory",
    ),
    "memory, in a file without a name": (
        "import os\nfd = os.memfd_create('x')\nwhile True: os.write(fd, b'x' * 1_000_000)",
        "memory",
    ),
    "memory, shared and anonymous": (
        (
            "import mmap\nx = [mmap.mmap(-1, 50_000_000) for _ in range(12)]\nfor m in x: m.write(b'x' * 50_000_000)\n"
            "import time; time.sleep(9)"
        ),
        "memory",
    ),
    "memory, refused and told as another error": (
        "try:\n    bytearray(9_000_000_000)\nexcept MemoryError as error:\n    raise RuntimeError('cannot load') from error",
        "memory",
    ),
    "memory, of a child that says so": (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', 'bytearray(9_000_000_000)'], check=True)",
        "memory",
    ),
    "pids, forks": ("import os\nwhile True: os.fork()", "pids"),
    "pids, threads": (
        "import threading, time\nfor _ in range(99): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "pids",
    ),
    "pids, children": (
        "import subprocess\nx = [subprocess.Popen(['sleep', '9']) for _ in range(99)]",
        "pids",
    ),
    "disk, one large write": ("open('big', 'wb').write(b'x' * 99_000_000)", "disk"),
    "disk, cleaned up again": (
        (
            "import tempfile, os\nwith tempfile.TemporaryDirectory(dir='.') as folder:\n    with open(folder + '/big', 'wb') as file:\n"
            "        for _ in range(99): file.write(b'x' * 1_000_000); file.flush(); __import__('time').sleep(0.005)"
        ),
        "disk",
    ),
    "disk, sparse": ("open('sparse', 'wb').truncate(10 << 40)", "disk"),
    "disk, many files": ("for n in range(1_000_000): open(str(n), 'w').close()", "disk"),
}


@pytest.mark.parametrize(("cell", "ended"), BREACHES.values(), ids=BREACHES.keys())
async def test_x140_every_breach_has_its_name(place: Place, keeper: Keeper, cell: str, ended: str) -> None:
    execution = await run(place, keeper, cell, "print('after')")

    assert (execution.status, execution.ended) == ("failed", ended)
    assert execution.reason != ""
    assert [cell.status for cell in execution.cells] == ["error", "not_run"]


TIMES = {
    "cell": ("import time; time.sleep(60)", replace(TIGHT, cell_timeout_s=0.5), "the cell ran longer"),
    "artifact": ("import time; time.sleep(60)", replace(TIGHT, wall_s=6), "the run took longer"),
    "processor": ("while True: pass", replace(TIGHT, cpu_s=1), "processor time"),
    "processor, of children that are gone": (
        "import subprocess, sys\nwhile True: subprocess.run([sys.executable, '-S', '-c', 'sum(range(1_000_000))'])",
        replace(TIGHT, cpu_s=1),
        "processor time",
    ),
    "processor, of children nobody waits for": (
        (
            "import signal, subprocess, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
            "for _ in range(3): subprocess.Popen([sys.executable, '-S', '-c', 'while True: pass'])\nimport time; time.sleep(60)"
        ),
        replace(TIGHT, cpu_s=1),
        "processor time",
    ),
    "processor, the signal ignored": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        replace(TIGHT, cpu_s=1),
        "processor time",
    ),
}


@pytest.mark.parametrize(("cell", "limits", "said"), TIMES.values(), ids=TIMES.keys())
async def test_x144_the_reason_tells_whose_time_ran_out(
    place: Place, keeper: Keeper, cell: str, limits: Limits, said: str
) -> None:
    execution = await run(place, keeper, "x = 1", cell, "x", limits=limits)

    assert (execution.status, execution.ended) == ("failed", "timeout")
    assert said in execution.reason
    assert [one.status for one in execution.cells] == ["ok", "error", "not_run"]


FINE = {
    "memory that was refused and done without": "try:\n    bytearray(9_000_000_000)\nexcept MemoryError:\n    print('fine')",
    "a full disk that was cleaned up": (
        "import os\ntry:\n    open('big', 'wb').write(b'x' * 99_000_000)\nexcept OSError:\n    os.unlink('big'); print('fine')"
    ),
    "many short-lived children": "import subprocess\nfor _ in range(60): subprocess.run(['true'])\nprint('fine')",
    "pages that children share": (
        "import os, time\nx = bytearray(b'x') * 90_000_000\n"
        "for _ in range(4):\n    if os.fork() == 0:\n        time.sleep(0.3)\n        os._exit(0)\n"
        "for _ in range(4): os.wait()\nprint('fine')"
    ),
    "a disk that is nearly full beside memory that is nearly used": (
        "open('big', 'wb').write(b'x' * 60_000_000)\nx = bytearray(b'x') * 150_000_000\nimport time; time.sleep(0.2); print('fine')"
    ),
}


@pytest.mark.parametrize("cell", FINE.values(), ids=FINE.keys())
async def test_what_keeps_within_its_limits_or_copes_has_passed(place: Place, keeper: Keeper, cell: str) -> None:
    execution = await run(place, keeper, cell)

    assert (execution.status, execution.ended, printed(execution)) == ("passed", "", "fine\n")


OWN_ERRORS = {
    "a device that is always full": "open('/dev/full', 'wb', buffering=0).write(b'x')",
    "a socket that would block": "import socket\na, b = socket.socketpair()\na.setblocking(False)\na.recv(1)",
    "said and not so": "raise OSError(28, 'No space left on device')",
    "about a graphics card": "raise RuntimeError('CUDA out of memory. Tried to allocate: MemoryError')",
}


@pytest.mark.parametrize("cell", OWN_ERRORS.values(), ids=OWN_ERRORS.keys())
async def test_an_error_that_only_reads_like_a_limit_is_the_codes_own(place: Place, keeper: Keeper, cell: str) -> None:
    execution = await run(place, keeper, cell)

    assert (execution.status, execution.ended) == ("failed", "")


async def test_a_box_at_which_nobody_looks_fills_its_disk_with_files_unnamed(place: Place) -> None:
    box = Unwatched(place.environment, place.overlay, None, TIGHT, keeper=Keeper(RLIMITS))

    execution = await box.execute(
        notebook("import time\nfor n in range(4000): open(str(n), 'w').close()\ntime.sleep(0.2)")
    )

    assert (execution.status, execution.ended) == ("passed", "")


async def test_a_run_says_who_kept_its_limits(place: Place, keeper: Keeper) -> None:
    box = BubblewrapBox(place.environment, place.overlay, None, TIGHT, keeper=keeper)

    execution = await box.execute(notebook("1"))

    assert dict(execution.settings)["limits kept by"] == box.limits_kept_by == keeper.kept_by


async def test_boxes_go_first_where_memory_is_short(place: Place, keeper: Keeper) -> None:
    execution = await run(place, keeper, "print(open('/proc/self/oom_score_adj').read().strip())")

    assert printed(execution) == "1000\n"


async def test_no_group_is_left_after_a_breach(place: Place) -> None:
    before = groups_of_ours()

    await run(place, cgroups.found(), "x = []\nwhile True: x.append(bytearray(b'x') * 4_000_000)")

    assert groups_of_ours() <= before


def groups_of_ours() -> set[Path]:
    """Folders of groups that this process made."""
    return set(Path("/sys/fs/cgroup").glob(f"**/mendloop-*-{os.getpid()}-*"))
