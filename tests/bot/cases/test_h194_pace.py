"""The pace in production is the one that GitHub asks for, unless an operator says otherwise."""

from __future__ import annotations

from bot.pacing import Pace
from bot.settings import github_settings
from tests.bot.running.test_process_settings import github


def test_h194_by_default_writes_keep_a_second_apart() -> None:
    assert (Pace().gap_s, Pace().per_minute, Pace().per_hour) == (1.0, 80, 500)
    assert github_settings(github()).pace_s == 1.0
