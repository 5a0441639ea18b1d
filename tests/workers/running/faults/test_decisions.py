"""Decisions made of a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.workers.running.faults.toy import WRITTEN, decision
from workers.environments.words import Asked
from workers.running.faults.decisions import Kind, holding, holds_back, name_of, others


def lines(asked: tuple[Asked, ...]) -> list[str]:
    return [each.requirement for each in asked]


def test_pinned_versions_are_compared_with_todays_and_then_with_those_of_the_date() -> None:
    pinned = decision(
        "pandas[excel]==1.5.3 --hash=sha256:" + "a" * 64, "numpy; python_version < '4'", constraints=["six==1.0"]
    )

    today, dated = others(pinned, WRITTEN)

    assert (today.kind, today.label) == (Kind.TODAY, "of today")
    assert lines(today.decision.asked) == ["pandas[excel]", 'numpy; python_version < "4"']
    assert today.decision.constraints == ()
    assert (dated.kind, dated.label) == (Kind.DATED, "of 2024-01-15")
    assert dated.decision == replace(pinned, as_of=WRITTEN, as_of_origin="the artifact's date")


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("a", False),
        ("a>=1", False),
        ("a!=1.1", False),
        ("a<2", True),
        ("a<=2", True),
        ("a~=1.0", True),
        ("a==1.*", True),
    ],
)
def test_a_declaration_holds_back_what_may_not_be_todays(line: str, held: bool) -> None:
    assert holds_back(decision(line)) is held
    assert holds_back(decision("b", constraints=[line])) is held


def test_without_pins_there_is_only_the_date_and_without_a_date_nothing() -> None:
    free = decision("pandas")

    assert [other.kind for other in others(free, WRITTEN)] == [Kind.DATED]
    assert others(free, None) == ()
    assert [other.kind for other in others(replace(free, as_of=WRITTEN), WRITTEN)] == [Kind.TODAY]
    assert others(replace(free, as_of=WRITTEN), WRITTEN)[0].decision.as_of is None


def test_held_versions_win_over_what_is_declared_and_over_its_date() -> None:
    declared = replace(decision("A.b[x]==1.0", "c>=2", constraints=["d==1", "e<3"]), as_of=date(2020, 1, 1))

    held = holding(declared, {"a-b": "2.0", "d": "5"})

    assert lines(held.asked) == ["A.b[x]==2.0", "c>=2"]
    assert lines(held.constraints) == ["e<3", "a-b==2.0", "d==5"]
    assert held.as_of is None


def test_what_lies_elsewhere_than_on_the_index_stays_as_it_is() -> None:
    elsewhere = Asked(requirement="a==1", origin="x", address="https://example.org/a.whl")
    declared = replace(decision(), asked=(elsewhere, Asked(requirement="not a requirement ==", origin="y")))

    assert [name_of(each) for each in declared.asked] == ["", ""]
    assert holding(declared, {"a": "2"}).asked == declared.asked
    assert not holds_back(declared)
