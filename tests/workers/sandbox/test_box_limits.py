"""Everything a box may use up is bounded, and the run says which bound it hit."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, UnsizedDisks, notebook, printed, told
from workers.sandbox.limits import MIB

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place
    from workers.sandbox.bubblewrap import BubblewrapBox


def host_processes_count() -> int:
    return sum(path.name.isdigit() for path in Path("/proc").iterdir())


async def test_x139_a_fork_bomb_stops_at_the_limit(place: Place) -> None:
    before = host_processes_count()

    run = await place.run("import os\nwhile True: os.fork()", "print('after')")

    assert (run.status, run.ended) == ("failed", "pids")
    assert run.error is not None
    assert run.cells[1].status == "not_run"
    assert host_processes_count() < before + SMALL.pids


async def test_x139_a_polite_program_that_asks_for_too_many_is_told_no(place: Place) -> None:
    run = await place.run(
        "import threading, time\n"
        "threads = [threading.Thread(target=time.sleep, args=(9,), daemon=True) for _ in range(99)]\n"
        "for thread in threads: thread.start()"
    )

    assert (run.status, run.ended) == ("failed", "pids")


MEMORY = {
    "one list": "x = bytearray(3_000_000_000)",
    "page by page": "x = []\nwhile True: x.append(bytearray(20_000_000))",
    "anonymous map": "import mmap\nx = [mmap.mmap(-1, 100_000_000) for _ in range(9)]\nfor m in x: m.write(b'x' * 100_000_000)",
    "several children": (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(b'x') * 100_000_000\n        time.sleep(9)\n"
        "time.sleep(9)"
    ),
}


@pytest.mark.parametrize("bomb", MEMORY.values(), ids=MEMORY.keys())
async def test_x140_memory_is_bounded_over_all_processes(place: Place, bomb: str) -> None:
    run = await place.run(bomb, "print('after')")

    assert (run.status, run.ended) == ("failed", "memory")
    assert run.cells[1].status == "not_run"
    assert run.seconds < 10


async def test_x140_children_that_share_their_parents_pages_are_not_counted_twice(place: Place) -> None:
    run = await place.run(
        "import os, time\nx = bytearray(b'x') * 200_000_000\n"
        "for _ in range(4):\n    if os.fork() == 0:\n        time.sleep(1)\n        os._exit(0)\n"
        "for _ in range(4): os.wait()\nprint('fine')"
    )

    assert (run.status, printed(run)) == ("passed", "fine\n")


FILL = """
import os
written = 0
try:
    with open(PATH, "wb", buffering=0) as file:
        while written < 200 << 20:
            written += file.write(b"x" * (1 << 20))
except OSError as error:
    print(error.errno, end=" ")
os.unlink(PATH)
print(written >> 20)
"""


async def disk_written(box: BubblewrapBox, path: str) -> int:
    """Mebibytes that could be written, 200 at most."""
    run = await box.execute(notebook(f"PATH = {path!r}" + FILL))
    return int(printed(run).split()[-1])


@pytest.mark.parametrize("path", ["/tmp/big", "/dev/shm/big", "/run/big", "big"])
async def test_x140_every_writable_place_has_a_size(place: Place, path: str) -> None:
    assert await disk_written(place.box(), path) <= 64


async def test_x140_the_probe_notices_a_place_without_a_size(place: Place) -> None:
    assert await disk_written(place.box(kind=UnsizedDisks), "/tmp/big") == 200


async def test_x140_a_full_disk_is_named(place: Place) -> None:
    run = await place.run("open('big', 'wb').write(b'x' * 100_000_000)")

    assert (run.status, run.ended) == ("failed", "disk")
    assert run.error is not None
    assert run.error.name == "OSError"


async def test_x140_a_sparse_file_ends_at_the_file_limit(place: Place) -> None:
    run = await place.run("open('sparse', 'wb').truncate(10 << 40)")

    assert (run.status, run.ended) == ("failed", "disk")


async def test_x140_a_million_small_files_end_the_run(place: Place) -> None:
    run = await place.run("for n in range(1_000_000): open(str(n), 'w').close()")

    assert (run.status, run.ended) == ("failed", "disk")
    assert run.error is not None
    assert run.error.name == "Killed"


async def test_x169_there_are_no_core_dumps_and_no_shared_memory_of_others(place: Place) -> None:
    limits = told(
        await place.run(
            "import json, resource as r; print(json.dumps([r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_NPROC)]))"
        )
    )

    assert limits == [[0, 0], [SMALL.pids, SMALL.pids]]


async def test_the_processor_time_of_a_process_is_bounded(place: Place) -> None:
    run = await place.run("while True: pass", limits=replace(SMALL, cpu_s=1))

    assert (run.status, run.ended) == ("failed", "timeout")


WIDE = replace(
    SMALL, memory_bytes=2048 * MIB, output_bytes_total=4 * MIB, rich_bytes_total=16 * MIB, outputs_total=2000
)

FLOODS = {
    "lines": "while True: print('x' * 1000)",
    "one line": "while True: print('x' * 1000, end='')",
    "errors": "import sys\nwhile True: print('x' * 1000, file=sys.stderr)",
    "one 150 MB print": "print('x' * 150_000_000)",
    "from C": "import os\nwhile True: os.write(1, b'x' * 10000)",
    "display": "while True: display('x' * 10000)",
    "images": "from IPython.display import Image\nwhile True: display(Image(data=b'\\x89PNG' * 1_000_000, format='png'))",
    "a child": "import subprocess\nsubprocess.run(['yes'])",
    "what describes a display": "while True: display({'text/plain': ''}, raw=True, metadata={'x': 'x' * 1_000_000})",
    "outputs without end": "for n in range(100_000): display(n)",
    "one error of 70 MB": "raise ValueError('x' * 70_000_000)",
    "both streams in turn": (
        "import sys\nwhile True:\n    print('x'); sys.stdout.flush(); print('x', file=sys.stderr); sys.stderr.flush()"
    ),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_r128_a_flood_is_ended_and_costs_the_worker_nothing(place: Place, flood: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    run = await place.run(flood, "print('after')", limits=WIDE)

    assert run.status == "failed"
    assert run.ended in ("output", "memory")
    assert run.cells[1].status == "not_run"
    assert run.seconds < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


async def test_r128_outputs_of_a_cell_beyond_their_number_are_left_out_and_the_last_is_marked(place: Place) -> None:
    run = await place.run("for n in range(30): display(n)", "print('next')", limits=replace(SMALL, outputs_cell=20))

    outputs = run.cells[0].outputs
    assert (run.status, len(outputs)) == ("passed", 20)
    assert [output.truncated for output in outputs] == [*[False] * 19, True]


async def test_a_very_long_name_of_an_error_is_an_error_all_the_same(place: Place) -> None:
    run = await place.run("raise type('E' * 100_000, (Exception,), {})('x')")

    assert (run.status, run.ended) == ("failed", "")
    assert run.error is not None
    assert len(run.error.name) < 1000


async def test_r128_what_a_cell_prints_beyond_its_share_is_left_out_and_marked(place: Place) -> None:
    run = await place.run("print('x' * 3_000_000)", "print('next')")

    output = run.cells[0].outputs[0]
    assert run.status == "passed"
    assert (len(output.text), output.truncated) == (SMALL.output_bytes_cell, True)
    assert printed(run, 1) == "next\n"
