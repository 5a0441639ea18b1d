"""Start a program, hand it one JSON request, read JSON lines until it says it is done, then end it and all it started.

The one way to speak to what runs inside, boxed or not. The program reads one JSON object from its standard input and
writes one JSON object per line; the line `{"event": "done"}` is the last. Whatever else happens (limits, a crash, end of
file before that line) means that it failed, and the reply says how.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.sandbox.limits import Limits

_CHUNK_BYTES = 1 << 16
_STDERR_BYTES = 8192
_WATCH_S = 0.05
_GRACE_S = 2.0
_LINES = 100_000


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
    """Directories, as the program sees them, whose number of files is watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What was read before the program ended or was ended."""

    lines: tuple[dict[str, Any], ...]
    """Every JSON object read, in order, the `done` line included."""
    done: bool
    """True when the `done` line was read. False means failed, whatever the lines before it say."""
    ended: str
    """`timeout`, `memory`, `pids`, `disk` or `output` when a limit was passed, `killed` when it ended without a `done` line."""
    stderr: str
    """The last few thousand characters."""
    seconds: float


@dataclass(slots=True)
class _Reading:
    limits: Limits
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    done: bool = False
    stderr: bytes = b""


async def call(program: Program, request: Mapping[str, object], limits: Limits) -> Reply:
    """Run `program` within the wall clock, memory, pids and output of `limits`; nothing of it is left when this returns.

    Raises:
        SandboxUnavailableError: the program could not be started at all.
    """
    started = time.monotonic()
    process = await _start(program)
    reading = _Reading(limits)
    try:
        ended = await _converse(process, json.dumps(request).encode(), reading, program.disks)
    finally:
        await asyncio.shield(_end(process, boxed=program.boxed))
    return Reply(
        lines=tuple(reading.lines),
        done=reading.done,
        ended="" if reading.done else ended,
        stderr=reading.stderr.decode(errors="replace"),
        seconds=time.monotonic() - started,
    )


async def _start(program: Program) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *program.argv,
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


async def _converse(
    process: asyncio.subprocess.Process, request: bytes, reading: _Reading, disks: Sequence[str]
) -> str:
    """Feed and read until the first of: done, end of file, a limit. Returns the limit's name, or `killed`."""
    feeding = asyncio.create_task(_feed(process, request))
    errors = asyncio.create_task(_read_errors(process, reading))
    ends = {
        asyncio.create_task(_read_lines(process, reading)),
        asyncio.create_task(_watch(process.pid, reading.limits, disks)),
    }
    try:
        finished, _ = await asyncio.wait(ends, timeout=reading.limits.wall_s, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done:
            # What the program wrote about its end, if it still comes.
            await asyncio.wait({errors}, timeout=_WATCH_S)
        return (
            next((task.result() for task in finished if task.result() != "killed"), "killed") if finished else "timeout"
        )
    finally:
        for task in (feeding, errors, *ends):
            task.cancel()
        await asyncio.wait({feeding, errors, *ends})


async def _feed(process: asyncio.subprocess.Process, request: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for in _start
    with suppress(ConnectionError):
        process.stdin.write(request)
        await process.stdin.drain()
        process.stdin.close()


async def _read_errors(process: asyncio.subprocess.Process, reading: _Reading) -> None:
    assert process.stderr is not None  # noqa: S101 - asked for in _start
    while chunk := await process.stderr.read(_CHUNK_BYTES):
        reading.stderr = (reading.stderr + chunk)[-_STDERR_BYTES:]


async def _read_lines(process: asyncio.subprocess.Process, reading: _Reading) -> str:
    assert process.stdout is not None  # noqa: S101 - asked for in _start
    limits, rest, total = reading.limits, b"", 0
    while chunk := await process.stdout.read(_CHUNK_BYTES):
        total += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if not _take(line, reading):
                return "killed"
            if reading.done:
                return ""
        if total > limits.reply_bytes or len(rest) > limits.line_bytes or len(reading.lines) > _LINES:
            return "output"
    return "killed"


def _take(line: bytes, reading: _Reading) -> bool:
    """Keep a line; False when it is not a JSON object, for then nothing after it can be trusted to be whole."""
    try:
        message: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(message, dict):
        return False
    reading.lines.append(message)  # pyright: ignore[reportUnknownArgumentType]  # checked by who reads it
    reading.done = message.get("event") == "done"  # pyright: ignore[reportUnknownMemberType]  # as above
    return True


async def _watch(pid: int, limits: Limits, disks: Sequence[str]) -> str:
    """Look at the processes and files every 50 ms until something is over a limit."""
    while True:
        await asyncio.sleep(_WATCH_S)
        if over := tree.over(pid, limits, disks):
            return over


async def _end(process: asyncio.subprocess.Process, *, boxed: bool) -> None:
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
