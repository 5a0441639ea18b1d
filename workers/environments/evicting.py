"""Making room: what was not used for longest goes first, and nothing that is in use.

What is counted is bytes on the disk, a file with many names once: removing one of two environments that share their files
frees nothing, and removing the second frees all.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workers.environments.leasing import DONE, claim

if TYPE_CHECKING:
    from collections.abc import Iterator

YOUNG_S = 3600.0
"""Files and unpacked wheels that were used since then may be on their way into an environment."""
_BLOCK_BYTES = 512
_PAUSE_S = 600.0


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that can be removed by itself."""

    path: Path
    used: float
    leased: bool
    """True for what is held by leases; anything else is let be while it is young."""


@dataclass(slots=True)
class _Books:
    """How many names each file has that were counted."""

    names: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    size_bytes: int = 0

    def add(self, path: Path) -> None:
        for inode, size in _inodes(path):
            self.size_bytes += 0 if self.names[inode] else size
            self.names[inode] += 1

    def remove(self, path: Path) -> None:
        for inode, size in _inodes(path):
            self.names[inode] -= 1
            self.size_bytes -= 0 if self.names[inode] else size


def size_bytes(folder: Path) -> int:
    """What lies below takes up on the disk, every file counted once."""
    return sum(dict(_inodes(folder)).values())


def make_room_at_times(cache: Path, most_bytes: int) -> tuple[Path, ...]:
    """As `make_room`, where nobody did within the last ten minutes: to count everything takes a while."""
    stamp = cache / "room"
    with stamp.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ()
        if os.fstat(file.fileno()).st_size and time.time() - stamp.stat().st_mtime < _PAUSE_S:
            return ()
        file.write(".")
        file.truncate(1)
        os.utime(stamp)
        return make_room(cache, most_bytes)


def make_room(cache: Path, most_bytes: int, *, now: float | None = None) -> tuple[Path, ...]:
    """Remove what was used least recently until what `cache` keeps takes no more than `most_bytes`; what was removed."""
    books, moment = _Books(), time.time() if now is None else now
    kept = sorted(_kept(cache), key=lambda each: each.used)
    for each in kept:
        books.add(each.path)
    removed: list[Path] = []
    for each in kept:
        if books.size_bytes <= most_bytes:
            break
        if not each.leased and moment - each.used < YOUNG_S:
            continue
        books.remove(each.path)
        if _removed(each):
            removed.append(each.path)
        else:
            books.add(each.path)
    return tuple(removed)


def _kept(cache: Path) -> Iterator[Kept]:
    for pattern, leased in (
        ("tenants/*/environments/*/", True),
        ("tenants/*/pieces/*", False),
        ("tenants/*/built/*", False),
        ("store/??/*", False),
    ):
        for path in cache.glob(pattern):
            with suppress(FileNotFoundError):
                yield Kept(path, path.stat().st_mtime, leased)


def _removed(kept: Kept) -> bool:
    if not kept.path.is_dir():
        kept.path.unlink(missing_ok=True)
        return True
    if not kept.leased:
        return _gone(kept.path)
    held = claim(kept.path)
    if held is None:
        return False
    with held:
        # First of all it is no layer any more; what follows may be interrupted.
        (kept.path / DONE).unlink(missing_ok=True)
        return _gone(kept.path)


def _gone(folder: Path) -> bool:
    """Moved away at once, so that nobody finds half of it, then removed."""
    away = folder.with_name(f".gone-{os.getpid()}-{folder.name}")
    try:
        folder.rename(away)
    except OSError:
        return False
    shutil.rmtree(away, ignore_errors=True)
    return True


def _inodes(path: Path) -> Iterator[tuple[tuple[int, int], int]]:
    if not path.is_dir():
        with suppress(OSError):
            yield _inode(path)
        return
    for at, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                yield _inode(Path(at, name))


def _inode(path: Path) -> tuple[tuple[int, int], int]:
    status = path.lstat()
    return (status.st_dev, status.st_ino), status.st_blocks * _BLOCK_BYTES
