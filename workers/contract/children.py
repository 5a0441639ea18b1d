"""Child processes that a cancellation cannot leave behind.

asyncio's own start must not be cancelled half-way: the child is killed before its pipes are known, the pipes then stay open, and
the cancelled task waits for their end for ever, while what the child started waits for its input. Seen with CPython 3.11.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Process = asyncio.subprocess.Process


async def start(
    *argv: str | os.PathLike[str], end: Callable[[Process], Awaitable[None]] | None = None, **options: Any
) -> Process:
    """As `asyncio.create_subprocess_exec`, whose options these are; when it is cancelled, no child is left.

    `end` ends a child that nobody waits for any more; left out, it is killed, and its group with it where it has its own.

    Raises:
        OSError: it cannot be started.
    """
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*argv, **options))  # noqa: TID251 - the one place
    if await finished(starting):
        if starting.exception() is None:
            await finished(asyncio.ensure_future((end or _killed)(starting.result())))
        raise asyncio.CancelledError
    return starting.result()


async def finished(work: asyncio.Future[Any]) -> bool:
    """Wait for the end of `work` through any cancellation; True where there was one, for the caller to raise then."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


async def _killed(process: Process) -> None:
    with suppress(ProcessLookupError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(1 << 16):
            pass
    await process.wait()
