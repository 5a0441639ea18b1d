"""The search for the last release that has something, in a row of releases. Pure: it says what to look at and is told what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable


_GROWTH = 1.6


@dataclass(slots=True)
class Series:
    """Oldest first; what comes after the last of them does not have it.

    Looks back in growing steps until a release has it, then halves what lies between. Where none of these has it, it may have
    come and gone between two of them: then the middle of the widest stretch that was not looked at is next.
    """

    versions: tuple[str, ...]
    good: int | None = None
    """The last place that was seen to have it."""
    _bad: set[int] = field(init=False)
    _step: float = 1

    def __post_init__(self) -> None:
        self._bad = {-1, len(self.versions)}

    def next(self) -> int | None:
        """The place to look at; None when nothing is left."""
        if self.good is not None:
            after = min(place for place in self._bad if place > self.good)
            return (self.good + after) // 2 if after - self.good > 1 else None
        lowest = min(self._bad - {-1})
        if lowest > 0:
            return max(lowest - int(self._step), 0)
        gaps = [(high - low, low) for low, high in pairwise(sorted(self._bad)) if high - low > 1]
        return max(gaps)[1] + max(gaps)[0] // 2 if gaps else None

    def told(self, place: int, *, has: bool) -> None:
        """What was seen there."""
        if has:
            self.good = place
        else:
            self._bad.add(place)
            self._step *= _GROWTH


def last_of_each(versions: Iterable[str], below: str) -> tuple[str, ...]:
    """The last release of each series (major and minor) before `below`, oldest first; pre-releases are left out."""
    limit = _version(below)
    known = sorted((found, text) for text in versions if (found := _version(text)) is not None)
    kept: dict[tuple[int, int], str] = {}
    for found, text in known:
        if limit is not None and found < limit and not found.is_prerelease:
            kept[found.major, found.minor] = text
    return tuple(kept.values())


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
