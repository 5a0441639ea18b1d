"""No attack goes without a test."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.workers.sandbox.attacks.cases import ELSEWHERE, NUMBERS, SEEN
from tests.workers.sandbox.attacks.launchers import functions

TESTS = Path(__file__).parents[2]
PROBES = Path(__file__).parent / "probes"


@cache
def named_tests() -> frozenset[str]:
    """The names of all tests below `tests/workers`."""
    trees = (ast.parse(path.read_text("utf-8")) for path in TESTS.rglob("test_*.py"))
    functions = (
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def without_a_test(numbers: tuple[str, ...], named: frozenset[str]) -> list[str]:
    shown = {case.number for case in SEEN}
    shown |= {number for number, names in ELSEWHERE.items() if set(names) <= named}
    shown |= {found.upper() for name in named for found in re.findall(r"(?<=_)x\d{3}(?=_)", name)}
    return [number for number in numbers if number not in shown]


def test_every_number_has_a_case_or_a_test() -> None:
    assert without_a_test(NUMBERS, named_tests()) == []


def test_a_number_that_nobody_thought_of_is_noticed() -> None:
    assert without_a_test((*NUMBERS, "X171"), named_tests()) == ["X171"]
    assert "X162" in without_a_test(NUMBERS, frozenset())


@pytest.mark.parametrize("number", ELSEWHERE)
def test_the_tests_that_are_named_are_there(number: str) -> None:
    assert [name for name in ELSEWHERE[number] if name not in named_tests()] == []


def test_every_probe_is_asked_and_every_case_has_its_probe() -> None:
    trees = [ast.parse((PROBES / f"{name}.py").read_text("utf-8")) for name in ("surroundings", "kernel")]
    defined = {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}
    helpers = {"text", "pids", "refusal", "below", "in_a_child", "call"}

    assert set(functions()) == defined - helpers
    assert len({case.name + case.holds for case in SEEN}) == len(SEEN)
