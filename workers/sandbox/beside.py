"""The files beside an artifact, as plain files: no `.git`, nothing that leads out, no more than the limits say."""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import stat
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workers.contract import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.sandbox.limits import Limits

_LEFT_OUT = frozenset(
    {
        *(".git", ".hg", ".svn", ".jj", "__pycache__", ".ipynb_checkpoints", "node_modules", "site-packages"),
        *(".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
    }
)
"""Directories that no artifact means to read."""

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


@dataclass(frozen=True, slots=True)
class Tree:
    """Files as one archive in memory that nobody can change any more."""

    fd: int
    size_bytes: int
    """Of the archive."""
    left_out: tuple[str, ...]
    """Paths over a limit, unreadable, or leading out of the repository; POSIX, relative."""
    inside: int | None = None
    """The number that the descriptor has inside a box; None for the same one."""

    @property
    def fd_inside(self) -> int:
        """Where the program inside finds the archive."""
        return self.fd if self.inside is None else self.inside

    def close(self) -> None:
        """Give the memory back."""
        os.close(self.fd)


@dataclass(slots=True)
class _Packing:
    root: Path
    limits: Limits
    room: int
    files: int = 0
    left_out: list[str] = field(default_factory=list[str])


async def packed(root: Path, first: PurePosixPath, limits: Limits) -> Tree:
    """As `pack`, in a thread; who is cancelled meanwhile leaves no descriptor open."""
    packing = asyncio.ensure_future(asyncio.to_thread(pack, root, first, limits))
    if await children.finished(packing):
        if packing.exception() is None:
            packing.result().close()
        raise asyncio.CancelledError
    return packing.result()


def pack(root: Path, first: PurePosixPath, limits: Limits) -> Tree:
    """Pack what lies under `root`, the directory `first` (relative to it) before everything else, until a limit is reached."""
    packing = _Packing(root, limits, limits.copy_bytes)
    fd = os.memfd_create("beside", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(fd, "wb", closefd=False) as file, tarfile.open(fileobj=file, mode="w|") as tar:
            for path in _paths(root, first):
                _add(tar, path, packing)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(fd)
        raise
    return Tree(fd, os.fstat(fd).st_size, tuple(packing.left_out))


def _paths(root: Path, first: PurePosixPath) -> Iterator[Path]:
    seen: set[Path] = set()
    for start in (root / first, root):
        for path in _walk(start):
            if path not in seen:
                seen.add(path)
                yield path


def _walk(folder: Path) -> Iterator[Path]:
    """Everything below, directories before what they hold, in a fixed order."""
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _skipped(Path(at, name)))
        yield from (Path(at, name) for name in sorted({*folders, *files}))


def _skipped(folder: Path) -> bool:
    return folder.name in _LEFT_OUT or (folder / "pyvenv.cfg").is_file()


def _add(tar: tarfile.TarFile, path: Path, packing: _Packing) -> None:
    name = path.relative_to(packing.root).as_posix()
    packing.files += 1
    if packing.files > packing.limits.copy_files:
        packing.left_out.append(name)
        return
    try:
        added = _add_as_it_is(tar, path, name, packing)
    except OSError:
        added = False
    if not added:
        packing.left_out.append(name)


def _add_as_it_is(tar: tarfile.TarFile, path: Path, name: str, packing: _Packing) -> bool:
    """False for what is left out: a link out, a special file, a file over the limits."""
    info, status = tarfile.TarInfo(name), path.lstat()
    info.mtime = int(status.st_mtime)
    info.mode = (status.st_mode & 0o777) | 0o600
    if stat.S_ISDIR(status.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, info.mode | 0o700
        tar.addfile(info)
    elif stat.S_ISLNK(status.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
        # Not Path.resolve, which raises on a link to itself.
        target = Path(os.path.realpath(path))
        if info.linkname.startswith("/") or target == path or not target.is_relative_to(packing.root.resolve()):
            return False
        tar.addfile(info)
    elif stat.S_ISREG(status.st_mode) and status.st_size <= min(packing.room, packing.limits.copy_file_bytes):
        _add_file(tar, path, info, packing)
    else:
        return False
    return True


def _add_file(tar: tarfile.TarFile, path: Path, info: tarfile.TarInfo, packing: _Packing) -> None:
    # Read first: a file that shrinks or goes in between must not leave half a member behind. Not through a link that
    # has just taken its place, either.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        content = file.read(packing.limits.copy_file_bytes)
    info.size = len(content)
    packing.room -= len(content)
    tar.addfile(info, io.BytesIO(content))
