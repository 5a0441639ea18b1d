"""A child process never outlives who asked for it, whenever they are cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.contract import children

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable

    Start = Callable[[str], Awaitable[Process]]

PIPE = asyncio.subprocess.PIPE
STEPS = 12
"""More turns of the loop than a start takes."""


def alive(word: str) -> list[str]:
    """Processes with this word among theirs."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


async def ours(word: str) -> Process:
    return await children.start(
        "/bin/sh", "-c", f"cat >/dev/null & sleep 60; : {word}", stdin=PIPE, stdout=PIPE, start_new_session=True
    )


async def hanging(start: Start, word: str) -> int:
    """How many of the starts, each cancelled a turn of the loop later than the one before, do not come back."""
    hung = 0
    for turns in range(STEPS):
        task = asyncio.create_task(_started_and_ended(start, word))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=20.0)
        hung += not done
        if hung:
            break
    return hung


async def _started_and_ended(start: Start, word: str) -> None:
    process = await start(word)
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def test_whenever_a_start_is_cancelled_it_comes_back_and_no_child_is_left() -> None:
    word = f"ours-{os.getpid()}"

    assert await hanging(ours, word) == 0
    async with asyncio.timeout(20):
        while alive(word):  # noqa: ASYNC110 - killed, and not yet gone: nobody tells
            await asyncio.sleep(0.01)


def test_a_child_that_is_left_is_seen() -> None:
    word = f"left-{os.getpid()}"
    with subprocess.Popen(["/bin/sh", "-c", f"sleep 60; : {word}"]) as child:
        until = time.monotonic() + 20
        while alive(word) != [str(child.pid)]:  # started, and not yet another program
            assert time.monotonic() < until
        child.kill()

    assert alive(word) == []


async def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(FileNotFoundError):
        await children.start("/no/such/program")


async def test_work_that_is_finished_in_spite_of_cancellations_tells_of_them() -> None:
    ended = asyncio.Event()
    work = asyncio.create_task(ended.wait())
    waiting = asyncio.create_task(children.finished(work))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()

    ended.set()

    assert await waiting is True
    assert await children.finished(work) is False
