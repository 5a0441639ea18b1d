"""What boxes could leave behind: looked at before and after, and compared.

Other boxes may run on the machine at the same time, so only what is this process's own is looked at. A process that lost its
parent becomes ours (see `adopting`), so that no stray can hide by leaving the family.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from workers.sandbox import tree

if TYPE_CHECKING:
    from collections.abc import Generator

_PR_SET_CHILD_SUBREAPER = 36
_CGROUPS = Path("/sys/fs/cgroup")
_KINDS = ("memfd:", "mnt:[", "net:[", "pid:[", "user:[", "ipc:[", "uts:[", "cgroup:[")


@contextmanager
def adopting() -> Generator[None]:
    """Meanwhile orphans of what we start become children of ours instead of the first process's."""
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        _reap()


@dataclass(frozen=True)
class Left:
    """What is there at one moment."""

    processes: frozenset[str]
    mounts: frozenset[str]
    descriptors: frozenset[str]
    """Memory files and namespaces that we hold open."""
    sockets: frozenset[str]
    """Abstract ones, and those with a path in the directory for temporary files, of our network namespace."""
    groups: frozenset[str]
    files: frozenset[str]
    """Of ours among the temporary ones and in shared memory."""

    def more_than(self, before: Left) -> dict[str, list[str]]:
        """By what it is: that which was not there before."""
        kinds = (field.name for field in fields(self))
        grown = {kind: sorted(getattr(self, kind) - getattr(before, kind)) for kind in kinds}
        return {kind: new for kind, new in grown.items() if new}


def left() -> Left:
    """As it is now."""
    _reap()
    return Left(
        processes=frozenset(f"{pid} {_comm(pid)}" for pid in tree.below(os.getpid())),
        mounts=frozenset(line.split(" - ")[0].split(" ", 3)[-1] for line in _lines("/proc/self/mountinfo")),
        descriptors=frozenset(leads for leads in map(_leads, Path("/proc/self/fd").iterdir()) if _held(leads)),
        sockets=frozenset(name for name in _sockets() if name.startswith(_names())),
        groups=frozenset(str(path) for path in _groups()),
        files=frozenset(str(path) for path in _files()),
    )


def _reap() -> None:
    """Strays that are dead and became ours are nobody else's to wait for."""
    for pid in tuple(tree.below(os.getpid())):
        with suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                os.waitpid(pid, os.WNOHANG)


def _comm(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _leads(link: Path) -> str:
    with suppress(OSError):
        return str(link.readlink())
    return ""


def _held(leads: str) -> bool:
    return leads.removeprefix("/").startswith(_KINDS)


def _sockets() -> list[str]:
    return [line.split(" ")[-1] for line in _lines("/proc/net/unix")[1:] if line.count(" ") > 6]


def _names() -> tuple[str, ...]:
    """How the names of our sockets begin; `mendloop-left` is what wild cells call theirs, whoever runs them."""
    return ("@mendloop-left", f"@holder-{os.getpid()}-", f"{tempfile.gettempdir()}/mendloop-box-{os.getpid()}-")


def _groups() -> list[Path]:
    """Control groups with our number in their name."""
    return [path for path in _CGROUPS.glob("**/mendloop-*") if f"-{os.getpid()}-" in path.name]


def _files() -> list[Path]:
    ours = Path(tempfile.gettempdir()).glob(f"mendloop-*-{os.getpid()}-*")
    return [
        *ours,
        *Path("/dev/shm").glob("mendloop*"),
        *Path("/run/crun").glob("box*"),
        *Path("/run/runc").glob("box*"),
    ]
