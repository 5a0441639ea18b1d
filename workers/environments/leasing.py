"""Layers in use: who holds a lease on one keeps it from being removed, across processes and however the holder ends."""

from __future__ import annotations

import fcntl
import os
import weakref
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

DONE = "done"
"""A file of this name says that a layer is whole."""


class Lease:
    """Holds a layer until it is closed, or nobody refers to it any more."""

    def __init__(self, descriptor: int) -> None:
        self._close = weakref.finalize(self, os.close, descriptor)

    def close(self) -> None:
        """Let the layer go. Again is nothing."""
        self._close()

    def __enter__(self) -> Self:
        """Nothing more than was done already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the layer go."""
        self.close()


def lease(folder: Path) -> Lease | None:
    """A lease on the finished layer at `folder`, which counts as used just now; None: there is none, or not any more."""
    descriptor = _locked(folder, fcntl.LOCK_SH)
    if descriptor is None:
        return None
    if not (folder / DONE).is_file():
        os.close(descriptor)
        return None
    os.utime(folder)
    return Lease(descriptor)


def claim(folder: Path) -> Lease | None:
    """The only lease on what is at `folder`, for who removes it; None: somebody else has one."""
    descriptor = _locked(folder, fcntl.LOCK_EX)
    return None if descriptor is None else Lease(descriptor)


def _locked(folder: Path, how: int) -> int | None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        # What was locked may have been removed while it was being opened, and another be in its place.
        if os.fstat(descriptor).st_ino == folder.stat().st_ino:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
