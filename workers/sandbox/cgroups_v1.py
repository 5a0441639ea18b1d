"""Groups of version 1: one folder in each of three hierarchies, below the group that this process is in itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.sandbox import cgroups_folder as folder
from workers.sandbox.counting import Tally

if TYPE_CHECKING:
    from pathlib import Path

HIERARCHIES = ("memory", "pids", "cpuacct")
_NEARLY = 0.9


@dataclass(frozen=True, slots=True)
class Group1:
    """The folders of one box, in the order of `HIERARCHIES`."""

    memory: Path
    pids: Path
    cpu: Path

    @property
    def folders(self) -> tuple[Path, ...]:
        """All of them; who writes 0 into `cgroup.procs` of each is in the group."""
        return (self.memory, self.pids, self.cpu)

    def bound(self, memory_bytes: int, tasks: int) -> None:
        """Have the kernel hold these bounds."""
        (self.memory / "memory.limit_in_bytes").write_text(str(memory_bytes))
        swap = self.memory / "memory.memsw.limit_in_bytes"
        if swap.exists():
            swap.write_text(str(memory_bytes))
        (self.pids / "pids.max").write_text(str(tasks))

    def tally(self) -> Tally:
        """What the kernel counted."""
        stat = folder.table(self.memory / "memory.stat")
        ended = folder.table(self.memory / "memory.oom_control").get("oom_kill", 0)
        # What was read from files and can be dropped at once is nobody's.
        droppable = stat.get("total_cache", 0) - stat.get("total_shmem", 0)
        return Tally(
            memory_bytes=folder.number(self.memory / "memory.usage_in_bytes") - droppable,
            with_disks=True,
            tasks=folder.number(self.pids / "pids.current"),
            cpu_s=folder.number(self.cpu / "cpuacct.usage") / 1e9,
            killed=ended if self._full() else 0,
            starved=0 if self._full() else ended,
            refused=folder.table(self.pids / "pids.events").get("max", 0),
        )

    def _full(self) -> bool:
        """Whether the group's own bound was ever met, and not one above it. Pages are charged by the batch."""
        for kind in ("memory", "memory.memsw"):
            limit = self.memory / f"{kind}.limit_in_bytes"
            most = self.memory / f"{kind}.max_usage_in_bytes"
            if limit.exists() and folder.number(most) >= _NEARLY * folder.number(limit):
                return True
        return False

    def kill(self) -> None:
        """SIGKILL whoever is in the group."""
        folder.kill(self.pids)

    def remove(self) -> bool:
        """Kill what is left and remove the folders; False when one is still there."""
        self.kill()
        return folder.remove(self.folders)


def places() -> tuple[Path, ...] | None:
    """Where groups would be made; None where a hierarchy is not there."""
    found = [folder.own(hierarchy) for hierarchy in HIERARCHIES]
    return tuple(own for _, own in filter(None, found)) if all(found) else None


def make(parents: tuple[Path, ...], name: str) -> Group1:
    """A new group without bounds.

    Raises:
        OSError: we may not, or it is there.
    """
    folders = [parent / name for parent in parents]
    try:
        for path in folders:
            path.mkdir()
    except OSError:
        folder.remove(folders)
        raise
    return Group1(*folders)


def sweep(parents: tuple[Path, ...]) -> None:
    """Kill and remove what dead processes of ours left behind."""
    for parent in parents:
        for left in folder.left_behind(parent):
            folder.kill(left)
            with suppress(OSError):
                folder.remove((left,))
