"""Boxes that wait: started ahead with a kernel up and greeted, handed out once each, never used again.

Nothing of any artifact is in one before it is handed out: request and files come then, the same way as into a box that
did not wait, and its clock starts then. While environments are linked or a model thinks, nobody has to wait for imports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import tree
from workers.sandbox.limits import GIB

if TYPE_CHECKING:
    from workers.sandbox.guestcall import Guest

Start = Callable[[], Awaitable["Guest"]]
"""Starts a box with a kernel in it."""
_START_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of the machine may wait."""

    most: int = 4
    """Boxes."""
    memory_bytes: int = GIB
    """Resident memory of all of them."""
    age_s: float = 120.0
    """How long one may wait; after that it is thrown away."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Box:
    """One box on its way from its start to its hand-out or its end. The oldest come first in every collection."""

    kind: str
    guest: Guest | None = None
    """What is to be ended; None before the start, and from the hand-out on, when it is somebody else's."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """It waits, or it never will."""
    claimed: bool = False
    """Somebody waits for it already."""
    memory_bytes: int = 0


class WaitingBoxes:
    """The waiting boxes of one event loop. A context; when it is left, nothing of them is there any more."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        """None wait yet."""
        self._bounds = bounds or Bounds()
        self._boxes: dict[_Box, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __len__(self) -> int:
        """How many wait or are being started."""
        return len(self._boxes)

    def ahead(self, kind: str, start: Start, count: int = 1) -> None:
        """Have `count` boxes of this kind wait; those that do, or are being started already, are among them.

        `kind` says everything by which boxes may differ. Where too many would wait, the oldest of another kind goes; where
        there is none, no more are started.
        """
        there = sum(box.kind == kind for box in self._boxes)
        for _ in range(count - there):
            if self._closed or not self._has_room(kind):
                return
            box = _Box(kind=kind)
            self._boxes[box] = asyncio.create_task(self._kept(box, start))

    async def take(self, kind: str) -> Guest | None:
        """A box of this kind that nobody else ever gets; None where there is none. One that is being started is waited for."""
        while (box := self._next(kind)) is not None:
            box.claimed = True
            try:
                await box.settled.wait()
            finally:
                box.claimed = False
            guest = box.guest
            if guest is not None and guest.waits:
                box.guest = None
                self._dismiss(box)
                return guest
            self._dismiss(box)
        return None

    async def settled(self) -> None:
        """Wait until none is being started any more: each waits, or is gone."""
        for box in tuple(self._boxes):
            await box.settled.wait()

    async def close(self) -> None:
        """End all that wait; no more are started."""
        self._closed = True
        for box in tuple(self._boxes):
            self._dismiss(box)
        if self._ending:
            await asyncio.wait(self._ending)

    async def _kept(self, box: _Box, start: Start) -> None:
        """Start it, and end it when it has waited for too long, has died, or is dismissed."""
        try:
            box.guest = await start()
            if await box.guest.until_it_waits(_START_S):
                box.memory_bytes = tree.usage(box.guest.pid).resident_bytes
                self._trim()
                box.settled.set()
                await self._waited(box, box.guest)
        except SandboxUnavailableError:
            # The box that is started in its place will say why.
            pass
        finally:
            self._dismiss(box)
            box.settled.set()
            guest, box.guest = box.guest, None
            if guest is not None:
                await guest.end()

    async def _waited(self, box: _Box, guest: Guest) -> None:
        """While it may wait; no more where it was just found to be one too many."""
        if box in self._boxes:
            await guest.until_it_ends(self._bounds.age_s)

    def _next(self, kind: str) -> _Box | None:
        """The oldest that waits, else the oldest that is being started."""
        free = [box for box in self._boxes if box.kind == kind and not box.claimed]
        return next((box for box in free if box.settled.is_set()), free[0] if free else None)

    def _has_room(self, kind: str) -> bool:
        if len(self._boxes) < self._bounds.most:
            return True
        other = next((box for box in self._boxes if box.kind != kind and not box.claimed), None)
        if other is not None:
            self._dismiss(other)
        return other is not None

    def _trim(self) -> None:
        """Throw the oldest away until the rest keep within the bound on memory."""
        while sum(box.memory_bytes for box in self._boxes) > self._bounds.memory_bytes:
            self._dismiss(next(box for box in self._boxes if box.memory_bytes))

    def _dismiss(self, box: _Box) -> None:
        """Have it end; to be called any number of times."""
        task = self._boxes.pop(box, None)
        if task is None:
            return
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        if task is not asyncio.current_task():
            task.cancel()
