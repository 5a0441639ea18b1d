"""Facts that were mined stand beside the packs: found by the version, mended only where the environment has the target."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import Rung, Staleness
from workers.knowledge import facts
from workers.knowledge.packs import shipped
from workers.knowledge.rule import Rule, Symbol, version
from workers.protocols import Answer
from workers.review.rules import find, questions, with_resolution

DAY = dt.date(2026, 11, 20)
NOW = environment("3.12", numpy="2.4.0")


@pytest.fixture
def moved() -> Rule:
    """A mined function of numpy that was renamed where it stood."""
    return next(rule for rule in facts.rules_for(frozenset({"numpy"})) if _is_renamed(rule))


def _is_renamed(rule: Rule) -> bool:
    change, removed = rule.change, rule.gate.removed
    if not isinstance(change, Symbol) or change.new is None or removed is None or removed > version("2.4"):
        return False
    module, _, _ = change.old.rpartition(".")
    return module == change.new.rpartition(".")[0] and module.islower()


def test_a_mined_fact_is_found_and_waits_for_its_target(moved: Rule) -> None:
    module, _, name = moved.change.old.rpartition(".")
    document = notebook(f"from {module} import {name}\n{name}(1)")

    findings = [one for one in find(document, shipped(), NOW, as_of=DAY) if one.rule == moved.id]
    old, new = questions(findings, shipped())
    told = with_resolution(
        findings, [Answer(question=old, status="absent"), Answer(question=new, status="exists")], shipped()
    )
    refused = with_resolution(findings, [Answer(question=new, status="absent")], shipped())

    assert [(one.rung, one.staleness) for one in findings] == [(Rung.E2, Staleness.BROKEN)]
    assert findings[0].suggestion is not None
    assert not findings[0].suggestion.resolved
    assert [(one.rung, one.suggestion.resolved) for one in told if one.suggestion] == [(Rung.E4, True)]
    assert [one.suggestion for one in refused] == [None]


def test_packs_without_them_say_nothing(moved: Rule) -> None:
    module, _, name = moved.change.old.rpartition(".")
    document = notebook(f"from {module} import {name}")

    assert find(document, replace(shipped(), with_mined=False), NOW, as_of=DAY) == ()


def test_what_a_pack_says_is_said_once() -> None:
    found = find(notebook("import numpy as np\nnp.NaN"), shipped(), NOW, as_of=DAY)

    assert [one.rule for one in found] == ["numpy/NaN"]
