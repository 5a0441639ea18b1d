"""What was counted of a box from outside, whoever counted: the kernel's groups, or a look through /proc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What all processes of a box have at one moment, and what they had since it started."""

    memory_bytes: int = 0
    """Without files that were read and can be dropped."""
    with_disks: bool = False
    """Whether `memory_bytes` counts what the box wrote to its places in memory, too."""
    tasks: int = 0
    """Processes and threads."""
    cpu_s: float = 0.0
    """Processor time since the start, children that have ended included."""
    killed: int = 0
    """Processes that the kernel ended since the start because the box was out of memory."""
    starved: int = 0
    """Processes that the kernel ended since the start although it was not: the machine was."""
    refused: int = 0
    """Processes and threads that the kernel refused since the start because the box had too many."""


class Counter(Protocol):
    """Who counts."""

    def tally(self) -> Tally:
        """Now.

        Raises:
            OSError: there is nothing to count any more.
        """
        ...
