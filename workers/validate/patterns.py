"""The owner's banned patterns, matched in a process of their own: a pattern that never ends is stopped, not waited for."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from workers.contract import children

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_S = 5.0
LINE_CHARS = 2000
_PROGRAM = """
import json, re, sys
patterns, lines = json.load(sys.stdin)
for number, pattern in enumerate(patterns):
    compiled = re.compile(pattern)
    print(json.dumps([number, [at for at, line in enumerate(lines) if compiled.search(line)]]), flush=True)
"""


async def matches(
    patterns: Sequence[str], lines: Sequence[str], *, timeout_s: float = TIMEOUT_S
) -> tuple[tuple[int, tuple[int, ...] | None], ...]:
    """Per pattern, by index, the indices of the lines it matches; None for one that took too long, or came after such.

    A line counts up to its first 2,000 characters.
    """
    request = json.dumps([list(patterns), [line[:LINE_CHARS] for line in lines]]).encode()
    process = await children.start(
        sys.executable,
        "-I",
        "-S",
        "-c",
        _PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={},
    )
    answers: dict[int, tuple[int, ...]] = {}
    try:
        async with asyncio.timeout(timeout_s):
            await _converse(process, request, answers)
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return tuple((number, answers.get(number)) for number in range(len(patterns)))


async def _converse(process: asyncio.subprocess.Process, request: bytes, answers: dict[int, tuple[int, ...]]) -> None:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the matcher has no pipes")
    process.stdin.write(request)
    await process.stdin.drain()
    process.stdin.close()
    async for line in process.stdout:
        number, found = json.loads(line)
        answers[number] = tuple(found)
    await process.wait()
