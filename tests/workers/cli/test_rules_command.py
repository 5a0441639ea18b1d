"""`mendloop rules test`, `list` and `explain`: each thing that can be wrong with a rule is caught and told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from workers.cli import app
from workers.cli.rules_testing import test as try_rules
from workers.contract.errors import ConfigError
from workers.knowledge.packs import files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
package: numpy
source: https://numpy.org/doc
as_of: 2026-11-20
given: import numpy as np
rules:
"""
SOUND = """\
  - old: numpy.asscalar
    new: numpy.item
    removed: "1.23"
    cases:
      - {before: "np.asscalar(a)", after: "np.item(a)"}
      - {untouched: "a.asscalar()"}
"""


def tried(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    file = folder / "mine.yml"
    file.write_text(text)
    return try_rules([str(file)], None), capsys.readouterr().out


def test_a_sound_pack_passes_with_all_that_is_made_of_its_cases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = tried(tmp_path, HEAD + SOUND, capsys)

    assert (code, told) == (0, "8 cases tried, 0 failed\n")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('after: "np.item(a)"', 'after: "np.itm(a)"', "-np.itm(a)\n+np.item(a)"),
        ('before: "np.asscalar(a)"', 'before: "np.as_scalar(a)"', "nothing was found"),
        ('untouched: "a.asscalar()"', 'untouched: "np.asscalar"', "must be left alone"),
        ('before: "np.asscalar(a)", after: "np.item(a)"', 'reported: "np.asscalar(a)"', "left to a person"),
        ('removed: "1.23"', 'removed: "1.23"\n    restored: "1.23"', "nothing was found"),
    ],
)
def test_a_rule_that_does_not_do_what_its_cases_say_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, told: str
) -> None:
    assert old in SOUND

    code, said = tried(tmp_path, HEAD + SOUND.replace(old, new), capsys)

    assert code == 1
    assert "FAILED mine/asscalar" in said
    assert told in said


def test_a_fix_that_is_found_again_in_what_it_made_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = """\
  - id: again
    deprecated: "1.0"
    match: {pattern: "f($X)"}
    fix: "f(f($X))"
    cases: [{before: "f(1)", after: "f(f(1))"}]
"""

    code, told = tried(tmp_path, HEAD + rule, capsys)

    assert code == 1
    assert "mended a second time" in told


def test_a_rule_that_edits_another_library_is_caught_by_what_is_made_of_its_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = """\
  - id: greedy
    deprecated: "1.0"
    match: {pattern: "f($X)"}
    fix: "g($X)"
    cases: [{before: "f(1)", after: "g(1)"}, {untouched: "class Mine:\\n    pass\\n\\nf(2)"}]
"""

    code, told = tried(tmp_path, HEAD + rule, capsys)

    assert (code, told.count("FAILED")) == (1, 1)


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        (
            '    cases:\n      - {before: "np.asscalar(a)", after: "np.item(a)"}\n      - {untouched: "a.asscalar()"}\n',
            "`cases`",
        ),
        ('      - {before: "np.asscalar(a)", after: "np.item(a)"}\n', "no case shows it at work"),
    ],
)
def test_a_rule_without_cases_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], left_out: str, told: str
) -> None:
    code, said = tried(tmp_path, HEAD + SOUND.replace(left_out, ""), capsys)

    assert code == 1
    assert "REFUSED mine/asscalar" in said
    assert told in said


def test_every_name_of_a_table_needs_a_case_and_a_template_gives_it_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = (
        '  - renames: {numpy.a: numpy.b, numpy.c: null}\n    removed: "1.0"\n    cases: [{before: np.a, after: np.b}]\n'
    )
    each = '    each: {before: "np.{name}", after: "np.{new_name}"}\n'

    without, told = tried(tmp_path, HEAD + table, capsys)
    with_each, _ = tried(tmp_path, HEAD + table + each, capsys)

    assert (without, with_each) == (1, 0)
    assert "REFUSED mine/a" in told
    assert "REFUSED mine/c" in told


def test_a_name_that_is_no_pack_is_refused() -> None:
    with pytest.raises(ConfigError, match="nowhere is no pack and no file"):
        try_rules(["nowhere"], None)


@pytest.mark.parametrize("pack", [file.name.removesuffix(".yml") for file in files()])
def test_every_shipped_rule_keeps_its_cases(pack: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = try_rules([pack], None)

    assert code == 0, capsys.readouterr().out


def test_the_shapes_keep_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    code = try_rules(["shapes"], None)

    assert code == 0, capsys.readouterr().out


def test_rules_of_a_configuration_are_tried_listed_and_explained(tmp_path: Path) -> None:
    config = tmp_path / "mendloop.yml"
    config.write_text("""\
rules:
  - id: our-loader
    package: none
    class: policy
    source: https://example.org/guide
    as_of: 2026-11-20
    match: {pattern: "read($X)"}
    fix: "load($X)"
    cases: [{before: "read(1)", after: "load(1)"}]
""")
    runner = CliRunner()

    tried = runner.invoke(app, ["rules", "test", "--config", str(config)])
    listed = runner.invoke(app, ["rules", "list", "--json", "--config", str(config)])
    told = runner.invoke(app, ["rules", "explain", "own/our-loader", "--config", str(config)])

    assert (tried.exit_code, tried.stdout.splitlines()[-1]) == (0, "3 cases tried, 0 failed")
    rows = {row["id"]: row for row in json.loads(listed.stdout)["rules"]}
    assert rows["own/our-loader"]["class"] == "policy"
    assert rows["numpy/int"]["removed"] == "1.24"
    assert "https://example.org/guide (as of 2026-11-20)" in told.stdout
    assert "    > load(1)" in told.stdout


def test_an_unknown_rule_is_answered_with_the_nearest_known_one() -> None:
    error = CliRunner().invoke(app, ["rules", "explain", "numpy/intt"]).exception

    assert isinstance(error, ConfigError)
    assert "did you mean numpy/int?" in str(error)
