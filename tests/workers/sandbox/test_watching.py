"""What is seen of a box from outside, and which limit that passes."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from workers.sandbox import tree
from workers.sandbox.counting import Tally
from workers.sandbox.limits import MIB, Limits
from workers.sandbox.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Generator

LIMITS = Limits(memory_bytes=100 * MIB, pids=10, cpu_s=5, inodes=100)


@dataclass
class Told:
    """A counter that says what it is told to, then that there is nothing to count any more."""

    tallies: list[Tally] = field(default_factory=list[Tally])

    def tally(self) -> Tally:
        if not self.tallies:
            raise FileNotFoundError
        return self.tallies.pop(0)


def watch(*tallies: Tally) -> Watch:
    return Watch(os.getpid(), LIMITS, (), Told(list(tallies)))


PASSED = {
    "memory": (Tally(memory_bytes=101 * MIB), "memory"),
    "memory, by the kernel": (Tally(killed=1), "memory"),
    "pids": (Tally(tasks=10), "pids"),
    "processor time": (Tally(cpu_s=5.1), "timeout"),
    "nothing": (Tally(memory_bytes=99 * MIB, tasks=9, cpu_s=4.9, refused=3), ""),
}


@pytest.mark.parametrize(("tally", "breach"), PASSED.values(), ids=PASSED.keys())
def test_what_passes_a_limit_is_named_once_and_for_all(tally: Tally, breach: str) -> None:
    watching = watch(tally, Tally())

    assert (watching.over(), watching.over(), watching.seen().breach) == (breach, breach, breach)
    assert bool(watching.seen().reason) is bool(breach)


def test_the_kernels_last_count_is_seen_when_all_has_ended() -> None:
    watching = watch(Tally(), Tally(killed=1))

    assert (watching.over(), watching.seen().breach) == ("", "memory")


def test_processor_time_of_waiting_is_not_the_artifacts() -> None:
    watching = watch(Tally(cpu_s=4.0), Tally(cpu_s=8.0), Tally(cpu_s=9.5))

    watching.begin()

    assert [watching.over(), watching.seen().cpu_s] == ["", 4.0 + 1.5]
    assert watching.seen().breach == "timeout"


def test_the_most_is_kept() -> None:
    watching = watch(Tally(memory_bytes=50 * MIB, tasks=7), Tally(memory_bytes=20 * MIB, tasks=9, refused=2))
    watching.over()

    seen = watching.seen()

    assert (seen.memory_bytes, seen.tasks, seen.refused) == (50 * MIB, 9, 2)


@contextmanager
def running(code: str) -> Generator[int]:
    """A process that says a line when it has done what it is to be seen with."""
    program = f"{code}\nprint('so', flush=True)\nimport time; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process.pid
    finally:
        tree.kill_below(process.pid)
        process.kill()
        process.wait()
        process.stdout.close()


def test_memory_of_a_file_without_a_name_is_seen_through_its_descriptor() -> None:
    with running("import os\nfd = os.memfd_create('x')\nfor _ in range(120): os.write(fd, b'x' * 1_000_000)") as pid:
        watching = Watch(pid, replace(LIMITS, pids=100))
        held = [watching.over() for _ in range(2)]

    assert "memory" in held


def test_processor_time_of_children_that_were_waited_for_is_seen() -> None:
    burn = "import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', 'sum(range(9_000_000))'])"
    with running(burn) as pid:
        seen = tree.Processes(pid, LIMITS.memory_bytes).tally()

    assert seen.cpu_s > tree.usage(pid).waited_s == 0
    assert seen.cpu_s > 0.05


def test_places_that_are_the_machines_own_are_not_looked_into() -> None:
    with running("") as pid:
        watching = Watch(pid, LIMITS, ("/tmp", "/dev/shm"))
        watching.over()
        seen = watching.seen()
        watching.close()

    assert (seen.files, seen.disk_share, seen.breach) == (0, 0.0, "")
