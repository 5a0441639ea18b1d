"""The mined facts that come with mendloop, and how they are handed out."""

from __future__ import annotations

import json
from datetime import date
from importlib import resources
from typing import Any

import pytest

from workers.knowledge import facts
from workers.knowledge.facts import Shelf
from workers.knowledge.packs import shipped
from workers.knowledge.rule import Keyword, Pattern, Rule, Symbol, Value, version

_FOLDER = resources.files("workers.knowledge") / "mined"
_KINDS = {"symbol": 10, "keyword": 11, "value": 13}
_FOUND = {"decorator", "table", "warning", "docstring", "difference"}


def _page(package: str) -> dict[str, Any]:
    return json.loads((_FOLDER / f"{package}.json").read_text(encoding="utf-8"))


def _faults(page: dict[str, Any]) -> list[str]:
    """What a file may not hold, each with the row."""
    found: list[str] = []
    rows = page["facts"]
    keys = [(row[0], row[1], tuple(row[10]) if len(row) > 10 else (), row[11] if len(row) > 11 else "") for row in rows]
    if keys != sorted(keys) or len(set(keys)) != len(keys):
        found.append("not sorted, or one thing twice")
    for row in rows:
        kind, old, new, since, deprecated, removed, _, how, at, words = row[:10]
        said = f"{page['package']}: {old}"
        if len(row) != _KINDS.get(kind) or how not in _FOUND or "@" not in at:
            found.append(f"{said}: is not of the form")
        if not (version(deprecated) or version(removed)):
            found.append(f"{said}: has no gate")
        if new == old or (new and words) or (removed and removed not in page["releases"]):
            found.append(f"{said}: contradicts itself")
        if any(part.startswith("_") for part in (new or old).split(".")) or len(words) > 120:
            found.append(f"{said}: is private, or a sentence")
        inside = new is not None and kind == "symbol" and new.partition(".")[0] in page["modules"]
        if inside and since not in page["releases"]:
            found.append(f"{said}: has a target and no version that it is there from")
    return found


@pytest.mark.parametrize("package", facts.packages())
def test_every_shipped_file_keeps_to_its_form(package: str) -> None:
    assert _faults(_page(package)) == []


def test_the_check_of_the_form_sees_what_is_wrong() -> None:
    good = ["symbol", "lib.a", "lib.b", "1.0", "1.0", "2.0", "", "table", "lib/__init__.py:1@1.0", ""]
    page = {"package": "lib", "modules": ["lib"], "releases": ["1.0", "2.0"]}
    broken = [
        {4: "", 5: ""},
        {2: "lib.a"},
        {2: "lib._b"},
        {3: "0.9"},
        {5: "3.0"},
        {7: "hearsay"},
        {9: "Use the other one."},
        {8: "lib/__init__.py"},
    ]

    assert _faults({**page, "facts": [good]}) == []
    assert _faults({**page, "facts": [good, good]}) != []
    for change in broken:
        row = [change.get(at, value) for at, value in enumerate(good)]
        assert _faults({**page, "facts": [row]}) != [], change


def test_the_folder_stays_small_and_names_every_file() -> None:
    files = [file for file in _FOLDER.iterdir() if file.name.endswith(".json")]

    assert sum(len(file.read_bytes()) for file in files) < 3 << 20
    assert {file.name.removesuffix(".json") for file in files} - {"index"} == set(facts.packages())
    assert all(_page(package)["package"] == package for package in facts.packages())


def test_every_rule_has_an_id_of_its_own_and_a_source() -> None:
    modules = frozenset(json.loads((_FOLDER / "index.json").read_text(encoding="utf-8")))

    rules = facts.rules_for(modules)

    assert len(rules) > 1000
    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.source.startswith("https://") and (rule.gate.deprecated or rule.gate.removed) for rule in rules)
    assert not {rule.id for rule in rules} & {rule.id for rule in shipped().rules}


def test_what_a_pack_states_is_left_to_the_pack() -> None:
    modules = frozenset(json.loads((_FOLDER / "index.json").read_text(encoding="utf-8")))
    symbols = {rule.change.old for rule in shipped().rules if isinstance(rule.change, Symbol)}
    keywords = {
        (call, rule.change.old)
        for rule in shipped().rules
        if isinstance(rule.change, Keyword)
        for call in rule.change.calls
    }

    for rule in facts.rules_for(modules):
        match rule.change:
            case Symbol(old=old):
                assert old not in symbols
            case Keyword(calls=calls, old=old):
                assert not {(call, old) for call in calls} & keywords
            case Value() | Pattern():
                pass


def test_a_document_that_imports_none_of_the_packages_has_no_rules_and_reads_nothing() -> None:
    facts.shelf.cache_clear()

    assert facts.rules_for(frozenset({"my_own_module", "another.one"})) == ()
    assert facts.shelf.cache_info().misses == 0


def _moved() -> Rule:
    """Some mined rule about a name that is somewhere else now."""
    every = facts.rules_for(frozenset({"langchain.llms"}))
    return next(rule for rule in every if isinstance(rule.change, Symbol) and rule.change.new)


def test_the_words_of_a_document_leave_the_other_rules_unmade() -> None:
    moved = _moved()
    every = facts.rules_for(frozenset({"langchain.llms"}))

    few = facts.rules_for(frozenset({"langchain.llms"}), frozenset(moved.id.rpartition("/")[2].split(".")))

    assert moved in few
    assert set(few) < set(every)
    assert facts.rules_for(frozenset({"langchain.llms"}), frozenset({"no_such_word"})) == ()


def test_what_is_known_of_one_name_is_the_name_first_and_then_its_keywords() -> None:
    moved = _moved()

    found = facts.targets(moved.id.rpartition("/")[2])

    assert found[0] == moved
    assert all(not isinstance(rule.change, Symbol) for rule in found[1:])
    assert facts.targets("langchain.chat_models.NoSuchModel") == ()
    assert facts.targets("no_such_package.name") == ()


def test_a_row_of_each_kind_becomes_its_rule() -> None:
    rows = [
        ["keyword", "shade", "fill", "0.11", "0.12", "", "", "warning", "lib/a.py:1@0.12", "", ["lib_x.plot"]],
        ["symbol", "lib_x.a", None, "", "", "2.0", "3.0", "difference", "lib/a.py:1@1.0", "lib_x.b"],
        ["value", "mse", "squared", "", "1.0", "", "", "warning", "lib/a.py:1@1.0", "", ["lib_x.fit"], "loss", 1],
    ]
    shelf = Shelf(json.dumps({"package": "lib-x", "as_of": "2026-11-21", "facts": rows}))

    keyword, symbol, value = shelf.rules(None)

    assert keyword.id == "mined/lib-x/lib_x.plot-shade"
    assert keyword.change == Keyword(calls=("lib_x.plot",), old="shade", new="fill")
    assert (keyword.gate.since, keyword.gate.deprecated, keyword.as_of) == ((0, 11), (0, 12), date(2026, 11, 21))
    assert (symbol.gate.removed, symbol.gate.restored) == ((2, 0), (3, 0))
    assert "Perhaps `lib_x.b`" in symbol.message
    assert isinstance(value.change, Value)
    assert (value.change.old, value.change.arguments[0].position) == ("mse", 1)
