"""What a program says, read line by line with bounds: JSON objects on its standard output, and its last errors."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workers.sandbox.limits import Limits

_CHUNK_BYTES = 1 << 16
_STDERR_BYTES = 8192
_LINES = 100_000


@dataclass(slots=True)
class Heard:
    """What was read until now."""

    limits: Limits
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it said that it waits to be asked."""
    told: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a cell has ended: the moment to look, for what it left may be gone in a moment."""
    done: bool = False
    stderr: bytes = b""


async def hear_errors(process: asyncio.subprocess.Process, heard: Heard) -> None:
    """Keep the end of what it writes to its standard error."""
    assert process.stderr is not None  # noqa: S101 - it was started so
    while chunk := await process.stderr.read(_CHUNK_BYTES):
        heard.stderr = (heard.stderr + chunk)[-_STDERR_BYTES:]


async def hear_lines(process: asyncio.subprocess.Process, heard: Heard) -> str:
    """Read until it is done, or may say no more: empty, `output`, or `killed` when it ended or is not to be understood."""
    assert process.stdout is not None  # noqa: S101 - it was started so
    limits, rest, total = heard.limits, b"", 0
    while chunk := await process.stdout.read(_CHUNK_BYTES):
        total += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if not _take(line, heard):
                return "killed"
            if heard.done:
                return ""
        if total > limits.reply_bytes or len(rest) > limits.line_bytes or len(heard.lines) > _LINES:
            return "output"
    return "killed"


def _take(line: bytes, heard: Heard) -> bool:
    """Keep a line; False when it is not a JSON object, for then nothing after it can be trusted to be whole."""
    try:
        message: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(message, dict):
        return False
    heard.lines.append(message)  # pyright: ignore[reportUnknownArgumentType]  # checked by who reads it
    event = message.get("event")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # as above
    heard.done = event == "done"
    if event == "waiting":
        heard.waits.set()
    if event == "cell":
        heard.told.set()
    return True
