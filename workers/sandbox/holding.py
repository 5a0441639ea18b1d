"""Boxes that were seen to hold a short while ago: who opens boxes all day need not look into every one of them first.

Only what held is remembered: for a few minutes, in one process, for one environment, kernel layer and set of limits, and
the very programs that make the box. Any difference means another look. A box that can no longer be set up as it was seen
does not start at all: every run gives bubblewrap the same orders anew.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workers.sandbox import unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.limits import Limits

HOLDS_S = 300.0
KEPT = 100
MAKERS = ("bwrap", "setpriv", "unshare", "prlimit", "runsc", "crun", "runc")
"""Programs that a box is made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything by which one box may differ from another."""

    environment: InstalledEnvironment
    overlay: Path
    limits: Limits
    kind: str = "bubblewrap"
    makers: tuple[tuple[int, ...], ...]
    """Of each program that there is: device, inode, size, and when its content and its rights last changed."""

    @classmethod
    def now(
        cls,
        environment: InstalledEnvironment,
        overlay: Path,
        limits: Limits,
        *,
        programs: str = unprivileged.PROGRAMS,
        kind: str = "bubblewrap",
    ) -> Surroundings:
        """As they are at this moment; `programs` as in `BubblewrapBox`."""
        found = (shutil.which(name, path=programs) for name in MAKERS)
        makers = tuple(_identity(Path(path)) for path in found if path is not None)
        return cls(environment=environment, overlay=overlay, limits=limits, kind=kind, makers=makers)


@dataclass(slots=True)
class Holding:
    """The surroundings in which a box held. One per process."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[Surroundings, float] = field(default_factory=dict[Surroundings, float])

    def __contains__(self, surroundings: Surroundings) -> bool:
        """Whether a box was seen to hold there, not long ago."""
        return self.clock() < self._until.get(surroundings, 0.0)

    def add(self, surroundings: Surroundings) -> None:
        """A box held there just now."""
        while len(self._until) >= KEPT:
            del self._until[next(iter(self._until))]
        self._until[surroundings] = self.clock() + HOLDS_S


def _identity(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
