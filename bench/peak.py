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
        while not self._over.wait(0.05):
            with suppress(OSError, IndexError):
                seen = [tree.usage(pid) for pid in children()]
                # What is less even with shared pages counted several times is no new peak, and need not be known exactly.
                if sum(one.resident_bytes for one in seen) > self.most_bytes:
                    self.most_bytes = max(self.most_bytes, sum(held_bytes(pid) for one in seen for pid in one.pids))


def children() -> list[int]:
    """Processes that this one started."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found += map(int, (task / "children").read_bytes().split())
    return found


def held_bytes(pid: int) -> int:
    """Memory of a process, a page that n processes share counted 1/n: forked children share most of their parent's.

    0 for one that is gone.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0
