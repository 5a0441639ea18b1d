from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.validate.changes import rewritten
from tests.workers.validate.tricks import HONEST, SETUP, TRICKS, Attempt
from workers.contract.config import ConductRule
from workers.validate.comparison import Comparison
from workers.validate.conduct import INTEGRITY, RULES, Conduct
from workers.validate.policy import RULES as POLICY
from workers.validate.policy import Policy

ALL = {**INTEGRITY, **RULES}


def refused(attempt: Attempt) -> set[str]:
    comparison = Comparison(rewritten(attempt.before, attempt.after, SETUP))
    return {name for name, rule in ALL.items() if list(rule(comparison))}


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_a_trick_is_refused_by_the_rule_made_for_it(trick: Attempt) -> None:
    assert trick.rule in refused(trick)


@pytest.mark.parametrize("honest", HONEST, ids=lambda honest: honest.name)
async def test_an_honest_repair_is_accepted(honest: Attempt) -> None:
    case = await Conduct(ALL).check(rewritten(honest.before, honest.after, SETUP))
    policy = await Policy().check(rewritten(honest.before, honest.after, SETUP))

    assert case.passed, case.evidence
    assert policy.passed, policy.evidence


@pytest.mark.parametrize("rule", sorted({trick.rule for trick in TRICKS}))
async def test_without_any_one_rule_a_trick_gets_through(rule: str) -> None:
    twin = Conduct({name: judge for name, judge in ALL.items() if name != rule})

    cases = [await twin.check(rewritten(trick.before, trick.after, SETUP)) for trick in TRICKS]

    assert any(case.passed for case in cases)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
async def test_an_owner_may_lift_every_rule_by_its_name(trick: Attempt) -> None:
    lifted = frozenset(refused(trick))

    case = await Conduct(ALL, overrides=lifted).check(rewritten(trick.before, trick.after, SETUP))

    assert case.passed


def test_the_configuration_knows_every_rule_by_its_name() -> None:
    own = {"must-keep", "protected-cell"}

    assert set(get_args(ConductRule)) == set(ALL) | own


PIECES = st.sampled_from(
    [
        "print 'a'",
        "def f(",
        "\x00",
        "%%bash\n",
        "!ls ",
        "((((" * 100,
        "assert a",
        "try:\n ",
        "if 0:",
        "\n",
        " ",
        "\t",
        "a = 1",
        "é",
        '"""',
    ]
)
SOURCES = st.lists(st.one_of(PIECES, st.text(alphabet="ab1 =()[]:.,'\"#%!\n\\", max_size=12)), max_size=8).map("".join)


@settings(max_examples=100, deadline=None)
@given(SOURCES, SOURCES)
def test_whatever_a_cell_holds_it_is_judged_and_no_change_is_no_trick(before: str, after: str) -> None:
    rules = Conduct({**ALL, **POLICY})

    assert rules.judge(Comparison(rewritten(before, after))).name == "conduct"
    assert rules.judge(Comparison(rewritten(before, before))).passed
