"""Delta debugging: of several packages, a small set that is enough.

https://www.st.cs.uni-saarland.de/papers/tse2002/: halves, then finer parts, then what remains without a part.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Enough = Callable[[frozenset[str]], Awaitable[bool]]


@dataclass(slots=True)
class Shrinking:
    """A set that is enough, on its way to a smaller one. What was reached stands here, also where `run` was ended."""

    items: tuple[str, ...]
    """Enough, as far as is known."""
    minimal: bool = False
    """True once no single one of them can be left out."""

    async def run(self, enough: Enough, first: Iterable[str] = ()) -> None:
        """Leave out what can be. `first` are tried alone before anything else: they are under suspicion."""
        for item in first:
            if item in self.items and await enough(frozenset({item})):
                self.items = (item,)
                break
        parts = 2
        while len(self.items) > 1:
            narrowed = await self._narrowed(parts, enough)
            if narrowed:
                parts = max(narrowed, 2)
            elif parts >= len(self.items):
                break
            else:
                parts = min(2 * parts, len(self.items))
        self.minimal = True

    async def _narrowed(self, parts: int, enough: Enough) -> int:
        """Into how many parts to go on after a success; 0 without one."""
        pieces = split(self.items, parts)
        for piece in pieces:
            if await enough(frozenset(piece)):
                self.items = piece
                return 2
        for piece in pieces if parts > 2 else ():  # noqa: PLR2004 - of two halves, the rest is the other half
            rest = tuple(item for item in self.items if item not in piece)
            if await enough(frozenset(rest)):
                self.items = rest
                return parts - 1
        return 0


def split(items: tuple[str, ...], parts: int) -> list[tuple[str, ...]]:
    """`items` in their order as `parts` pieces of nearly the same size, none empty."""
    ends = [len(items) * number // parts for number in range(parts + 1)]
    return [items[start:end] for start, end in pairwise(ends) if end > start]
