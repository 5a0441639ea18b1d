"""The time as the fake tells it: the machine's, shifted by what a test asks for."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Shifting it ages tokens, limits and lists; the processes under test keep the machine's own time."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Let time pass (or, below zero, run behind)."""
        self.offset_s += seconds


def iso(moment: float) -> str:
    """The way GitHub writes a time: whole seconds, Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
