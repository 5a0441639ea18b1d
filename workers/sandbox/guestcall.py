"""Start a program, hand it one JSON request, read JSON lines until it says it is done, then end it and all it started.

The one way to speak to what runs inside, boxed or not. The program reads one JSON object from its standard input, and an
archive after it where one is sent, and writes one JSON object per line; the line `{"event": "done"}` is the last. Whatever
else happens (limits, a crash, end of file before that line) means that it failed, and the reply says how.

A program may be started before anybody knows what to ask it: it says `{"event": "waiting"}`. Request and files come by its
standard input in both cases, so that one that waited does exactly what one does that did not, and no socket or descriptor
of ours ever stands in a box.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers.contract import children
from workers.sandbox.hearing import Heard, hear_errors, hear_lines
from workers.sandbox.limits import Limits
from workers.sandbox.program import Program, end_program, feed, start_program
from workers.sandbox.watching import WATCH_S, Seen, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What was read before the program ended or was ended."""

    lines: tuple[dict[str, Any], ...]
    """Every JSON object read, in order, the `done` line included."""
    done: bool
    """True when the `done` line was read. False means failed, whatever the lines before it say."""
    ended: str
    """`timeout`, `memory`, `pids`, `disk` or `output` when a limit was passed, `killed` when it ended without a `done` line.

    Not empty after a `done` line where something was seen that no word of the program can undo."""
    stderr: str
    """The last few thousand characters."""
    seconds: float
    seen: Seen = field(default_factory=Seen)
    """What was seen from outside."""
    limits: Limits = field(default_factory=Limits)
    """What held meanwhile."""


async def call(program: Program, request: Mapping[str, object], limits: Limits) -> Reply:
    """Run `program` within the wall clock, memory, pids and output of `limits`; nothing of it is left when this returns.

    Raises:
        SandboxUnavailableError: the program could not be started at all.
    """
    guest = await Guest.start(program, limits)
    return await guest.answer(request)


class Guest:
    """A program that was started. It is asked once, or ended unasked; its limits hold all the time."""

    def __init__(self, process: asyncio.subprocess.Process, program: Program, limits: Limits, held: ExitStack) -> None:
        """Listen to it and watch it from now on. `held` is closed when nothing of it is left."""
        self._process, self._boxed, self._limits, self._held = process, program.boxed, limits, held
        self._started = time.monotonic()
        self._heard = Heard(limits)
        self._watch = program.watch(process.pid, limits, program.disks, program.group)
        self._errors = asyncio.create_task(hear_errors(process, self._heard))
        self._ends = {
            asyncio.create_task(hear_lines(process, self._heard)),
            asyncio.create_task(_watched(self._watch, self._heard)),
        }

    @classmethod
    async def start(cls, program: Program, limits: Limits, held: ExitStack | None = None) -> Guest:
        """Start `program`. `held` is what it needs for as long as it is there: descriptors, its group.

        Raises:
            SandboxUnavailableError: it could not be started at all.
        """
        with held or ExitStack() as stack:
            process = await start_program(program)
            return cls(process, program, limits, stack.pop_all())

    @property
    def pid(self) -> int:
        """Of the program as it was started; what runs in a box is below it."""
        return self._process.pid

    @property
    def waits(self) -> bool:
        """Whether it said that it waits to be asked, and nothing has ended it since."""
        return self._heard.waits.is_set() and not any(end.done() for end in self._ends)

    async def until_it_waits(self, timeout_s: float) -> bool:
        """Wait until it says that it waits to be asked; False when it did not come to that in time."""
        waiting = asyncio.create_task(self._heard.waits.wait())
        try:
            await asyncio.wait({waiting, *self._ends}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})
        return self.waits

    async def until_it_ends(self, timeout_s: float) -> None:
        """Wait for its end, so long at most."""
        await asyncio.wait(self._ends, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)

    async def answer(self, request: Mapping[str, object], archive: int | None = None) -> Reply:
        """Ask it, read its answer, end it. Its clock starts here; nothing of it is left when this returns.

        What can be read from the descriptor `archive` is sent after the request.
        """
        if self._heard.waits.is_set():
            self._started = time.monotonic()
            self._watch.begin()
        try:
            try:
                ended = await self._converse(json.dumps(request).encode(), archive)
                self._watch.over()
            finally:
                await self._leave()
            seen = self._watch.seen()
        finally:
            self._close()
        return Reply(
            lines=tuple(self._heard.lines),
            done=self._heard.done,
            ended=seen.breach or ("" if self._heard.done else ended),
            stderr=self._heard.stderr.decode(errors="replace"),
            seconds=time.monotonic() - self._started,
            seen=seen,
            limits=self._limits,
        )

    async def end(self) -> None:
        """End it unasked."""
        try:
            await self._leave()
        finally:
            self._close()

    def _close(self) -> None:
        with self._held:
            self._watch.close()

    async def _leave(self) -> None:
        """End it. Who is cancelled meanwhile waits all the same: nothing of a box may outlive its call."""
        if await children.finished(asyncio.create_task(self._left())):
            raise asyncio.CancelledError

    async def _left(self) -> None:
        listening = {self._errors, *self._ends}
        for task in listening:
            task.cancel()
        await asyncio.wait(listening)
        await end_program(self._process, boxed=self._boxed)

    async def _converse(self, request: bytes, archive: int | None) -> str:
        """Feed and read until the first of: done, end of file, a limit. Returns the limit's name, or `killed`."""
        feeding = asyncio.create_task(feed(self._process, request, archive))
        try:
            finished, _ = await asyncio.wait(
                self._ends, timeout=self._limits.wall_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not self._heard.done:
                # What the program wrote about its end, if it still comes.
                await asyncio.wait({self._errors}, timeout=WATCH_S)
            ends = (task.result() for task in finished)
            return next((end for end in ends if end != "killed"), "killed") if finished else "timeout"
        finally:
            feeding.cancel()
            await asyncio.wait({feeding})


async def _watched(watch: Watch, heard: Heard) -> str:
    """Look at the processes and files every 50 ms, and whenever a cell has ended, until something is over a limit."""
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(WATCH_S):
                await heard.told.wait()
        heard.told.clear()
        if over := watch.over():
            return over
