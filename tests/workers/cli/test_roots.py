"""Roots whose environment cannot be had, as the commands tell it. Without a box; about 4 s a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import notebook
from tests.workers.cli.commands import mendloop

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

STALE = notebook("import collections", "print(collections.Mapping)").raw
ROOTS = {"roots": [{"path": "docs", "requirements": "pins.txt"}, {"path": "old", "python": "python3.0"}]}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    for path in ("a.ipynb", "docs/b.ipynb", "old/c.ipynb"):
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(STALE)
    (made / ".git").mkdir()
    (made / ".github").mkdir()
    (made / ".github" / "mendloop.yml").write_text(json.dumps(ROOTS))
    (made / "pins.txt").write_text("numpy @ file:///srv/numpy.whl\n")
    return made


def repair(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    flags = ("--json", "--sandbox", "none", "--out", repo.parent / "runs")
    return mendloop("repair", *arguments, *flags, cwd=repo)


def test_a_root_without_an_environment_ends_in_findings_and_the_others_are_mended(repo: Path) -> None:
    done = repair(repo, ".")

    assert done.returncode == 1, done.stderr
    of: dict[str, Any] = {artifact["path"]: artifact for artifact in json.loads(done.stdout)["artifacts"]}
    assert of["a.ipynb"]["outcome"] == "repaired"
    for path, said in (
        ("docs/b.ipynb", "line 1 of pins.txt names an address"),
        ("old/c.ipynb", "'python3.0' is not there"),
    ):
        assert (of[path]["outcome"], of[path]["stop_reason"]) == ("unrepaired", "needs_human")
        assert [found["cause"] for found in of[path]["findings"]] == ["environment"]
        assert said in of[path]["remaining_delta"][0]["reason"]


def test_requirements_of_the_repository_that_cannot_be_used_are_no_mistake_in_what_was_typed(repo: Path) -> None:
    done = repair(repo, "docs/b.ipynb")

    assert done.returncode == 1, done.stderr
    assert "execute" not in done.stderr


def test_an_interpreter_that_is_not_there_ends_with_2_where_nothing_else_can_be_run(repo: Path) -> None:
    for arguments in (("old",), (".", "--python", "/nowhere/python"), ("docs", "--requirements", "nowhere.txt")):
        done = repair(repo, *arguments)

        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert done.stderr.count("mendloop: ") == 1
    assert not list((repo.parent / "runs").glob("*"))


def test_a_scan_tells_of_it_as_a_finding_and_scans_the_others(repo: Path) -> None:
    done = mendloop("scan", ".", "--json", cwd=repo)
    alone = mendloop("scan", "old", "--json", cwd=repo)

    assert done.returncode == 1, done.stderr
    rules = {each["path"]: [f["rule"] for f in each["findings"]] for each in json.loads(done.stdout)["artifacts"]}
    assert rules["docs/b.ipynb"] == rules["old/c.ipynb"] == ["environment/unusable"]
    assert rules["a.ipynb"]
    assert "environment/unusable" not in rules["a.ipynb"]
    assert (alone.returncode, alone.stdout) == (2, "")


def test_a_path_that_leads_out_costs_the_others_nothing_and_one_that_is_missing_ends_with_2(
    repo: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.ipynb").write_bytes(STALE)
    (repo / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (repo / ".github" / "steer.ipynb").write_bytes(STALE)

    done = repair(repo, "a.ipynb", "link.ipynb", ".github/steer.ipynb")
    missing = repair(repo, "a.ipynb", "gone.ipynb")

    outcomes = {each["path"]: each["outcome"] for each in json.loads(done.stdout)["artifacts"]}
    assert done.returncode == 0, done.stderr
    assert outcomes == {"a.ipynb": "repaired", "link.ipynb": "skipped", ".github/steer.ipynb": "skipped"}
    assert missing.returncode == 2
    assert "gone.ipynb cannot be read: No such file or directory" in missing.stderr
