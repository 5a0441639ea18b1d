from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.windows import DAYS, NEVER, is_moment, next_sweep_at, rescheduled, window_key
from workers.contract.config_github import Sweep

YEARS = (datetime(2024, 1, 1, tzinfo=UTC).timestamp(), datetime(2037, 1, 1, tzinfo=UTC).timestamp())
DAY_S = 86_400
SHIFTING = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Gaza",
    "America/Santiago",
]
ZONES = st.sampled_from(SHIFTING) | st.sampled_from(sorted(zoneinfo.available_timezones() - {"localtime"}))
SWEEPS = st.builds(
    Sweep,
    every=st.sampled_from(["day", "week", "month"]),
    day=st.sampled_from(DAYS),
    start=st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)),
    hours=st.integers(1, 24),
    timezone=ZONES,
)
TIMES = st.floats(*YEARS, allow_nan=False)
NUMBERS = st.integers(1, 2**63 - 1)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def moments(sweep: Sweep, number: int, after: float, count: int) -> list[float]:
    found: list[float] = []
    for _ in range(count):
        following = next_sweep_at(sweep, number, found[-1] if found else after)
        assert following is not None
        found.append(following)
    return found


def window(sweep: Sweep, moment: float) -> tuple[float, float] | None:
    """Start and end of the window `moment` lies in, found the long way: by looking at every day around it."""
    zone = zoneinfo.ZoneInfo(sweep.timezone)
    hour, minute = (int(part) for part in sweep.start.split(":"))
    for back in range(-1, 4):
        day = datetime.fromtimestamp(moment, zone).date() - timedelta(days=back)
        start = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()
        right_day = sweep.every == "day" or DAYS[day.weekday()] == sweep.day
        right_week = sweep.every != "month" or day.day <= 7
        if right_day and right_week and start <= moment < start + sweep.hours * 3600:
            return start, start + sweep.hours * 3600
    return None


@settings(max_examples=300, deadline=None)
@given(sweep=SWEEPS, number=NUMBERS, after=TIMES)
def test_a_moment_lies_in_a_window_and_after_the_last_one(sweep: Sweep, number: int, after: float) -> None:
    first, second, third = moments(sweep, number, after, 3)

    assert after < first < second < third
    assert all(window(sweep, moment) for moment in (first, second, third))
    assert all(moment == int(moment) for moment in (first, second, third))


@settings(max_examples=300, deadline=None)
@given(sweep=SWEEPS, number=NUMBERS, after=TIMES)
def test_moments_come_as_often_as_the_owner_said(sweep: Sweep, number: int, after: float) -> None:
    gaps_d = [(later - one) / DAY_S for one, later in pairwise(moments(sweep, number, after, 14))]

    shortest, longest = {"day": (1, 1), "week": (7, 7), "month": (28, 35)}[sweep.every]
    # A clock is set by an hour or less; a zone that changed sides of the date line once in these years is allowed a day.
    assert all(shortest - 0.1 <= gap <= longest + 0.1 for gap in gaps_d)


@settings(max_examples=300, deadline=None)
@given(sweep=SWEEPS, number=NUMBERS, after=TIMES)
def test_no_moment_is_passed_over(sweep: Sweep, number: int, after: float) -> None:
    first, second = moments(sweep, number, after, 2)

    assert next_sweep_at(sweep, number, first - 1) == first
    assert next_sweep_at(sweep, number, (first + second) // 2) == second
    assert is_moment(sweep, number, first)
    assert not is_moment(sweep, number, first + 1)


@pytest.mark.parametrize(
    ("start", "zone", "after", "begins"),
    [
        # 02:30 does not exist on this day: the clocks go from 02:00 to 03:00.
        ("02:30", "Europe/Berlin", "2026-03-28T12:00+01:00", "2026-03-29T03:30+02:00"),
        # 02:30 comes twice on this day: the first one counts.
        ("02:30", "Europe/Berlin", "2026-10-24T12:00+02:00", "2026-10-25T02:30+02:00"),
        ("02:30", "America/New_York", "2026-03-07T12:00-05:00", "2026-03-08T03:30-04:00"),
        # Half an hour, and the other half of the year.
        ("02:15", "Australia/Lord_Howe", "2026-10-03T12:00+10:30", "2026-10-04T02:45+11:00"),
        ("00:00", "UTC", "2026-02-28T23:59+00:00", "2026-03-01T00:00+00:00"),
        ("00:00", "Asia/Kathmandu", "2026-02-28T12:00+00:00", "2026-03-01T00:00+05:45"),
    ],
)
def test_a_window_begins_when_the_owners_clock_says_so(start: str, zone: str, after: str, begins: str) -> None:
    sweep = Sweep(every="day", start=start, hours=1, timezone=zone)

    moment = next_sweep_at(sweep, 5, at(after))

    assert moment is not None
    assert 0 <= moment - at(begins) < 3600


def test_of_a_month_it_is_the_first_such_day() -> None:
    sweep = Sweep(every="month", day="wednesday", start="00:00", hours=1)

    days = [
        datetime.fromtimestamp(one, UTC).date().isoformat()
        for one in moments(sweep, 5, at("2026-01-01T00:00+00:00"), 4)
    ]

    assert days == ["2026-01-07", "2026-02-04", "2026-03-04", "2026-04-01"]


def test_never_is_never() -> None:
    sweep = Sweep(every="never")

    assert next_sweep_at(sweep, 5, 0.0) is None
    assert rescheduled(0.0, sweep, 5, 1.0) == NEVER
    assert not is_moment(sweep, 5, 1.0)


def test_repositories_with_the_same_settings_are_spread_over_the_window() -> None:
    sweep = Sweep(hours=4)
    start = at("2026-01-05T02:00+00:00")

    quarters = [0, 0, 0, 0]
    for number in range(1, 1001):
        moment = next_sweep_at(sweep, number, start - 1)
        assert moment is not None
        quarters[int((moment - start) // 3600)] += 1

    assert sum(quarters) == 1000
    assert min(quarters) > 200


def test_a_moment_that_has_come_is_left_to_be_met_until_the_schedule_changes() -> None:
    sweep, other = Sweep(), Sweep(day="friday")
    now = at("2026-01-06T00:00+00:00")
    (passed,) = moments(sweep, 5, at("2026-01-01T00:00+00:00"), 1)

    assert rescheduled(passed, sweep, 5, now) == passed
    assert rescheduled(passed, other, 5, now) == next_sweep_at(other, 5, now)
    assert rescheduled(0.0, sweep, 5, now) == next_sweep_at(sweep, 5, now)
    assert rescheduled(NEVER, sweep, 5, now) == next_sweep_at(sweep, 5, now)


def test_a_missed_window_has_one_key_and_the_next_another() -> None:
    first, second = moments(Sweep(), 5, at("2026-01-01T00:00+00:00"), 2)

    assert window_key(5, first).startswith("sweep:5:20260105T0")
    assert len({window_key(5, first), window_key(5, second), window_key(6, first)}) == 3
