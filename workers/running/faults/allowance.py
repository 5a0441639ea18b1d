"""What a comparison may cost: environments that are built, and time."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable


class SpentError(Exception):
    """No more is found out: an allowance is used up, or what is needed cannot be had now. Says which."""


@dataclass(slots=True, kw_only=True)
class Allowance:
    """Counts what is used. The clock runs from when it is made."""

    builds: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)
    used: int = 0

    def __post_init__(self) -> None:
        """Start the clock."""
        self.started = self.clock()

    @property
    def left_s(self) -> float:
        """Time that is left; not below zero."""
        return max(0.0, self.seconds - (self.clock() - self.started))

    def build(self) -> None:
        """Take one environment.

        Raises:
            SpentError: there is none left.
        """
        if self.used >= self.builds:
            raise SpentError(f"no more than {self.builds} environments may be made for it")
        self.used += 1

    @asynccontextmanager
    async def time(self) -> AsyncGenerator[None]:
        """Bound what runs in the block by the time that is left.

        Raises:
            SpentError: none is left, or the block took all of it and was ended.
        """
        words = f"the time for it ({self.seconds:g} s) is used up"
        if not self.left_s:
            raise SpentError(words)
        limit = asyncio.timeout(self.left_s)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if limit.expired():
                raise SpentError(words) from error
            raise
