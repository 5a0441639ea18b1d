"""Bisection over a row of releases of which some cannot be tried. Pure: it is asked what to try and told what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Bisection:
    """Places in a row; at `good` it runs, at `bad` it fails.

    Whatever happened between, the end is a neighbouring pair of which the one was seen to run and the other was seen to
    fail, but for places between them that nothing could be said about.
    """

    good: int
    bad: int
    unclear: set[int] = field(default_factory=set[int])

    @property
    def between(self) -> range:
        """Places that are not known yet."""
        return range(min(self.good, self.bad) + 1, max(self.good, self.bad))

    def next(self) -> int | None:
        """The place to try, the one nearest to the middle; None when nothing is left to try."""
        middle = (self.good + self.bad) / 2
        left = [place for place in self.between if place not in self.unclear]
        return min(left, key=lambda place: abs(place - middle), default=None)

    def told(self, place: int, *, runs: bool | None) -> None:
        """What came of trying `place`; None where it cannot be said."""
        if runs is None:
            self.unclear.add(place)
        elif runs:
            self.good = place
        else:
            self.bad = place
