from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract.ledger import Claim, LostClaimError
from workers.contract.ledger.verdicts import (
    MAX_TRIES,
    REASON_CHARS,
    Later,
    Lost,
    Parked,
    PutBack,
    after_failure,
    before_work,
)

if TYPE_CHECKING:
    from workers.contract.ledger.verdicts import Verdict


def claim(tries: int, reason: str = "") -> Claim:
    return Claim(table="jobs", id=1, owner="me", fencing=tries, tries=tries, row={"reason": reason})


@pytest.mark.parametrize(
    ("error", "tries", "verdict"),
    [
        (ValueError("odd\nvalue"), 1, Later(5, "ValueError: odd value", counts=True)),
        (ValueError("odd"), 2, Later(20, "ValueError: odd", counts=True)),
        (ValueError("odd"), 3, Parked("ValueError: odd")),
        (PutBack(60, "GitHub is down"), 1, Later(60, "GitHub is down", counts=False)),
        (PutBack(60, "GitHub is down"), 99, Later(60, "GitHub is down", counts=False)),
        (PutBack(60, "no run", counts=True), 2, Later(60, "no run", counts=True)),
        (PutBack(60, "no run", counts=True), 3, Parked("no run")),
        (LostClaimError("gone"), 3, Lost()),
        (ExceptionGroup("tasks", [ValueError("odd"), ExceptionGroup("more", [LostClaimError("gone")])]), 3, Lost()),
        (ExceptionGroup("tasks", [ValueError("odd"), PutBack(9, "weather")]), 3, Later(9, "weather", counts=False)),
        (ExceptionGroup("tasks", [ValueError("odd"), KeyError("k")]), 3, Parked("ValueError: odd")),
    ],
)
def test_what_becomes_of_a_row(error: Exception, tries: int, verdict: Verdict) -> None:
    assert after_failure(error, tries) == verdict


@given(st.text(), st.integers(1, 10))
def test_a_row_is_put_back_at_most_so_often_and_its_reason_is_short(words: str, tries: int) -> None:
    verdict = after_failure(RuntimeError(words), tries)

    assert isinstance(verdict, Parked) == (tries >= MAX_TRIES)
    assert isinstance(verdict, Later | Parked)
    assert len(verdict.reason) <= REASON_CHARS
    assert "\n" not in verdict.reason


def test_f228_a_row_whose_workers_never_came_back_is_parked_unread() -> None:
    assert before_work(claim(3)) is None

    parked = before_work(claim(4, "MemoryError"))

    assert parked is not None
    assert "3 times" in parked.reason
    assert "MemoryError" in parked.reason


def test_a_put_back_is_read_as_its_reason() -> None:
    error: Any = PutBack(1, "GitHub is down")

    assert (str(error), error.counts) == ("GitHub is down", False)
