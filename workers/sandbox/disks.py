"""The writable places of a box, seen from outside: how full they are, and how many files are in them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workers.sandbox import tree

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAGS = os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What is in the places at one moment."""

    size_bytes: int = 0
    """In all of them together."""
    share: float = 0.0
    """How much of the fullest is used, from 0 to 1."""
    files: int = 0
    """In the one with the most."""


@dataclass(slots=True)
class Disks:
    """The places below one process. They are held from the first look on, so that a last one is possible when all has ended.

    Whoever makes one closes it: until then what the box wrote takes up memory.
    """

    pid: int
    places: Sequence[str]
    """As the processes of the box see them."""
    _held: dict[str, int] = field(default_factory=dict[str, int])

    def filled(self) -> Filled:
        """Now; places that were never seen are empty."""
        if len(self._held) < len(self.places):
            self._hold()
        seen = [os.fstatvfs(descriptor) for descriptor in self._held.values()]
        used = [(one.f_blocks - one.f_bfree, one) for one in seen]
        return Filled(
            size_bytes=sum(blocks * one.f_frsize for blocks, one in used),
            share=max((blocks / one.f_blocks for blocks, one in used if one.f_blocks), default=0.0),
            files=max((one.f_files - one.f_ffree for one in seen), default=0),
        )

    def close(self) -> None:
        """Let go of the places."""
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()

    def _hold(self) -> None:
        # The last one first: what starts early may still see the machine's own files.
        pids = (*tree.below(self.pid),)[::-1]
        for place in self.places:
            if place not in self._held:
                found = next((one for pid in pids if (one := _opened(pid, place)) is not None), None)
                if found is not None:
                    self._held[place] = found


def _opened(pid: int, place: str) -> int | None:
    """The directory as process `pid` sees it; None where it cannot be seen, or is the machine's own."""
    try:
        found = os.open(f"/proc/{pid}/root{place}", _FLAGS)
    except OSError:
        return None
    if os.fstat(found).st_dev in _devices(Path("/"), Path(place)):
        os.close(found)
        return None
    return found


def _devices(*paths: Path) -> set[int]:
    devices: set[int] = set()
    for path in paths:
        with suppress(OSError):
            devices.add(path.stat().st_dev)
    return devices
