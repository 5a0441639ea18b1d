"""What a box left in a directory, made ours: looked at by descriptors, never through a link, and nothing but plain files.

Called when the box has ended: nobody of it is left to change what is being looked at.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.environments.errors import Tampered, TooBig

if TYPE_CHECKING:
    from pathlib import Path

_DEPTH = 60
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Most:
    """How much may lie there."""

    size_bytes: int
    files: int


@dataclass(slots=True)
class _Room:
    size_bytes: int
    files: int

    def take(self, size_bytes: int) -> None:
        self.size_bytes -= size_bytes
        self.files -= 1
        if self.size_bytes < 0 or self.files < 0:
            raise TooBig("A package unpacks to more files or bytes than an environment may have.")


def take_over(folder: Path, most: Most) -> None:
    """Make everything below `folder` this process's own, readable by all and writable by nobody else.

    Raises:
        Tampered: there is a link, a device, a socket or a pipe, or a file that has another name elsewhere.
        TooBig: there is more than `most`.
    """
    descriptor = os.open(folder, _DIRECTORY)
    try:
        _directory(descriptor, _Room(most.size_bytes, most.files), 0)
    finally:
        os.close(descriptor)


def _directory(descriptor: int, room: _Room, depth: int) -> None:
    if depth > _DEPTH:
        raise TooBig(f"A package unpacks to folders more than {_DEPTH} deep.")
    # Ours first: a directory that its maker closed to itself is no reason not to look.
    _own(descriptor, 0o755)
    for name in sorted(os.listdir(descriptor)):
        room.take(0)
        status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            inner = _opened(name, _DIRECTORY, descriptor)
            try:
                _directory(inner, room, depth + 1)
            finally:
                os.close(inner)
        elif stat.S_ISREG(status.st_mode):
            _file(name, descriptor, room)
        else:
            raise Tampered(f"A package unpacks to {name!r}, which is neither a file nor a folder.")


def _file(name: str, folder: int, room: _Room) -> None:
    descriptor = _opened(name, _FILE, folder)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise Tampered(f"A package unpacks to {name!r}, which has another name elsewhere.")
        room.take(max(status.st_size, status.st_blocks * 512))
        _own(descriptor, 0o755 if status.st_mode & stat.S_IXUSR else 0o644)
    finally:
        os.close(descriptor)


def _opened(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        raise Tampered(f"A package unpacks to {name!r}, which cannot be read: {error.strerror}.") from error


def _own(descriptor: int, mode: int) -> None:
    if os.fstat(descriptor).st_uid != os.geteuid():
        os.fchown(descriptor, os.geteuid(), os.getegid())
    # After the owner: a change of owner takes these bits away, a set-user-id bit with them.
    os.fchmod(descriptor, mode)
