"""A process and everything below it, seen from outside through /proc."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workers.sandbox.counting import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROC = Path("/proc")
_USER, _WAITED, _THREADS, _RSS = 11, 13, 17, 21
"""Fields of /proc/PID/stat, counted from the state, see proc(5). At `_USER` and `_WAITED` start two each, user and system."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_BLOCK_BYTES = 512
_NOTICED_BYTES = 32 << 20
"""So much more memory in files than before, on the whole machine, has the box's own be counted."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes have at one moment."""

    pids: tuple[int, ...]
    tasks: int
    """Threads of all of them."""
    resident_bytes: int
    """Pages that several share are counted once for each."""
    cpu_s: tuple[float, ...]
    """Of each: its own, without that of its children."""
    waited_s: float
    """Of all children that have ended and were waited for."""


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
    pids = (pid, *below(pid))
    stats = [_stat(one) for one in pids]
    return Usage(
        pids=pids,
        tasks=sum(stat[_THREADS] for stat in stats if stat),
        resident_bytes=_PAGE_BYTES * sum(stat[_RSS] for stat in stats if stat),
        cpu_s=tuple(_TICK_S * sum(stat[_USER : _USER + 2]) for stat in stats),
        waited_s=_TICK_S * sum(sum(stat[_WAITED : _WAITED + 2]) for stat in stats),
    )


def _stat(pid: int) -> tuple[int, ...]:
    """The numbers after the state, the state as 0; nothing for a process that is gone."""
    with suppress(OSError):
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        return (0, *map(int, fields[1:]))
    return ()


@dataclass(slots=True)
class Processes:
    """Counts where no group of the kernel does: everything below one process, whenever it is asked."""

    pid: int
    memory_bytes: int
    """What is surely less need not be known exactly."""
    _cpu_s: dict[int, float] = field(default_factory=dict[int, float])
    """What each process had when it was last seen."""
    _in_files: int = 0
    """Of the whole machine when that was last looked at, in bytes."""
    _files_bytes: int = 0

    def tally(self) -> Tally:
        """Now. Nothing is said of processes that were killed or refused: nobody tells."""
        now = usage(self.pid)
        self._cpu_s.update(zip(now.pids, now.cpu_s, strict=True))
        memory = now.resident_bytes
        if memory > self.memory_bytes:
            # Forked children share their parent's pages; only the exact sum, which is dear, may end a run.
            memory = _proportional_bytes(now.pids)
        return Tally(
            memory_bytes=memory + self._nameless_bytes(now.pids),
            tasks=now.tasks,
            # Two sums that are both too small: children nobody waits for are missing from one, what ran shorter than from
            # look to look from the other.
            cpu_s=max(sum(now.cpu_s) + now.waited_s, sum(self._cpu_s.values())),
        )

    def _nameless_bytes(self, pids: Iterable[int]) -> int:
        """Memory in files that stand in no directory, which no process need have mapped."""
        in_files = _shared_bytes()
        if in_files > self._in_files + _NOTICED_BYTES or self._files_bytes:
            self._files_bytes = _memory_files_bytes(pids)
            self._in_files = in_files
        self._in_files = min(self._in_files or in_files, in_files)
        return self._files_bytes


def _proportional_bytes(pids: Iterable[int]) -> int:
    """Memory of all of `pids`, a page shared by n processes counted 1/n for each."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def _shared_bytes() -> int:
    """Memory in files, of the whole machine."""
    for line in (_PROC / "meminfo").read_bytes().splitlines():
        if line.startswith(b"Shmem:"):
            return int(line.split()[1]) * 1024
    return 0


def _memory_files_bytes(pids: Iterable[int]) -> int:
    """Of every file of memfd_create(2) that one of `pids` has open, each once."""
    found: dict[int, int] = {}
    for pid in pids:
        with suppress(OSError):
            for link in (_PROC / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    if str(link.readlink()).startswith("/memfd:"):
                        seen = link.stat()
                        found[seen.st_ino] = seen.st_blocks * _BLOCK_BYTES
    return sum(found.values())


def kill_below(pid: int) -> None:
    """SIGKILL every descendant of `pid`, parents first."""
    for one in tuple(below(pid)):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)
