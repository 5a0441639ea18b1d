"""Directories built once and kept by content: environments and kernel layers."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

_DONE = "done"
_POLL_S = 0.05


def key(*parts: object) -> str:
    """A directory name from what decides a layer's content."""
    return hashlib.sha256("\0".join(repr(part) for part in parts).encode(errors="surrogatepass")).hexdigest()[:24]


async def layer(folder: Path, build: Callable[[Path], Awaitable[None]]) -> Path:
    """The finished layer at `folder`, built in place by the first who asks; others wait for it.

    In place, because an environment knows its own path. A file `done` says that it is whole: what a killed builder left
    behind is removed and built again. A build that fails leaves nothing.
    """
    if (folder / _DONE).is_file():
        return folder
    await asyncio.to_thread(folder.parent.mkdir, parents=True, exist_ok=True)
    async with locked(folder.with_name(folder.name + ".lock")):
        if not (folder / _DONE).is_file():
            await _built(folder, build)
    return folder


async def _built(folder: Path, build: Callable[[Path], Awaitable[None]]) -> None:
    await asyncio.to_thread(_emptied, folder)
    try:
        await build(folder)
        (folder / _DONE).touch()
    except BaseException:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        raise


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


@asynccontextmanager
async def locked(path: Path) -> AsyncGenerator[None]:
    """Hold the lock file, across processes. Asked again and again, so that a waiting caller can be cancelled."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        while not _taken(descriptor):  # noqa: ASYNC110 - the holder may be another process, which sets no event of ours
            await asyncio.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
