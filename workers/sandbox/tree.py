"""A process and everything below it, seen from outside through /proc."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.sandbox.limits import Limits

_PROC = Path("/proc")
_THREADS, _RSS = 17, 21
"""Fields of /proc/PID/stat, counted from the state, see proc(5)."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes have at one moment."""

    pids: tuple[int, ...]
    tasks: int
    """Threads of all of them."""
    resident_bytes: int
    """Pages that several share are counted once for each."""


def below(pid: int) -> Iterator[int]:
    """Every descendant of `pid`, parents first."""
    for child in _children(pid):
        yield child
        yield from below(child)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_bytes().split())
    return found


def usage(pid: int) -> Usage:
    """Of `pid` and everything below it."""
    tasks = pages = 0
    pids = (pid, *below(pid))
    for one in pids:
        with suppress(OSError):
            fields = (_PROC / str(one) / "stat").read_bytes().rpartition(b")")[2].split()
            tasks += int(fields[_THREADS])
            pages += int(fields[_RSS])
    return Usage(pids, tasks, pages * _PAGE_BYTES)


def over(pid: int, limits: Limits, disks: Sequence[str]) -> str:
    """The limit that `pid` and everything below it are over: `pids`, `memory`, `disk`, or empty."""
    now = usage(pid)
    if now.tasks >= limits.pids:
        return "pids"
    # Forked children share their parent's pages; only the exact sum, which is dear, may end a run.
    if now.resident_bytes > limits.memory_bytes and _proportional_bytes(now.pids) > limits.memory_bytes:
        return "memory"
    if any(_files(now.pids, disk) > limits.inodes for disk in disks):
        return "disk"
    return ""


def _proportional_bytes(pids: Iterable[int]) -> int:
    """Memory of all of `pids`, a page shared by n processes counted 1/n for each."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def _files(pids: Sequence[int], disk: str) -> int:
    """How many files are on `disk`, as the last of `pids` sees it; 0 while it cannot be seen.

    Before a box is set up its processes still see the machine's own files, which are not counted.
    """
    try:
        # Opened once: asked twice by path, a box that is being set up could answer from two file systems.
        place = os.open(f"/proc/{pids[-1]}/root{disk}", os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        if os.fstat(place).st_dev in _devices(Path("/"), Path(disk)):
            return 0
        seen = os.fstatvfs(place)
    except OSError:
        return 0
    finally:
        os.close(place)
    return seen.f_files - seen.f_ffree


def _devices(*paths: Path) -> set[int]:
    return {path.stat().st_dev for path in paths if path.exists()}


def kill_below(pid: int) -> None:
    """SIGKILL every descendant of `pid`, parents first."""
    for one in tuple(below(pid)):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)
