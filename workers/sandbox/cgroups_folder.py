"""One folder of the kernel's cgroup file system: reading, writing, whose it is, and its end."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "mendloop"
_NAME = re.compile(rf"^{PREFIX}-(\d+)-(\d+)-(\d+)-\d+$")
_PROC = Path("/proc")
_STARTED = 19
"""Field of /proc/PID/stat, counted from the state, see proc(5)."""
_PATIENCE_S = 0.2
_PAUSE_S = 0.002


def name(number: int) -> str:
    """Of the `number`th group of this process: what made it can be told by the name, and whether that still lives."""
    return f"{PREFIX}-{_process_numbers()}-{os.getpid()}-{_started(os.getpid())}-{number}"


def left_behind(parent: Path) -> tuple[Path, ...]:
    """Groups that a process like this one made and did not live to remove, below `parent` or one of its siblings.

    Who is started anew may find itself in another group than before.
    """
    found: set[Path] = set()
    for place in (parent, *_siblings(parent)):
        with suppress(OSError):
            found.update(folder for folder in place.iterdir() if _orphaned(folder.name))
    return tuple(sorted(found))


def _siblings(place: Path) -> tuple[Path, ...]:
    try:
        return tuple(folder for folder in place.parent.iterdir() if folder.is_dir() and not folder.is_symlink())
    except OSError:
        return ()


def _orphaned(group: str) -> bool:
    found = _NAME.match(group)
    if found is None:
        return False
    numbers, pid, started = map(int, found.groups())
    # Elsewhere (another container on the same hierarchy) the same number is another process.
    return numbers == _process_numbers() and _started(pid) != started


def _process_numbers() -> int:
    """Which process numbers ours is one of: the inode of the namespace."""
    return (_PROC / "self/ns/pid").stat().st_ino


def _started(pid: int) -> int | None:
    """When the process started, in ticks since the machine did; None when there is no such process."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    return int(stat.rpartition(b")")[2].split()[_STARTED])


def number(file: Path) -> int:
    """The number that is all of the file."""
    return int(file.read_bytes())


def table(file: Path) -> dict[str, int]:
    """A file of lines with a name and a number each."""
    pairs = (line.split() for line in file.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}  # noqa: PLR2004 - name and number


def kill(folder: Path) -> None:
    """SIGKILL every process of the group, until it has none or they cannot be killed any faster."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and (pids := _pids(folder)):
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def _pids(folder: Path) -> tuple[int, ...]:
    try:
        return tuple(int(pid) for pid in (folder / "cgroup.procs").read_bytes().split())
    except OSError:
        return ()


def remove(folders: Iterable[Path]) -> bool:
    """Remove the groups; False when one is still there, for its last process takes a moment to be gone."""
    until = time.monotonic() + _PATIENCE_S
    left = tuple(folders)
    while left := tuple(folder for folder in left if not _removed(folder)):
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_S)
    return True


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def own(hierarchy: str) -> tuple[Path, Path] | None:
    """(the mount, our own group in it) of a version 1 controller, or of version 2 for an empty `hierarchy`."""
    path = _path(hierarchy)
    mount = _mount(hierarchy)
    if path is None or mount is None:
        return None
    point, root = mount
    below = path.removeprefix(root.rstrip("/")) if path.startswith(root) else ""
    return point, point / below.strip("/")


def _path(hierarchy: str) -> str | None:
    for line in _lines(_PROC / "self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if hierarchy in controllers.split(","):
            return path
    return None


def _mount(hierarchy: str) -> tuple[Path, str] | None:
    """(where, which part of the hierarchy) it is mounted."""
    for line in _lines(_PROC / "self/mountinfo"):
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        fits = kind == "cgroup" and hierarchy in options.split(" ")[-1].split(",")
        if fits if hierarchy else kind == "cgroup2":
            return Path(left.split()[4]), left.split()[3]
    return None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
