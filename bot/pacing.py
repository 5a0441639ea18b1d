"""When the next call may be made: GitHub's limits as they are answered, and its advice for writes, per installation."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.answers import Limited, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MINUTE_S = 60.0
HOUR_S = 3600.0
READS = 4
"""How often a read is tried."""
BACKOFF_S = 0.2

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time and the waiting; a test brings its own."""

    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """GitHub's advice: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api."""

    gap_s: float = 1.0
    """Between two writes."""
    per_minute: int = 80
    """Writes that create content."""
    per_hour: int = 500
    wait_s: float = 20.0
    """A write that would have to wait longer is put back instead."""


@dataclass(slots=True)
class _Installation:
    last: float = 0.0
    content: deque[float] = field(default_factory=deque[float])
    until: float = 0.0
    in_a_row: int = 0


@dataclass(slots=True, kw_only=True)
class Pacer:
    """The calls of this process. What another process learned comes in through `hold`."""

    clock: Clock
    pace: Pace
    _of: dict[int, _Installation] = field(default_factory=dict[int, _Installation])

    def check(self, installation_id: int) -> None:
        """Raise Limited while a limit holds; other installations go on."""
        until = self._state(installation_id).until
        if until > self.clock.now():
            raise Limited(until)

    async def write(self, installation_id: int, *, content: bool) -> None:
        """Wait for the slot of the next write, reserved for this caller.

        Raises:
            Limited: it is too far away.
        """
        self.check(installation_id)
        state, now = self._state(installation_id), self.clock.now()
        slot = max(now, state.last + self.pace.gap_s)
        if content:
            slot = max(slot, self._content_slot(state, now))
        if slot - now > self.pace.wait_s:
            raise Limited(slot, "our own pace")
        state.last = slot
        if content:
            state.content.append(slot)
        if slot > now:
            await self.clock.sleep(slot - now)
            self.check(installation_id)

    def hold(self, installation_id: int, until: float) -> None:
        """No call before `until`."""
        state = self._state(installation_id)
        state.until = max(state.until, until)

    def limited(self, installation_id: int, limit: Limited) -> Limited:
        """Remember a limit. One that comes again right after the last one ended lasts twice as long, up to an hour."""
        state, now = self._state(installation_id), self.clock.now()
        wait = min((limit.until - now) * 2**state.in_a_row, max(HOUR_S, limit.until - now))
        state.in_a_row = min(state.in_a_row + 1, 10)
        state.until = max(state.until, now + wait)
        return Limited(state.until, str(limit).partition(";")[0])

    def succeeded(self, installation_id: int) -> None:
        """A call went through: the next limit is a first one again."""
        self._state(installation_id).in_a_row = 0

    def _state(self, installation_id: int) -> _Installation:
        return self._of.setdefault(installation_id, _Installation())

    def _content_slot(self, state: _Installation, now: float) -> float:
        while state.content and state.content[0] <= now - HOUR_S:
            state.content.popleft()
        slot = now
        for limit, window in ((self.pace.per_minute, MINUTE_S), (self.pace.per_hour, HOUR_S)):
            if len(state.content) >= limit:
                slot = max(slot, state.content[-limit] + window)
        return slot


async def again(clock: Clock, call: Callable[[], Awaitable[T]]) -> T:
    """`call`, which only reads, a few times while the weather is bad."""
    for attempt in range(READS - 1):
        try:
            return await call()
        except Unavailable:
            await clock.sleep(BACKOFF_S * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries out
    return await call()
