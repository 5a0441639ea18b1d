"""When a repository is swept: once per window, at its own moment within it.

A window begins at a time of day in the owner's time zone. Which moment of it is a repository's follows from its number,
so that a thousand repositories with the same settings do not all come at 02:00. All times are whole seconds since 1970.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.config_github import Sweep

NEVER = 253_370_764_800.0
"""The year 9999: what `repositories.next_sweep_at` holds where nothing is to be swept."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK = 7
AHEAD_DAYS = 45
"""Longer than any month and its window: the next one is no farther away."""


def next_sweep_at(sweep: Sweep, repository_id: int, after: float) -> float | None:
    """The first moment later than `after` at which the repository is to be swept; None for never."""
    if sweep.every == "never":
        return None
    zone = ZoneInfo(sweep.timezone)
    first = datetime.fromtimestamp(after, zone).date() - timedelta(days=2)
    for day in _days(sweep, first):
        at = _moment(sweep, repository_id, day, zone)
        if at > after:
            return at
    raise AssertionError(f"no window of {sweep!r} within {AHEAD_DAYS} days")


def is_moment(sweep: Sweep, repository_id: int, at: float) -> bool:
    """Whether `at` is one of the repository's moments; not so after the owner changed the schedule."""
    return at > 0 and next_sweep_at(sweep, repository_id, at - 1) == at


def rescheduled(stored: float, sweep: Sweep, repository_id: int, now: float) -> float:
    """What `repositories.next_sweep_at` should be once the schedule was read: a moment that has come is left to be met."""
    if stored <= now and is_moment(sweep, repository_id, stored):
        return stored
    at = next_sweep_at(sweep, repository_id, now)
    return NEVER if at is None else at


def window_key(repository_id: int, at: float) -> str:
    """The work key of a sweep: one for each moment, thus for each window."""
    return f"sweep:{repository_id}:{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}"


def _days(sweep: Sweep, first: date) -> Iterator[date]:
    """Days from `first` on whose windows there are."""
    for ahead in range(AHEAD_DAYS):
        day = first + timedelta(days=ahead)
        in_week = DAYS[day.weekday()] == sweep.day
        if sweep.every == "day" or (in_week and (sweep.every == "week" or day.day <= WEEK)):
            yield day


def _moment(sweep: Sweep, repository_id: int, day: date, zone: ZoneInfo) -> float:
    """The repository's moment in the window that begins on `day`.

    A time of day that the clocks skip counts as if they did not; of one they repeat it is the first.
    """
    start = datetime.combine(day, time.fromisoformat(sweep.start), zone)
    digest = hashlib.sha256(str(repository_id).encode()).digest()
    into = int.from_bytes(digest[:8]) * sweep.hours * 3600 >> 64
    return float(int(start.timestamp()) + into)
