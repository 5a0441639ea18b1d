"""A program that runs inside, boxed or not: how it is started, fed and ended."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workers.contract import children
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import tree
from workers.sandbox.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workers.sandbox.cgroups import Group

_CHUNK_BYTES = 1 << 16
_ARCHIVE_BYTES = 1 << 20
_GRACE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    """The whole environment; nothing of ours is inherited."""
    cwd: Path | None = None
    pass_fds: tuple[int, ...] = ()
    boxed: bool = False
    """True for bubblewrap: it leaves by itself once the box below it is dead, and is waited for."""
    disks: tuple[str, ...] = ()
    """Directories, as the program sees them, whose size and number of files is watched."""
    group: Group | None = None
    """The kernel's group that the program enters; None where nothing but a look through /proc counts."""
    watch: Callable[..., Watch] = Watch
    """Who looks."""


async def start_program(program: Program) -> asyncio.subprocess.Process:
    """Start it in a session of its own, with pipes for its standard streams.

    Raises:
        SandboxUnavailableError: it could not be started at all.
    """
    try:
        return await children.start(
            *program.argv,
            end=partial(end_program, boxed=program.boxed),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(program.env),
            cwd=program.cwd,
            pass_fds=program.pass_fds,
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxUnavailableError(f"{program.argv[0]} cannot be started: {error}") from error


async def feed(process: asyncio.subprocess.Process, request: bytes, archive: int | None) -> None:
    """Write the request, and what can be read from the descriptor `archive`, into its standard input, and close that."""
    assert process.stdin is not None  # noqa: S101 - asked for in start_program
    with suppress(ConnectionError):
        process.stdin.write(request + b"\n")
        at = 0
        # Read by place: the offset belongs to whoever else holds the descriptor.
        while archive is not None and (chunk := os.pread(archive, _ARCHIVE_BYTES, at)):
            process.stdin.write(chunk)
            await process.stdin.drain()
            at += len(chunk)
        await process.stdin.drain()
        process.stdin.close()


async def end_program(process: asyncio.subprocess.Process, *, boxed: bool) -> None:
    """Kill what the program started and the program, and wait until all is gone.

    The first process of a box ends the whole box with it, and bubblewrap outside leaves only after that: when it is
    reaped, no process of the box is left.
    """
    tree.kill_below(process.pid)
    leaving = asyncio.create_task(_drained(process))
    if boxed:
        await asyncio.wait({leaving}, timeout=_GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.wait({leaving}, timeout=_GRACE_S)
    leaving.cancel()


async def _drained(process: asyncio.subprocess.Process) -> None:
    """Wait for the end; asyncio does not see it before the pipes are empty."""
    for stream in (process.stdout, process.stderr):
        while stream and await stream.read(_CHUNK_BYTES):
            pass
    await process.wait()
