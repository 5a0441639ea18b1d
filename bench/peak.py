"""The most memory that everything a benchmark started had at one time."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

from workers.sandbox import tree


class Peak:
    """Looks at the memory of everything below this process."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self.most_bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        own = tree.usage
        while not self._over.wait(0.05):
            with suppress(OSError, IndexError):
                total = sum(own(pid).resident_bytes for pid in children())
                self.most_bytes = max(self.most_bytes, total)


def children() -> list[int]:
    """Processes that this one started."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found += map(int, (task / "children").read_bytes().split())
    return found
