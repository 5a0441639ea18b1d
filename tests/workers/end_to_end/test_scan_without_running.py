"""`mendloop scan`: what is stale, found without running anything of a notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.builders import notebook
from tests.workers import orchard
from tests.workers.end_to_end.machine import checkout, git

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment


def repository(tmp_path: Path) -> Path:
    marker = tmp_path / "ran"
    running = notebook(
        f"open({str(marker)!r}, 'w').close()\nopen('ran', 'w').close()", "print 'Python 2'", path="a.ipynb"
    )
    return checkout(tmp_path / "repo", {"a.ipynb": running.raw, orchard.NAMES.path: orchard.NAMES.raw})


def scanned(done: subprocess.CompletedProcess[str]) -> dict[str, list[dict[str, Any]]]:
    return {artifact["path"]: artifact["findings"] for artifact in json.loads(done.stdout)["artifacts"]}


def test_a_scan_prints_an_inventory_and_findings_and_runs_nothing(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = repository(tmp_path)

    done = machine.mendloop("scan", ".", "--python", environment.python, cwd=repo)

    assert done.returncode == 1, done.stderr
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert rows == [["a", "a.ipynb", "2", "2"], ["alte namen", "docs/alte namen.ipynb", "3", "2"]]
    assert "cell 1, line 1: print statement of Python 2" in done.stdout
    assert "1 finding in 2 artifacts, 1 of them count" in done.stdout
    assert not (tmp_path / "ran").exists()
    assert git(repo, "status", "--porcelain", "--ignored") == ""
    assert machine.runs() == [], "a scan is no run"


def test_a_name_that_the_environment_does_not_have_is_found_when_it_may_be_asked(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = repository(tmp_path)
    typed = ("scan", "docs", "--python", environment.python, "--json")

    alone = machine.mendloop(*typed, cwd=repo)
    asked = machine.mendloop(*typed, "--resolve", cwd=repo)

    assert scanned(alone) == {orchard.NAMES.path: []}
    (found,) = scanned(asked)[orchard.NAMES.path]
    assert (found["rung"], found["class"], found["cell"], found["line"]) == ("E4", "broken", 2, 1)
    assert "orchard.int_" in found["message"]
    assert "orchard.int64" in found["fix"]
    assert (alone.returncode, asked.returncode) == (0, 1)
    lines = orchard.NAMES.raw.decode().split("\n")
    line: int = found["file_line"]
    assert "orchard.int_(3)" in lines[line - 1]


def test_findings_for_code_scanning_are_sarif_that_points_at_the_stale_text(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = repository(tmp_path)

    done = machine.mendloop("scan", ".", "--python", environment.python, "--resolve", "--sarif", cwd=repo)

    log = json.loads(done.stdout)
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "mendloop"
    pointed: dict[str, str] = {}
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        assert result["partialFingerprints"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        lines = (repo / place["artifactLocation"]["uri"].replace("%20", " ")).read_text().split("\n")
        region = place["region"]
        pointed[result["ruleId"]] = lines[region["startLine"] - 1][region["startColumn"] - 1 :]
    assert len(pointed) == len(run["results"]) == 2
    assert sorted(text[:12] for text in pointed.values()) == ["orchard.int_", "print 'Pytho"]
