"""Groups of version 2: one folder, below a group that was delegated to us.

A group whose controllers are handed down may hold no processes of its own (https://docs.kernel.org/admin-guide/cgroup-v2.html,
"No Internal Process Constraint"). So boxes stand beside the group that we are in, or, where the whole group is ours (a
container's own, or one that systemd marks as delegated), its processes first move into a leaf.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.sandbox import cgroups_folder as folder
from workers.sandbox.counting import Tally

if TYPE_CHECKING:
    from pathlib import Path

_CONTROLLERS = frozenset({"memory", "pids"})
LEAF = f"{folder.PREFIX}-workers"
"""Where the processes of a group go that is ours."""


@dataclass(frozen=True, slots=True)
class Group2:
    """The folder of one box."""

    path: Path

    @property
    def folders(self) -> tuple[Path, ...]:
        """Who writes 0 into `cgroup.procs` there is in the group."""
        return (self.path,)

    def bound(self, memory_bytes: int, tasks: int) -> None:
        """Have the kernel hold these bounds, and end all of the group at once when it is out of memory."""
        (self.path / "memory.max").write_text(str(memory_bytes))
        (self.path / "pids.max").write_text(str(tasks))
        for optional, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            if (self.path / optional).exists():
                (self.path / optional).write_text(value)

    def tally(self) -> Tally:
        """What the kernel counted."""
        stat = folder.table(self.path / "memory.stat")
        events = folder.table(self.path / "memory.events")
        ended, full = events.get("oom_kill", 0), events.get("oom", 0) > 0
        # What was read from files and can be dropped at once is nobody's.
        droppable = stat.get("file", 0) - stat.get("shmem", 0)
        return Tally(
            memory_bytes=folder.number(self.path / "memory.current") - droppable,
            with_disks=True,
            tasks=folder.number(self.path / "pids.current"),
            cpu_s=folder.table(self.path / "cpu.stat").get("usage_usec", 0) / 1e6,
            killed=ended if full else 0,
            starved=0 if full else ended,
            refused=folder.table(self.path / "pids.events").get("max", 0),
        )

    def kill(self) -> None:
        """SIGKILL whoever is in the group."""
        with suppress(OSError):
            # Since Linux 5.14; no fork can slip away from it.
            (self.path / "cgroup.kill").write_text("1")
        folder.kill(self.path)

    def remove(self) -> bool:
        """Kill what is left and remove the folder; False when it is still there."""
        self.kill()
        return folder.remove(self.folders)


def place() -> Path | None:
    """Where groups with memory and process limits can be made; None where nothing is delegated."""
    found = folder.own("")
    if found is None:
        return None
    mount, own = found
    if own != mount and _hands_down(own.parent):
        return own.parent
    if _hands_down(own):
        return own
    if _ours(mount, own) and _empty(own) and _hands_down(own):
        return own
    return None


def _hands_down(group: Path) -> bool:
    """Whether groups below get the controllers, after asking for it."""
    with suppress(OSError):
        if set((group / "cgroup.subtree_control").read_text().split()) >= _CONTROLLERS:
            return os.access(group, os.W_OK)
        (group / "cgroup.subtree_control").write_text("+memory +pids")
        return True
    return False


def _ours(mount: Path, own: Path) -> bool:
    """A container's own group (the machine's has no type), or one that systemd says is delegated."""
    if own == mount and (own / "cgroup.type").exists():
        return True
    names = ("user.delegate", "trusted.delegate")
    return any(_attribute(own, name) == b"1" for name in names)


def _attribute(group: Path, name: str) -> bytes:
    try:
        return os.getxattr(group, name)
    except OSError:
        return b""


def _empty(group: Path) -> bool:
    """Move the group's processes into a leaf below it."""
    leaf = group / LEAF
    with suppress(OSError):
        leaf.mkdir(exist_ok=True)
        for pid in (group / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                (leaf / "cgroup.procs").write_text(pid)
        return True
    return False


def make(parent: Path, name: str) -> Group2:
    """A new group without bounds.

    Raises:
        OSError: we may not, or it is there.
    """
    path = parent / name
    path.mkdir()
    return Group2(path)


def sweep(parent: Path) -> None:
    """Kill and remove what dead processes of ours left behind."""
    for left in folder.left_behind(parent):
        Group2(left).remove()
