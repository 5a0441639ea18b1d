"""Looks at a box from outside, again and again, and knows which limit it passed. Nothing the box says is heard here."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from workers.sandbox.counting import Tally
from workers.sandbox.disks import Disks, Filled
from workers.sandbox.tree import Processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.sandbox.counting import Counter
    from workers.sandbox.limits import Limits

WATCH_S = 0.05
"""From look to look."""
Breach = Literal["", "timeout", "memory", "pids", "disk"]
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The most that was seen of a box until now."""

    breach: Breach = ""
    """The first limit that was passed."""
    reason: str = ""
    """That, in a sentence with its figures."""
    memory_bytes: int = 0
    tasks: int = 0
    cpu_s: float = 0.0
    refused: int = 0
    """Processes and threads that the kernel refused, where it counts them."""
    starved: bool = False
    """The machine was out of memory, and the kernel ended a process of the box for it."""
    disk_share: float = 0.0
    """How much of the fullest writable place was used, from 0 to 1."""
    files: int = 0
    """In the writable place with the most."""


class Watch:
    """One box, from its start to its end: `over` at every look, `seen` when it has ended, then `close`."""

    def __init__(self, pid: int, limits: Limits, places: Sequence[str] = (), counter: Counter | None = None) -> None:
        """Of process `pid` and all below it. `counter` is the box's group; None where there is none.

        `places` are the writable directories as the box sees them.
        """
        self._limits = limits
        self._counter = counter or Processes(pid, limits.memory_bytes)
        self._disks = Disks(pid, places)
        self._seen = Seen()
        self._before_s = 0.0

    def begin(self) -> None:
        """What follows is counted as the artifact's; a kernel that waited for it has used processor time already."""
        self._look()
        self._before_s += self._seen.cpu_s
        self._seen = replace(self._seen, cpu_s=0.0)

    def over(self) -> Breach:
        """Look, and say which limit is or was passed; empty while none is."""
        self._look()
        return self._seen.breach

    def seen(self) -> Seen:
        """Everything, after one more look: the kernel's counts and the files outlast the processes."""
        self._look()
        return self._seen

    def close(self) -> None:
        """Let go of the box's files."""
        self._disks.close()

    def _look(self) -> None:
        tally, filled = Tally(), self._disks.filled()
        with suppress(OSError):
            tally = self._counter.tally()
        before, cpu_s = self._seen, tally.cpu_s - self._before_s
        memory_bytes = tally.memory_bytes - (filled.size_bytes if tally.with_disks else 0)
        now = Seen(
            breach=before.breach,
            reason=before.reason,
            memory_bytes=max(before.memory_bytes, memory_bytes),
            tasks=max(before.tasks, tally.tasks),
            cpu_s=max(before.cpu_s, cpu_s),
            refused=max(before.refused, tally.refused),
            starved=before.starved or tally.starved > 0,
            disk_share=max(before.disk_share, filled.share),
            files=max(before.files, filled.files),
        )
        if not now.breach:
            breach, reason = _passed(replace(tally, cpu_s=cpu_s), filled, now.memory_bytes, self._limits)
            now = replace(now, breach=breach, reason=reason)
        self._seen = now


def _passed(tally: Tally, filled: Filled, memory_bytes: int, limits: Limits) -> tuple[Breach, str]:
    """(the limit, a sentence), both empty while none is passed."""
    if tally.killed or memory_bytes > limits.memory_bytes:
        ended = ", and the kernel ended a process of it" if tally.killed else ""
        return "memory", f"the run took more memory than the {limits.memory_bytes // _MIB} MiB that a run may{ended}"
    if tally.tasks >= limits.pids:
        return "pids", f"the run started more processes and threads than the {limits.pids} that a run may"
    if filled.files > limits.inodes:
        return "disk", f"the run wrote more files than the {limits.inodes} that a run may"
    if tally.cpu_s > limits.cpu_s:
        return "timeout", f"the run used more processor time than the {limits.cpu_s} s that a run may"
    return "", ""
