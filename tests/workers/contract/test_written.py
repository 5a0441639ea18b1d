"""Rules of a configuration: whatever cannot be used is refused where it stands, by name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from workers.contract import config_file
from workers.contract.errors import ConfigError
from workers.settings import assemble

SOUND = """\
rules:
  - id: mine
    package: pandas
    deprecated: "2.0"
    source: https://example.org/guide
    as_of: 2026-11-20
    match: {pattern: "$X.old($$$ALL)", language: python}
    where: {$X: {is: pandas.DataFrame}, not inside: "with $A: $$$B"}
    fix: "$X.new($$$ALL)"
    cases: [{before: "a.old(1)", after: "a.new(1)"}]
"""


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        config_file.read(text.encode(), "mendloop.yml")
    return str(error.value)


def test_a_sound_rule_is_read() -> None:
    (rule,) = config_file.read(SOUND.encode(), "mendloop.yml").config.rules

    assert rule.stands_for() == {"$X": "pandas.DataFrame"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    source: https://example.org/guide\n", "", "rule mine: needs a `source`"),
        ('    deprecated: "2.0"\n', "", "rule mine: needs a gate"),
        ('    cases: [{before: "a.old(1)", after: "a.new(1)"}]\n', "", "rule mine: needs `cases`"),
        ("  - id: mine\n", "  - severity: low\n", "needs an `id`"),
        ("package: pandas", "package: none", "`class: policy`"),
        ("    source:", "    sauce:", "did you mean `source`?"),
        ("{is: pandas", "{its: pandas", "did you mean `is`?"),
        ("not inside:", "not insight:", "did you mean `not inside`?"),
        ("$X.old($$$ALL)", "$X.old($$$ALL", "is no python"),
        ("$X.new(", "$Y.new(", "`$Y` is no metavariable"),
        ('pattern: "$X.old($$$ALL)"', 'pattern: "$X"', "no metavariable"),
        ("language: python", "language: cobol", "language"),
        ("language: python", "language: go", "is no go"),
        ("{is: pandas.DataFrame}", '{regex: "(?=a)"}', "look-ahead"),
        ("{is: pandas.DataFrame}", '{regex: "("}', "regex"),
        ("{is: pandas.DataFrame}", "{kind: no_such_kind}", "no_such_kind"),
        ("pattern: ", "symbol: a.b, pattern: ", "one of symbol"),
        ('after: "a.new(1)"', 'untouched: "x"', "`before` and `after` go together"),
        ("$X.old($$$ALL)", f"$X.old({'$$$A, ' * 5}$$$ALL)", "more than 4"),
        ("$X.old($$$ALL)", f"$X.old({'a' * 1001})", "1000"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(old: str, new: str, told: str) -> None:
    assert old in SOUND

    message = refused(SOUND.replace(old, new))

    assert message.startswith("mendloop.yml:")
    assert told in message


def test_a_huge_configuration_is_refused_before_it_is_read() -> None:
    assert "at most" in refused(SOUND + "# " + "x" * 2**17)


def test_more_rules_than_anybody_reads_are_refused() -> None:
    one = SOUND.partition("\n")[2]
    few = one.replace("    where:", "    #").replace('"$X.old($$$ALL)", language: python', "f($X)").replace("fix", "#")
    short = "\n".join(line for line in few.splitlines() if "#" not in line) + "\n"

    assert "200" in refused("rules:\n" + short * 201)


def test_a_rule_of_policy_makes_policy_count() -> None:
    text = SOUND.replace("package: pandas", "package: none\n    class: policy").replace('    deprecated: "2.0"\n', "")
    plan = assemble(config_file.read(text.encode(), "mendloop.yml"), {}, {}, repo=Path(), as_of=date(2026, 11, 20))

    assert "policy" in plan.roots[0].settings.classes
    assert [rule.id for rule in plan.roots[0].settings.rules] == ["mine"]
