from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from tests.environments import environment
from workers.contract.domain import Staleness
from workers.contract.errors import ConfigError
from workers.knowledge.packs import load, shipped
from workers.knowledge.rule import Gate, Keyword, Pattern, Rule, Symbol, Value, judge, version

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "package: numpy\nsource: https://numpy.org/doc\nas_of: 2026-11-20\nrules:\n"


def pack(folder: Path, text: str, name: str = "numpy") -> Path:
    file = folder / f"{name}.yml"
    file.write_text(text)
    return file


def test_every_shipped_rule_has_a_source_a_date_and_a_gate() -> None:
    rules = shipped().rules

    assert len(rules) > 400
    assert all(rule.source.startswith("https://") for rule in rules)
    assert all(dt.date(2025, 1, 1) < rule.as_of <= dt.date(2027, 1, 1) for rule in rules)
    assert all(rule.gate.deprecated or rule.gate.removed for rule in rules)
    assert len({rule.id for rule in rules}) == len(rules)


def test_no_shipped_gate_runs_backwards() -> None:
    for rule in shipped().rules:
        gate = rule.gate
        in_order = [gate.deprecated, gate.removed, gate.restored]
        known = [step for step in in_order if step]
        assert known == sorted(known), rule.id
        if gate.since and gate.removed:
            assert gate.since <= gate.removed, rule.id


def test_no_shipped_target_is_itself_stale_at_any_version() -> None:
    rules = shipped().rules
    stale = {rule.change.old for rule in rules if isinstance(rule.change, Symbol)}
    keywords = {
        (call, rule.change.old) for rule in rules if isinstance(rule.change, Keyword) for call in rule.change.calls
    }

    for rule in rules:
        match rule.change:
            case Symbol(old=old, new=new):
                assert new not in stale, rule.id
                assert new != old, rule.id
            case Keyword(calls=calls, old=old, new=new):
                assert old == new or not {(call, new) for call in calls} & keywords, rule.id
            case Value(arguments=arguments, new=new):
                again = [
                    other
                    for other in rules
                    if isinstance(other.change, Value)
                    and other.change.old == new
                    and set(other.change.arguments) & set(arguments)
                ]
                assert not again, rule.id
            case Pattern():
                # Where it leads is in its cases.
                pass


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('  - {old: numpy.int, removed: "1.24", colour: red}', "colour"),
        ("  - {old: numpy.int, new: builtins.int}", "gate"),
        ("  - {old: numpy.int, removed: 1.20}", "removed"),
        ('  - {removed: "1.24"}', "what changed"),
        ('  - {keyword: {old: a, new: b}, removed: "1.24"}', "call"),
        ('  - {values: {M: ME}, removed: "1.24"}', "id"),
        ('  - {id: x, values: {M: ME}, arguments: nowhere, removed: "1.24"}', "nowhere"),
        ('  - {old: "numpy int", removed: "1.24"}', "old"),
    ],
)
def test_a_rule_that_cannot_be_judged_is_refused_by_name(tmp_path: Path, entry: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"(?s)pack numpy, rule .*{reason}"):
        load([pack(tmp_path, HEAD + entry)])


@pytest.mark.parametrize("line", ["source: https://numpy.org/doc\n", "as_of: 2026-11-20\n", "package: numpy\n"])
def test_a_rule_without_source_date_or_package_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=r"pack numpy, rule numpy\.int"):
        load([pack(tmp_path, HEAD.replace(line, "") + '  - {old: numpy.int, removed: "1.24"}')])


def test_a_file_that_is_no_pack_is_refused(tmp_path: Path) -> None:
    for text in ("rules: [", "just text", "rules:\n  - 3"):
        with pytest.raises(ConfigError, match="pack numpy"):
            load([pack(tmp_path, text)])


def test_two_rules_with_one_id_are_refused(tmp_path: Path) -> None:
    twice = '  - {old: numpy.int, removed: "1.24"}\n' * 2

    with pytest.raises(ConfigError, match="numpy/int"):
        load([pack(tmp_path, HEAD + twice)])


def test_a_table_of_renames_is_as_many_rules(tmp_path: Path) -> None:
    packs = load([pack(tmp_path, HEAD + '  - {renames: {numpy.int: builtins.int, numpy.who: null}, removed: "1.24"}')])

    assert [rule.id for rule in packs.rules] == ["numpy/int", "numpy/who"]
    assert [rule.change.new for rule in packs.rules] == ["builtins.int", None]
    assert packs.rule("numpy/who") is packs.rules[1]
    assert packs.rule("numpy/nothing") is None


def rule(gate: Gate, package: str = "numpy") -> Rule:
    change = Symbol(old="numpy.int", new="builtins.int")
    source = "https://numpy.org"
    return Rule(id="x/y", package=package, change=change, gate=gate, as_of=dt.date(2026, 1, 1), source=source)


@pytest.mark.parametrize(
    ("installed", "staleness"),
    [
        ("1.19.5", None),
        ("1.20.0", Staleness.DEPRECATED),
        ("1.23.9", Staleness.DEPRECATED),
        ("1.24.0rc1", Staleness.BROKEN),
        ("1.24", Staleness.BROKEN),
        ("2.0.0", None),
    ],
)
def test_the_installed_version_decides_what_a_rule_means(installed: str, staleness: Staleness | None) -> None:
    gate = Gate(deprecated=(1, 20), removed=(1, 24), restored=(2, 0))

    verdict = judge(rule(gate), environment(numpy=installed))

    assert (verdict.staleness if verdict else None) is staleness


def test_a_target_that_is_not_there_yet_is_known_to_be_missing() -> None:
    verdict = judge(rule(Gate(since=(2, 0), deprecated=(1, 20))), environment(numpy="1.26.4"))

    assert verdict is not None
    assert not verdict.reachable


def test_a_package_that_is_not_installed_leaves_the_class_open() -> None:
    verdict = judge(rule(Gate(removed=(1, 24))), environment())

    assert verdict is not None
    assert (verdict.staleness, verdict.installed) == (Staleness.DEPRECATED, None)


def test_the_standard_library_is_gated_by_the_interpreter() -> None:
    gate = Gate(removed=(3, 8))

    assert judge(rule(gate, "python"), environment("3.7")) is None
    broken = judge(rule(gate, "python"), environment("3.8"))
    assert broken is not None
    assert broken.staleness is Staleness.BROKEN


def test_versions_are_read_by_their_release_numbers() -> None:
    assert [version(text) for text in ("2.1.0rc1", "v1.2", "1!3.4", "1.0+cpu", "none")] == [
        (2, 1, 0),
        (1, 2),
        (3, 4),
        (1, 0),
        (),
    ]
