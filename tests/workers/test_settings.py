from datetime import date
from pathlib import Path
from typing import Any

import pytest

from workers.contract import config_file
from workers.contract.domain import Severity, Staleness
from workers.contract.errors import ConfigError
from workers.settings import Plan, Settings, assemble, judged_by

TODAY = date(2026, 11, 20)
REPO = Path("/srv/repo")


def plan(text: str = "", environ: dict[str, str] | None = None, **flags: Any) -> Plan:
    file = config_file.read(text.encode(), "m.yml")
    given = {f"--{name.replace('_', '-')}": value for name, value in flags.items()}
    return assemble(file, environ or {}, given, repo=REPO, as_of=TODAY)


def origins(of: Plan) -> dict[str, str]:
    return {value.key: value.origin for value in of.values}


def test_defaults_give_way_to_the_file_to_the_environment_to_flags() -> None:
    text = "limits:\n  timeout_s: 30\n  cell_timeout_s: 10\njobs: 3\n"

    made = plan(text, {"MENDLOOP_TIMEOUT_S": "20", "MENDLOOP_JOBS": "4"}, timeout_s=5.0)

    settings = made.roots[0].settings
    assert (settings.timeout_s, settings.jobs, settings.cell_timeout_s) == (5.0, 4, 10.0)
    assert settings.max_iterations == Settings(as_of=TODAY).max_iterations
    assert {
        "limits.timeout_s": "--timeout-s",
        "jobs": "$MENDLOOP_JOBS",
        "limits.cell_timeout_s": "m.yml:3",
        "max_iterations": "default",
    }.items() <= origins(made).items()


def test_a_root_changes_what_it_states_and_the_deepest_root_decides() -> None:
    text = """
outputs: clear
limits: {timeout_s: 30, memory_mb: 512}
roots:
- path: docs
  limits: {timeout_s: 60}
- path: docs/deep/
  outputs: keep
"""

    made = plan(text)

    top, docs, deep = (made.root_for(path) for path in ("a.ipynb", "docs/a.ipynb", "docs/deep/er/a.ipynb"))
    assert [root.path for root in (top, docs, deep)] == [".", "docs", "docs/deep"]
    assert (docs.settings.timeout_s, docs.settings.memory_mb, docs.settings.outputs) == (60.0, 512, "clear")
    assert (deep.settings.timeout_s, deep.settings.outputs) == (30.0, "keep")
    assert made.root_for("docsy/a.ipynb") is top
    assert origins(made)["docs.limits.timeout_s"] == "m.yml:6"


def test_flags_win_over_a_root_too() -> None:
    made = plan("roots: [{path: docs, max_iterations: 2}]", max_iterations=7)

    assert {root.settings.max_iterations for root in made.roots} == {7}


def test_how_much_one_iteration_mends_is_set_like_everything_else_and_without_limit_unless_it_is() -> None:
    text = "findings_per_iteration: 4\nroots: [{path: docs, findings_per_iteration: 2}]"

    def limits(of: Plan) -> list[int | None]:
        return [root.settings.findings_per_iteration for root in of.roots]

    assert limits(plan()) == [None]
    assert limits(plan(text)) == [2, 4]
    assert limits(plan(text, {"MENDLOOP_FINDINGS_PER_ITERATION": "3"})) == [3, 3]
    assert limits(plan(text, {"MENDLOOP_FINDINGS_PER_ITERATION": "3"}, findings_per_iteration=1)) == [1, 1]
    for wrong in ({"findings_per_iteration": 0}, {"findings_per_iteration": -1}):
        with pytest.raises(ConfigError, match=r"expected a number greater than or equal to 1"):
            plan("", None, **wrong)


def test_an_environment_is_typed_where_a_flag_or_a_variable_names_it() -> None:
    assert not plan("python: python3").roots[0].typed
    assert not plan().roots[0].typed
    assert plan("python: python3", {"MENDLOOP_PYTHON": "python3.12"}).roots[0].typed
    assert plan("", requirements="r.txt").roots[0].typed


def test_what_counts_follows_the_business_rules_unless_it_is_stated() -> None:
    default = {Staleness.BROKEN, Staleness.RETIRED, Staleness.DEPRECATED}

    assert plan().roots[0].settings.classes == default
    assert plan("business_rules: {preferred_chat_model: m}").roots[0].settings.classes == default | {Staleness.POLICY}
    assert plan("business_rules: {reader_experience: [a]}").roots[0].settings.classes == default | {Staleness.READER}
    stated = plan("classes: [broken]\nbusiness_rules: {preferred_chat_model: m}")
    assert stated.roots[0].settings.classes == {Staleness.BROKEN}
    assert plan("", {"MENDLOOP_CLASSES": "policy, reader"}).roots[0].settings.classes == {
        Staleness.POLICY,
        Staleness.READER,
    }


@pytest.mark.parametrize(
    ("environ", "flags", "message"),
    [
        ({"MENDLOOP_JOBS": "many"}, {}, '`$MENDLOOP_JOBS` is "many"; expected a whole number'),
        ({"MENDLOOP_MEMORY_MB": "1"}, {}, "`$MENDLOOP_MEMORY_MB` is 1; expected a number greater than or equal to 64"),
        ({"MENDLOOP_SEVERITY": "bad"}, {}, "`$MENDLOOP_SEVERITY` is \"bad\"; expected 'low', 'medium' or 'high'"),
        ({}, {"jobs": 0}, "`--jobs` is 0; expected a number greater than or equal to 1"),
        (
            {},
            {"python": "a", "requirements": "b"},
            "--python: an interpreter and requirements exclude each other; give one",
        ),
    ],
)
def test_a_wrong_variable_or_flag_is_named(environ: dict[str, str], flags: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan("", environ, **flags)

    assert str(caught.value) == message


def test_an_empty_variable_counts_as_unset() -> None:
    assert plan("", {"MENDLOOP_JOBS": ""}).roots[0].settings == plan().roots[0].settings


def test_the_highest_layer_that_names_an_environment_decides_over_both_keys() -> None:
    root = plan("requirements: docs/requirements.txt", python="/usr/bin/python3").roots[0]

    assert (root.python, root.requirements) == ("/usr/bin/python3", None)
    assert plan("requirements: r.txt").roots[0].requirements == REPO / "r.txt"
    assert plan("", requirements="r.txt").roots[0].requirements == Path("r.txt")


def test_a_file_of_the_checkout_may_not_name_a_program_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for python in (
        ".venv/bin/python",
        f"{tmp_path}/evil",
        f"{tmp_path}/link/evil",
        "../x/../" + tmp_path.name + "/evil",
    ):
        file = config_file.read(f"python: {python}".encode(), "m.yml")
        with pytest.raises(ConfigError, match="a program inside the checkout"):
            assemble(file, {}, {}, repo=tmp_path, as_of=TODAY)
    file = config_file.read(b"python: python3.11", "m.yml")

    assert assemble(file, {}, {}, repo=tmp_path, as_of=TODAY).roots[0].python == "python3.11"


def test_a_home_directory_that_is_not_there_is_a_mistake_in_the_file(tmp_path: Path) -> None:
    file = config_file.read(b"python: ~nobody-of-that-name/python", "m.yml")

    with pytest.raises(ConfigError, match="no such home directory"):
        assemble(file, {}, {}, repo=tmp_path, as_of=TODAY)


def test_the_digest_changes_with_any_setting_and_with_nothing_else() -> None:
    same = {plan("jobs: 3").roots[0].settings.digest for _ in range(3)}
    other = plan("jobs: 3\nbusiness_rules: {deprecated_models: [m]}").roots[0].settings.digest

    assert len(same) == 1
    assert other not in same
    assert Settings(as_of=TODAY).digest != Settings(as_of=TODAY, severity_threshold=Severity.HIGH).digest


def test_the_date_comes_from_the_flag_then_the_environment_then_today() -> None:
    environ = {"MENDLOOP_DATE": "2026-01-02"}

    assert judged_by("2026-03-04", environ, TODAY) == date(2026, 3, 4)
    assert judged_by(None, environ, TODAY) == date(2026, 1, 2)
    assert judged_by(None, {}, TODAY) == TODAY
    with pytest.raises(ConfigError, match="`--date` is 'tomorrow'; expected a date like 2026-11-20"):
        judged_by("tomorrow", {}, TODAY)


def test_reduced_runs_are_read_as_stated_and_a_root_has_its_own() -> None:
    made = plan("""
run: [{artifacts: ["long*.ipynb"], until_cell: 3, parameters: {epochs: 1, names: [a, null], rate: 0.5}}]
roots: [{path: docs, run: []}]
""")

    top, docs = (made.root_for(path).settings for path in ("a.ipynb", "docs/a.ipynb"))
    (entry,) = top.run
    assert (entry.artifacts, entry.until_cell) == (("long*.ipynb",), 3)
    assert entry.parameters == (("epochs", "1"), ("names", '["a", null]'), ("rate", "0.5"))
    assert docs.run == ()
    assert top.digest != docs.digest


@pytest.mark.parametrize(
    "entry",
    [
        "{artifacts: [a.ipynb]}",
        "{until_cell: 3}",
        "{artifacts: [], until_cell: 3}",
        "{artifacts: [a.ipynb], until_cell: -1}",
        "{artifacts: [a.ipynb], parameters: {'import os; x': 1}}",
        "{artifacts: [a.ipynb], parameters: {class: 1}}",
        "{artifacts: [a.ipynb], parameters: {x: {y: 1}}}",
        "{artifacts: [a.ipynb], parameters: {x: .inf}}",
    ],
)
def test_an_entry_that_reduces_nothing_or_cannot_be_set_is_refused(entry: str) -> None:
    with pytest.raises(ConfigError, match=r"`run\[0\]"):
        plan(f"run: [{entry}]")
