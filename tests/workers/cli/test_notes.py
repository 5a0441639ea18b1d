"""What a person is told beside the results: on standard error, so that results stay results."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.builders import notebook
from tests.workers.cli.commands import ROOT, mendloop

if TYPE_CHECKING:
    from pathlib import Path

SCAN = json.loads((ROOT / "docs" / "scan.schema.json").read_text())


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    (made / ".git").mkdir(parents=True)
    (made / ".github").mkdir()
    (made / "docs").mkdir()
    (made / "a.ipynb").write_bytes(notebook("print(1)").raw)
    return made


def test_a_folder_without_notebooks_is_said_to_have_none(repo: Path) -> None:
    done = mendloop("scan", "docs", cwd=repo)

    assert done.returncode == 0
    assert "mendloop: no notebook found in docs." in done.stderr
    assert done.stdout.strip() == "0 findings in 0 artifacts, 0 of them count"


def test_a_folder_with_notebooks_gets_no_note(repo: Path) -> None:
    done = mendloop("scan", ".", cwd=repo)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["scan", "repair"])
def test_requirements_that_are_typed_and_not_there_end_with_2_even_where_nothing_needs_them(
    repo: Path, command: str
) -> None:
    done = mendloop(command, "docs", "--requirements", "docs/none.txt", cwd=repo)

    assert done.returncode == 2
    assert "--requirements: there is no file docs/none.txt; it is looked for from the current folder" in done.stderr


@pytest.mark.parametrize("name", [".github/mendloop.yaml", "mendloop.yml"])
def test_a_configuration_in_the_wrong_place_is_said_not_to_be_read(repo: Path, name: str) -> None:
    (repo / name).write_text("jobs: 3\n")

    said = f"mendloop: there is no .github/mendloop.yml, so every setting has its default; {name} is not read: rename it.\n"
    for arguments in (("config", "check"), ("scan", "a.ipynb")):
        assert mendloop(*arguments, cwd=repo).stderr == said

    (repo / ".github/mendloop.yml").write_text("{}\n")
    assert mendloop("scan", "a.ipynb", cwd=repo).stderr == ""


def test_config_check_says_that_there_is_no_file(repo: Path) -> None:
    done = mendloop("config", "check", cwd=repo)

    assert done.returncode == 0
    assert f"there is no .github/mendloop.yml in {repo}: what is shown are the defaults" in done.stderr


def test_config_check_refuses_a_folder_and_a_file_that_are_not_there(repo: Path) -> None:
    text = "requirements: docs/nope.txt\nroots:\n- path: nope\n- path: docs\n"
    (repo / ".github/mendloop.yml").write_text(text)

    done = mendloop("config", "check", cwd=repo)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "mendloop: .github/mendloop.yml:3: `roots[0].path` is 'nope'; there is no such folder",
        ".github/mendloop.yml:1: `requirements` is 'docs/nope.txt'; there is no such file in the repository",
    ]

    (repo / "nope").mkdir()
    (repo / "docs/nope.txt").write_text("")
    assert mendloop("config", "check", cwd=repo).returncode == 0


def test_a_variable_that_looks_like_a_slip_is_named_with_what_was_meant(repo: Path) -> None:
    slip, other = {"MENDLOOP_TIMOUT_S": "3"}, {"MENDLOOP_FOO": "33"}

    assert mendloop("scan", "a.ipynb", cwd=repo, **slip).stderr == (
        "mendloop: MENDLOOP_TIMOUT_S is set, and no command reads it; did you mean MENDLOOP_TIMEOUT_S?\n"
    )
    assert mendloop("scan", "a.ipynb", cwd=repo, **other).stderr == ""
    assert "MENDLOOP_FOO is set, and no command reads it." in mendloop("config", "check", cwd=repo, **other).stderr


def test_a_path_that_was_not_judged_is_named_where_the_exit_code_is_0(repo: Path) -> None:
    (repo / "broken.ipynb").write_bytes(b"{")
    (repo / "notes.md").write_text("# Notes\n")

    done = mendloop("scan", "broken.ipynb", "notes.md", cwd=repo)

    assert done.returncode == 0
    assert "mendloop: not judged, and not counted by the exit code: broken.ipynb (not-json: " in done.stderr
    assert "notes.md (not a notebook: only .ipynb files are read)" in done.stderr


def test_write_says_what_it_wrote_and_what_of_that_is_not_finished(repo: Path) -> None:
    (repo / "half.ipynb").write_bytes(notebook("import collections", "collections.Mapping", "1 / 0").raw)
    flags = ("--write", "--sandbox", "none", "--python", sys.executable, "--out", repo.parent / "runs")

    wrote = mendloop("repair", "half.ipynb", *flags, cwd=repo)
    nothing = mendloop("repair", "a.ipynb", *flags, cwd=repo)

    assert "wrote 1 file (1 improved only, with something left): half.ipynb" in wrote.stderr
    assert "wrote nothing: there is no repair to write" in nothing.stderr
    assert (repo / "half.ipynb").read_bytes() != notebook("import collections", "collections.Mapping", "1 / 0").raw


def test_a_scan_for_machines_keeps_its_published_contract(repo: Path) -> None:
    (repo / "old.ipynb").write_bytes(notebook("print 'old'").raw)
    (repo / "broken.ipynb").write_bytes(b"{")

    done = mendloop("scan", ".", "--json", cwd=repo)

    jsonschema.Draft202012Validator.check_schema(SCAN)
    jsonschema.validate(json.loads(done.stdout), SCAN)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(done.stdout) | {"schema": 2}, SCAN)


def test_a_scan_and_a_repair_describe_a_finding_alike() -> None:
    repaired = json.loads((ROOT / "docs" / "result.schema.json").read_text())

    assert SCAN["$defs"]["finding"] == repaired["$defs"]["finding"]
