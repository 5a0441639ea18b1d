from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.review.whereto.series import Series, last_of_each


def searched(row: list[bool]) -> tuple[int | None, int]:
    series, looks = Series(tuple(map(str, range(len(row))))), 0
    while (place := series.next()) is not None:
        assert 0 <= place < len(row)
        looks += 1
        series.told(place, has=row[place])
    return series.good, looks


@given(st.integers(0, 60), st.integers(0, 60))
def test_what_was_there_until_one_day_is_found_at_its_last_release(has: int, lacks: int) -> None:
    good, looks = searched([True] * has + [False] * lacks)

    assert good == (has - 1 if has else None)
    assert looks <= (13 if has else lacks)


@given(st.integers(0, 20), st.integers(1, 20), st.integers(1, 20))
def test_what_came_and_went_between_is_found_too(before: int, there: int, after: int) -> None:
    good, _ = searched([False] * before + [True] * there + [False] * after)

    assert good == before + there - 1


@given(st.lists(st.booleans(), max_size=40))
def test_any_row_comes_to_an_end_at_a_release_that_has_it_before_one_that_has_not(row: list[bool]) -> None:
    good, looks = searched(row)

    assert looks <= len(row)
    assert (good is None) == (not any(row))
    if good is not None:
        assert row[good]
        assert good + 1 == len(row) or not row[good + 1]


def test_a_series_stands_for_its_last_release_before_the_installed_one() -> None:
    offered = ["1.0", "1.0.1", "1.1rc1", "1.1", "1.2.9", "1.2.10", "2.0", "2.0.5", "2.1", "nonsense", "2.0.dev3"]

    assert last_of_each(offered, below="2.0.5") == ("1.0.1", "1.1", "1.2.10", "2.0")
    assert last_of_each([], below="1") == ()
