"""What goes wrong on purpose with calls: when, how often, and how."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase


class Fault(StrEnum):
    """How a call fails."""

    REFUSED = "refused"
    """502; nothing was done."""
    APPLIED = "applied"
    """502; all was done."""
    SLOW = "slow"
    """Answered right, after `seconds`."""
    RESET = "reset"
    """The connection is reset before anything is done."""
    RESET_AFTER = "reset_after"
    """Done, then the connection is reset."""
    TRUNCATED = "truncated"
    """Done; half of the answer arrives, then the connection closes."""
    GARBAGE = "garbage"
    """Not done; 200 with a page of HTML."""
    PRIMARY_LIMIT = "primary_limit"
    """403 with no calls remaining."""
    SECONDARY_LIMIT = "secondary_limit"
    """403 with Retry-After."""
    SILENT_SECONDARY_LIMIT = "silent_secondary_limit"
    """403 without Retry-After."""


BEFORE = frozenset(
    {
        Fault.REFUSED,
        Fault.RESET,
        Fault.GARBAGE,
        Fault.PRIMARY_LIMIT,
        Fault.SECONDARY_LIMIT,
        Fault.SILENT_SECONDARY_LIMIT,
    }
)
"""Those that keep the call from being applied."""


@dataclass(kw_only=True)
class Planned:
    """One line of the plan."""

    kind: Fault
    method: str
    path: str
    count: int | None
    probability: float
    after: int
    seconds: float
    random: random.Random
    taken: int = 0
    seen: int = 0

    def takes(self, method: str, path: str) -> bool:
        fits = fnmatchcase(method, self.method) and fnmatchcase(path, self.path)
        if not fits or self.taken == self.count:
            return False
        self.seen += 1
        if self.seen <= self.after or self.random.random() >= self.probability:
            return False
        self.taken += 1
        return True


@dataclass
class Faults:
    """The plan; the first line that takes a call decides."""

    lines: list[Planned] = field(default_factory=list[Planned])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(
        self,
        kind: Fault | str,
        *,
        method: str = "*",
        path: str = "*",
        count: int | None = None,
        probability: float = 1.0,
        after: int = 0,
        seconds: float = 1.0,
        seed: int = 0,
    ) -> Planned:
        """Add a line.

        Args:
            kind: see `Fault`.
            method: a pattern too: `POST`, `P*`.
            path: a pattern (`*/pulls`, `/graphql`, `*git-upload-pack`); without `/api/v3`.
            count: after so many the line is spent; None: never.
            probability: of each call that fits.
            after: calls that fit and pass first.
            seconds: how slow, or how long a limit lasts.
            seed: of the dice.
        """
        line = Planned(
            kind=Fault(kind),
            method=method,
            path=path,
            count=count,
            probability=probability,
            after=after,
            seconds=seconds,
            random=random.Random(seed),
        )
        with self._lock:
            self.lines.append(line)
        return line

    def clear(self) -> None:
        with self._lock:
            self.lines.clear()

    def take(self, method: str, path: str) -> Planned | None:
        """What befalls this call."""
        with self._lock:
            return next((line for line in self.lines if line.takes(method, path)), None)
