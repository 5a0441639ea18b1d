"""`mendloop scan` over many notebooks: what it loads, what it asks for, and that every form says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.cli.commands import environ, mendloop
from workers.running.scanning import FEW

if TYPE_CHECKING:
    from pathlib import Path

OLD = notebook("print 'old'").raw
REPAIRS = {"workers.stages", "workers.validate.verdict", "workers.sandbox.opening", "detect_secrets"}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    (made / ".git").mkdir(parents=True)
    return made


def loaded(repo: Path, *arguments: str) -> set[str]:
    """The modules that a scan loads: https://docs.python.org/3/using/cmdline.html#cmdoption-X."""
    typed = [sys.executable, "-X", "importtime", "-m", "workers.cli", "scan", ".", "--json", *arguments]
    done = subprocess.run(typed, cwd=repo, env=environ(), capture_output=True, text=True, check=False, timeout=240)
    assert json.loads(done.stdout)["artifacts"], done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_a_scan_loads_what_repairs_only_when_it_asks_an_environment(repo: Path) -> None:
    (repo / "old.ipynb").write_bytes(OLD)

    alone = loaded(repo)
    asked = loaded(repo, "--resolve", "--sandbox", "none", "--python", sys.executable)

    assert alone & REPAIRS == set()
    assert asked >= REPAIRS


def test_many_notebooks_come_in_order_and_alike_in_every_form(repo: Path) -> None:
    names = [f"{number:02}.ipynb" for number in range(FEW + 3)]
    for number, name in enumerate(names):
        (repo / name).write_bytes(OLD if number % 2 else b"{" if number == 30 else notebook("print(1)").raw)

    as_json, as_sarif, as_text = (mendloop("scan", ".", *how, cwd=repo) for how in (("--json",), ("--sarif",), ()))

    scanned = json.loads(as_json.stdout)
    assert [one["path"] for one in scanned["artifacts"]] == [name for name in names if name != "30.ipynb"]
    assert [one["path"] for one in scanned["unread"]] == ["30.ipynb"]
    stale = [f"{one['path']}:{found['id']}" for one in scanned["artifacts"] for found in one["findings"]]
    assert [mark.partition(":")[0] for mark in stale] == names[1::2]
    (run,) = json.loads(as_sarif.stdout)["runs"]
    assert [result["partialFingerprints"]["mendloopFinding/v1"] for result in run["results"]] == stale
    lines = as_text.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines if "print statement" in line] == names[1::2]
    assert lines.index(next(line for line in lines if "│ 34.ipynb" in line)) < lines.index(
        next(line for line in lines if line.startswith("01.ipynb:"))
    ), "the inventory comes first"
    assert as_json.returncode == as_sarif.returncode == as_text.returncode == 1


def test_no_environment_is_made_for_what_nobody_can_read(repo: Path) -> None:
    (repo / "broken.ipynb").write_bytes(b"{")
    typed = ("scan", ".", "--json", "--python", "/nowhere/python")

    nothing = mendloop(*typed, cwd=repo)
    (repo / "old.ipynb").write_bytes(OLD)
    something = mendloop(*typed, cwd=repo)

    assert (nothing.returncode, something.returncode) == (0, 2), nothing.stderr
    assert "/nowhere/python" in something.stderr
