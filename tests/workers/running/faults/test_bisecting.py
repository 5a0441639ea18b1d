"""Bisection, delta debugging and coupling as they are, over any history."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from workers.running.faults.bisecting import Bisection
from workers.running.faults.coupling import Locked, differing, together
from workers.running.faults.shrinking import Shrinking, split

if TYPE_CHECKING:
    from random import Random

HISTORIES = st.lists(st.sampled_from([True, False, None]), max_size=60).map(lambda inner: [True, *inner, False])


def walked(history: list[bool | None], *, backwards: bool = False) -> tuple[Bisection, list[int]]:
    last = len(history) - 1
    bisection = Bisection(good=0, bad=last)
    tried: list[int] = []
    while (place := bisection.next()) is not None:
        tried.append(place)
        bisection.told(place, runs=history[place])
    return bisection, tried


@given(HISTORIES)
@settings(max_examples=150, deadline=None)
def test_whatever_the_history_the_end_is_a_release_that_ran_and_one_that_failed_with_nothing_known_between(
    history: list[bool | None],
) -> None:
    bisection, tried = walked(history)

    assert history[bisection.good] is True
    assert history[bisection.bad] is False
    assert all(history[place] is None for place in bisection.between)
    assert len(tried) == len(set(tried))
    assert len(tried) <= math.ceil(math.log2(len(history))) + history.count(None)


@given(st.integers(0, 200), st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_in_a_history_that_breaks_once_that_release_is_found(before: int, after: int) -> None:
    history: list[bool | None] = [*[True] * (before + 1), *[False] * (after + 1)]

    bisection, tried = walked(history)

    assert (bisection.good, bisection.bad) == (before, before + 1)
    assert len(tried) <= math.ceil(math.log2(len(history)))


@given(st.sets(st.integers(0, 39), min_size=1), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
async def test_of_packages_that_are_all_needed_exactly_those_are_left(needed: set[int], many: int) -> None:
    names = tuple(f"p{number:02}" for number in range(40)[: max(many, max(needed) + 1)])
    wanted = frozenset(f"p{number:02}" for number in needed)
    asked = 0

    async def enough(chosen: frozenset[str]) -> bool:
        nonlocal asked
        asked += 1
        return wanted <= chosen

    shrinking = Shrinking(names)
    await shrinking.run(enough)

    assert shrinking.minimal
    assert set(shrinking.items) == wanted
    if len(wanted) == 1:
        assert asked <= 2 * math.ceil(math.log2(len(names)) + 1)


@given(st.integers(1, 8), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
async def test_whatever_the_answers_are_what_is_left_was_enough_and_no_single_one_can_go(
    many: int, chance: Random
) -> None:
    names = tuple(f"p{number}" for number in range(many))
    answers: dict[frozenset[str], bool] = {frozenset(names): True}

    async def enough(chosen: frozenset[str]) -> bool:
        return answers.setdefault(chosen, chance.random() < 0.4)

    shrinking = Shrinking(names)
    await shrinking.run(enough)

    left = frozenset(shrinking.items)
    assert answers[left]
    assert all(answers[left - {name}] is False for name in left if len(left) > 1)


async def test_a_suspect_is_tried_alone_first() -> None:
    asked: list[frozenset[str]] = []

    async def enough(chosen: frozenset[str]) -> bool:
        asked.append(chosen)
        return "g" in chosen

    shrinking = Shrinking(tuple("abcdefgh"))
    await shrinking.run(enough, ("unknown", "g"))

    assert shrinking.items == ("g",)
    assert asked == [frozenset("g")]


@given(st.lists(st.integers(), max_size=30, unique=True), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_pieces_are_the_whole_in_its_order(numbers: list[int], parts: int) -> None:
    items = tuple(map(str, numbers))

    pieces = split(items, parts)

    assert tuple(item for piece in pieces for item in piece) == items
    assert all(pieces)


def test_packages_that_ask_for_each_other_change_together() -> None:
    old = {
        "app": Locked(version="1.0", requires=("base<2",)),
        "base": Locked(version="1.0"),
        "other": Locked(version="1.0"),
        "same": Locked(version="1.0", requires=("base>=1",)),
    }
    new = {
        "app": Locked(version="2.0", requires=("base>=2", "optional; extra == 'x'")),
        "base": Locked(version="2.0"),
        "other": Locked(version="2.0"),
        "same": Locked(version="1.0", requires=("base>=1",)),
        "added": Locked(version="1.0"),
    }

    assert differing(old, new) == {"app", "base", "other"}
    assert together(frozenset({"other"}), old, new) == {"other"}
    assert together(frozenset({"base"}), old, new) == {"app", "base"}
    assert together(frozenset({"app"}), old, new) == {"app", "base"}
    assert together(frozenset({"added"}), old, new) == frozenset()


LOCKS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["<2", ">=2", ">=1", "==1.0"])), max_size=12
)


@given(LOCKS, LOCKS, st.sets(st.integers(0, 5)))
@settings(max_examples=100, deadline=None)
def test_what_changes_together_is_closed_and_holds_what_was_wanted(
    olds: list[tuple[int, int, str]], news: list[tuple[int, int, str]], wanted: set[int]
) -> None:
    old, new = (
        {f"p{n}": Locked(version=version, requires=tuple(f"p{to}{spec}" for of, to, spec in needs if of == n)) for n in range(6)}
        for version, needs in (("1.0", olds), ("2.0", news))
    )  # fmt: skip
    names = frozenset(f"p{number}" for number in wanted)

    moved = together(names, old, new)

    assert names <= moved
    assert together(moved, old, new) == moved
