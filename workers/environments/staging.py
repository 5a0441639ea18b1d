"""Places to work in, on the cache's own file system, that are gone afterwards, whoever was killed in between."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator


@asynccontextmanager
async def staged(parent: Path) -> AsyncGenerator[Path]:
    """An empty directory below `parent`, removed at the end. What killed processes left there is removed first."""
    place, lock = await asyncio.to_thread(_made, parent)
    try:
        yield place
    finally:
        await asyncio.shield(asyncio.to_thread(_gone, place, lock))


def _made(parent: Path) -> tuple[Path, int]:
    parent.mkdir(parents=True, exist_ok=True)
    # One at a time: between being made and being locked a place looks as if its maker was gone.
    with _locked(parent):
        _sweep(parent)
        place = Path(tempfile.mkdtemp(prefix="build-", dir=parent))
        # For a box's user to pass through to what is its own in here.
        place.chmod(0o711)
        return place, _lock(place, fcntl.LOCK_EX)


def _gone(place: Path, lock: int) -> None:
    shutil.rmtree(place, ignore_errors=True)
    os.close(lock)


def _sweep(parent: Path) -> None:
    """Remove places whose maker is gone: it holds its lock for as long as it lives."""
    for place in parent.glob("build-*"):
        with suppress(OSError):
            lock = _lock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(place, ignore_errors=True)
            os.close(lock)


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    lock = _lock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def _lock(folder: Path, how: int) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
