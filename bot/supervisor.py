"""The supervisor: keeps processes running, each with its own environment, and ends them with all their children.

It reads no setting and knows no process by name; what to run is told it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from workers.contract import children

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

log = structlog.get_logger()

GRACE_S = 20.0
"""Between the polite signal and the other one."""
PAUSES_S = (0.5, 30.0)
"""Before a process that ended is started again: the first time, and at most."""
HEALTHY_S = 30.0
"""Who ran so long starts again with the first pause."""
READY_S = 60.0
LOOK_S = 0.1
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process to keep running."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    """The whole of it; nothing is inherited."""
    folder: Path
    """Its working directory."""
    ready: Callable[[], Awaitable[bool]] | None = None
    """Asked until it is true before the programs after it are started."""


async def supervise(
    programs: Sequence[Program],
    stop: asyncio.Event,
    *,
    grace_s: float = GRACE_S,
    pauses_s: tuple[float, float] = PAUSES_S,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Start the programs in order, start again what ends, and end them all when `stop` is set.

    A program that does not get ready in time is not waited for any longer: it is tried again like any other. `on_ready`
    is called once, when every program that can say so was ready.
    """
    libc = ctypes.CDLL(None)
    keepers: list[asyncio.Task[None]] = []
    try:
        everyone = True
        for program in programs:
            keepers.append(asyncio.create_task(_keep(program, stop, grace_s, pauses_s, libc), name=program.name))
            everyone = await _ready(program, stop) and everyone
        if everyone and on_ready is not None and not stop.is_set():
            on_ready()
        await _until(stop, keepers)
    finally:
        stop.set()
        await asyncio.gather(*keepers)


async def _until(stop: asyncio.Event, keepers: Sequence[asyncio.Task[None]]) -> None:
    """Wait for the end; a keeper ends before it only by a bug, which flies from here."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, *keepers}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()


async def _ready(program: Program, stop: asyncio.Event) -> bool:
    """Whether a program says it is ready, in time."""
    if program.ready is None:
        return True
    until = time.monotonic() + READY_S
    while time.monotonic() < until and not stop.is_set():
        if await program.ready():
            log.info("supervisor.ready", name=program.name)
            return True
        await asyncio.sleep(LOOK_S)
    log.error("supervisor.not_ready", name=program.name, waited_s=READY_S)
    return False


async def _keep(
    program: Program, stop: asyncio.Event, grace_s: float, pauses_s: tuple[float, float], libc: ctypes.CDLL
) -> None:
    pause = pauses_s[0]
    while not stop.is_set():
        started = time.monotonic()
        status = await _run_once(program, stop, grace_s, libc)
        if stop.is_set():
            break
        lived = time.monotonic() - started
        pause = pauses_s[0] if lived > HEALTHY_S else pause
        log.error("supervisor.ended", name=program.name, status=status, lived_s=round(lived, 1), again_in_s=pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        pause = min(pause * 2, pauses_s[1])


async def _run_once(program: Program, stop: asyncio.Event, grace_s: float, libc: ctypes.CDLL) -> int | str:
    """Run a program to its end, or until it is told to stop; its exit status, or why it did not start."""
    try:
        process = await children.start(
            *program.command,
            env=dict(program.environment),
            cwd=program.folder,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            # If this process is killed outright, nobody is left to end its children.
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
        )
    except OSError as error:
        return f"{error.strerror}: {program.command[0]}"
    log.info("supervisor.started", name=program.name, pid=process.pid)
    try:
        await _ended_or_stopped(process, stop)
    finally:
        await _end(process, grace_s)
    return process.returncode if process.returncode is not None else "unknown"


async def _ended_or_stopped(process: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    waiting = {asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


async def _end(process: asyncio.subprocess.Process, grace_s: float) -> None:
    """Ask the process to end, then end its whole group: it may have left children behind, whose names nobody knows."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace_s)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
