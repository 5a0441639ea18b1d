"""How much an artifact may cost: iterations, wall time and money."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits for one artifact. `None` is no limit."""

    max_iterations: int = 5
    wall_s: float | None = None
    cost_usd: float | None = None

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could ever be tried."""
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, not {self.max_iterations}")


@dataclass(slots=True, kw_only=True)
class Meter:
    """What one artifact has used of its budget so far."""

    budget: Budget
    clock: Callable[[], float] = time.monotonic
    spent_usd: float = 0.0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        self.started = self.clock()

    @property
    def seconds(self) -> float:
        """Wall time since the meter was made."""
        return self.clock() - self.started

    @property
    def exhausted(self) -> str | None:
        """Which limit of time or money is reached, in words for the report; None while there is some left."""
        if self.budget.wall_s is not None and self.seconds >= self.budget.wall_s:
            return f"{self.budget.wall_s:g} s of wall time are used up"
        if self.budget.cost_usd is not None and self.spent_usd >= self.budget.cost_usd:
            return f"{self.budget.cost_usd:g} US dollars are spent"
        return None
