"""Boxes wait their turn: together they may never have more than the machine.

What a box may use at most is set aside for it, whatever it uses. The first in the queue goes first, so that a large one is not
passed over for ever. A box alone is always let in: then it is the kernel that holds it to its limits.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import cgroups_folder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from workers.sandbox.limits import Limits

WAIT_S = 3600.0
_LOOK_S = 0.2
"""Memory that others on the machine give back is not announced to anybody."""
_SHARE = 0.9
_BOXES_PER_CORE = 2
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What all boxes of a process may have together."""

    memory_bytes: int
    boxes: int

    @staticmethod
    def of_this_machine() -> Capacity:
        """Most of the memory that it, or the container we are in, has; and as many boxes as keep its cores busy."""
        memory = min(filter(None, (_meminfo("MemTotal"), _contained())), default=0)
        return Capacity(memory_bytes=int(memory * _SHARE), boxes=_BOXES_PER_CORE * (os.cpu_count() or 1))


@dataclass(slots=True, eq=False)
class _Turn:
    memory_bytes: int
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Admission:
    """The queue of one event loop."""

    def __init__(self, capacity: Capacity, available: Callable[[], int] | None = None) -> None:
        """`available` is how much memory the machine could give now, in bytes."""
        self._capacity = capacity
        self._available = available or (lambda: _meminfo("MemAvailable"))
        self._queue: deque[_Turn] = deque()
        self._inside: set[_Turn] = set()

    @property
    def inside(self) -> int:
        """How many are let in."""
        return len(self._inside)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    @asynccontextmanager
    async def admitted(self, limits: Limits, timeout_s: float = WAIT_S) -> AsyncGenerator[None]:
        """Wait for a turn; while the context is open, a box with these limits is allowed for.

        Raises:
            SandboxUnavailableError: there was no room within `timeout_s` seconds.
        """
        turn = _Turn(limits.memory_bytes + limits.disk_bytes)
        await self._enter(turn, timeout_s)
        try:
            yield
        finally:
            self._inside.discard(turn)
            self._wake()

    async def _enter(self, turn: _Turn, timeout_s: float) -> None:
        self._queue.append(turn)
        try:
            async with asyncio.timeout(timeout_s):
                while not self._lets_in(turn):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_S):
                            await turn.woken.wait()
                    turn.woken.clear()
            self._inside.add(turn)
        except TimeoutError as error:
            raise SandboxUnavailableError(
                f"No room for a box of {turn.memory_bytes >> 20} MiB within {timeout_s:g} s: "
                f"{self.inside} run, {self.waiting} wait"
            ) from error
        finally:
            self._queue.remove(turn)
            self._wake()

    def _lets_in(self, turn: _Turn) -> bool:
        if self._queue[0] is not turn:
            return False
        if not self._inside:
            return True
        set_aside = sum(inside.memory_bytes for inside in self._inside)
        return (
            len(self._inside) < self._capacity.boxes
            and set_aside + turn.memory_bytes <= self._capacity.memory_bytes
            and turn.memory_bytes <= self._available()
        )

    def _wake(self) -> None:
        if self._queue:
            self._queue[0].woken.set()


@cache
def of_this_machine() -> Admission:
    """The one queue of this process."""
    return Admission(Capacity.of_this_machine())


def _meminfo(name: str) -> int:
    """In bytes; 0 where it is not told."""
    with suppress(OSError):
        for line in _MEMINFO.read_text().splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) * 1024
    return 0


def _contained() -> int:
    """What the group that we are in may have, in bytes; 0 where nothing is said."""
    for hierarchy, file in (("", "memory.max"), ("memory", "memory.limit_in_bytes")):
        own = cgroups_folder.own(hierarchy)
        with suppress(OSError, ValueError):
            if own is not None:
                return int((own[1] / file).read_text())
    return 0
