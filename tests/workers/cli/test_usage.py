import json
import sys
from pathlib import Path

import pytest

from tests.builders import notebook
from tests.workers.cli.commands import ROOT, mendloop


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    (made / ".git").mkdir(parents=True)
    (made / ".github").mkdir()
    (made / "a.ipynb").write_bytes(notebook("print(1)").raw)
    return made


USAGE = [
    ((), "Usage: mendloop"),
    (("mend",), "No such command 'mend'"),
    (("repair",), "Missing argument 'PATHS...'"),
    (("repair", "a.ipynb", "--sandbox", "docker"), "--sandbox"),
    (("repair", "a.ipynb", "--unknown"), "No such option: --unknown"),
    (("repair", "missing.ipynb"), "mendloop: missing.ipynb cannot be read: No such file or directory"),
    (("repair", "a.ipynb", "--jobs", "0"), "mendloop: `--jobs` is 0; expected a number greater than or equal to 1"),
    (("repair", "a.ipynb", "--jobs", "many"), "--jobs"),
    (("repair", "a.ipynb", "--date", "soon"), "mendloop: `--date` is 'soon'; expected a date like 2026-11-20"),
    (
        ("repair", "a.ipynb", "--config", "missing.yml"),
        "mendloop: missing.yml cannot be read: No such file or directory",
    ),
    (("repair", "a.ipynb", "--out", "runs"), "lies inside the checkout"),
    (("repair", "a.ipynb", "--repo", ".github"), "lies outside the repository"),
    (("repair", "a.ipynb", "--python", "/missing/python"), "/missing/python"),
    (("repair", "a.ipynb", "--requirements", "missing.txt"), "missing.txt"),
    (
        ("repair", "a.ipynb", "--python", "p", "--requirements", "r"),
        "mendloop: --python: an interpreter and requirements exclude each other; give one",
    ),
    (("scan", "a.ipynb", "--json", "--sarif"), "mendloop: --json and --sarif exclude each other; give one"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_a_mistake_in_what_is_typed_ends_with_2_and_names_it(
    repo: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = mendloop(*arguments, cwd=repo, XDG_STATE_HOME=str(tmp_path / "state"))

    assert done.returncode == 2, done.stderr
    assert message in " ".join((done.stderr + done.stdout).split())
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("state/mendloop/runs/*")), "a run that never was leaves nothing"


def test_a_mistake_in_the_configuration_ends_with_2_and_names_its_line(repo: Path) -> None:
    (repo / ".github/mendloop.yml").write_text("limits:\n  timout_s: 3\n")

    for arguments in (("repair", "a.ipynb"), ("scan", "a.ipynb"), ("config", "check")):
        done = mendloop(*arguments, cwd=repo)
        assert done.returncode == 2
        assert done.stderr.strip() == (
            "mendloop: .github/mendloop.yml:2: unknown key `timout_s` in `limits`; did you mean `timeout_s`?"
        )
        assert done.stdout == ""


def test_a_wrong_variable_ends_with_2(repo: Path) -> None:
    done = mendloop("config", "check", cwd=repo, MENDLOOP_JOBS="many")

    assert (done.returncode, done.stderr.strip()) == (
        2,
        'mendloop: `$MENDLOOP_JOBS` is "many"; expected a whole number',
    )


def test_the_version_and_help_end_with_0(repo: Path) -> None:
    version, helped = mendloop("--version", cwd=repo), mendloop("repair", "--help", cwd=repo)

    assert (version.returncode, helped.returncode) == (0, 0)
    assert version.stdout.startswith("mendloop ")
    for option in ("--python", "--requirements", "--date", "--max-iterations", "--timeout-s", "--write", "--json"):
        assert option in helped.stdout


def test_completion_knows_the_commands(repo: Path) -> None:
    script = mendloop(cwd=repo, _MENDLOOP_COMPLETE="source_bash")
    words = mendloop(cwd=repo, _MENDLOOP_COMPLETE="complete_bash", COMP_WORDS="mendloop re", COMP_CWORD="1")

    assert "_MENDLOOP_COMPLETE" in script.stdout
    assert words.stdout.split() == ["repair"]


def test_config_check_shows_every_value_and_its_origin(repo: Path) -> None:
    (repo / "docs").mkdir()
    (repo / ".github/mendloop.yml").write_text("jobs: 3\nroots:\n- path: docs\n  outputs: clear\n")

    done = mendloop("config", "check", cwd=repo, MENDLOOP_TIMEOUT_S="7")

    rows = {
        cells[1]: (cells[2], cells[3])
        for line in done.stdout.splitlines()
        if len(cells := [c.strip() for c in line.split("│")]) > 3
    }
    assert done.returncode == 0
    assert rows["jobs"] == ("3", ".github/mendloop.yml:1")
    assert rows["limits.timeout_s"] == ("7.0", "$MENDLOOP_TIMEOUT_S")
    assert rows["docs.outputs"] == ('"clear"', ".github/mendloop.yml:4")
    assert rows["outputs"] == ('"keep"', "default")


def test_config_schema_prints_the_published_schema(repo: Path) -> None:
    done = mendloop("config", "schema", cwd=repo)

    assert json.loads(done.stdout) == json.loads((ROOT / "docs" / "mendloop.schema.json").read_text())


def test_doctor_names_what_it_looked_at_and_its_exit_code_agrees(repo: Path) -> None:
    done = mendloop("doctor", cwd=repo)

    assert "bubblewrap" in done.stdout
    ready = "Artifacts can be run here." in done.stdout
    assert done.returncode == (0 if ready else 3)
    assert ready or "missing" in done.stdout


def test_a_folder_without_artifacts_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    done = mendloop("scan", "empty", "--json", cwd=tmp_path)

    assert (done.returncode, json.loads(done.stdout)) == (0, {"schema": 1, "artifacts": [], "unread": []})


def test_a_scan_runs_nothing_prints_an_inventory_and_says_what_is_stale(repo: Path, tmp_path: Path) -> None:
    stale = notebook(f"open({str(tmp_path / 'ran')!r}, 'w')", "print 'old'", ("markdown", "# Title")).raw
    (repo / "old.ipynb").write_bytes(stale)
    (repo / "broken.ipynb").write_bytes(b"{")

    done = mendloop("scan", ".", "--python", sys.executable, cwd=repo)
    fresh = mendloop("scan", "a.ipynb", "--python", sys.executable, cwd=repo)

    assert (done.returncode, fresh.returncode) == (1, 0)
    row = next(line for line in done.stdout.splitlines() if "│ old.ipynb" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == ["old", "old.ipynb", "3", "2"]
    assert "old.ipynb:20: cell 1, line 1: print statement of Python 2" in done.stdout
    assert "broken.ipynb: skipped. not-json: " in done.stdout
    assert not (tmp_path / "ran").exists()
    assert (repo / "old.ipynb").read_bytes() == stale


def test_a_scan_for_machines_is_one_object(repo: Path) -> None:
    (repo / "old.ipynb").write_bytes(notebook("print 'old'").raw)

    as_json = mendloop("scan", ".", "--json", "--python", sys.executable, cwd=repo)
    as_sarif = mendloop("scan", ".", "--sarif", "--python", sys.executable, cwd=repo)

    scanned = {artifact["path"]: artifact for artifact in json.loads(as_json.stdout)["artifacts"]}
    assert (scanned["a.ipynb"]["code_cells"], scanned["a.ipynb"]["findings"]) == (1, [])
    (found,) = scanned["old.ipynb"]["findings"]
    assert scanned["old.ipynb"]["counting"] == [found["id"]]
    (result,) = json.loads(as_sarif.stdout)["runs"][0]["results"]
    assert result["partialFingerprints"] == {"mendloopFinding/v1": f"old.ipynb:{found['id']}"}
    assert as_json.returncode == as_sarif.returncode == 1


def test_text_of_a_notebook_cannot_steer_the_terminal(repo: Path) -> None:
    (repo / "\x1b[31m[bold]evil.ipynb").write_bytes(notebook("print 'old'").raw)

    done = mendloop("scan", ".", "--python", sys.executable, cwd=repo)

    assert "\x1b" not in done.stdout
    assert "[bold]evil" in done.stdout


@pytest.mark.parametrize("name", ["evil", "../bin/evil"])
def test_a_configuration_cannot_start_a_program_of_the_checkout(repo: Path, name: str) -> None:
    (repo / "docs").mkdir()
    (repo / "bin").mkdir()
    for program in (repo / "docs/evil", repo / "bin/evil"):
        program.write_text(f"#!/bin/sh\ntouch {repo}/started\n")
        program.chmod(0o755)
    (repo / ".github/mendloop.yml").write_text(f"python: {name}\n")

    done = mendloop("repair", repo / "a.ipynb", cwd=repo / "docs")

    assert done.returncode == 2
    assert not (repo / "started").exists()


def test_an_error_of_the_configuration_cannot_steer_the_terminal(repo: Path) -> None:
    (repo / ".github/mendloop.yml").write_text('"\\e[31mred\\nmendloop: all is well": 1\n')

    done = mendloop("scan", repo, cwd=repo)

    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
