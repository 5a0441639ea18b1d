"""A hook that another package brings, as the command meets it: installed beside mendloop, found by its entry point."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.cli.commands import ROOT, mendloop

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

STALE = notebook("import collections", "print(collections.Mapping)").raw
HOOKS = """
from pathlib import Path


class Freeze:
    async def before_attempt(self, document, repair):
        seen = Path(__file__).with_name("seen")
        seen.write_text(f"{document.path} {repair.by}")
        return "releases are frozen" if Path(__file__).with_name("freeze").exists() else None


class Broken:
    async def before_attempt(self, document, repair):
        raise RuntimeError("their bug")
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder for the end of `sys.path` with a package that brings hooks, as an installer leaves it."""
    folder = tmp_path / "packages"
    described = folder / "frosty-1.0.dist-info"
    described.mkdir(parents=True)
    (folder / "frosty.py").write_text(HOOKS)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: frosty\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[mendloop.hooks]\na = frosty:Broken\nb = frosty:Freeze\n")
    return folder


def repair(tmp_path: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    repo = tmp_path / "repo"
    (repo / ".git").mkdir(parents=True, exist_ok=True)
    (repo / "a.ipynb").write_bytes(STALE)
    flags = ("--json", "--sandbox", "none", "--python", sys.executable, "--out", tmp_path / "runs")
    return mendloop("repair", "a.ipynb", *flags, cwd=repo, PYTHONPATH=f"{ROOT}:{packages}")


def test_an_installed_hook_watches_and_one_that_fails_changes_nothing(tmp_path: Path, packages: Path) -> None:
    done = repair(tmp_path, packages)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["artifacts"][0]["outcome"] == "repaired"
    assert (packages / "seen").read_text() == "a.ipynb rules"
    assert "hook_failed" in done.stderr
    assert "their bug" in done.stderr


def test_an_installed_hook_vetoes_and_the_record_says_who(tmp_path: Path, packages: Path) -> None:
    (packages / "freeze").touch()

    done = repair(tmp_path, packages)

    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    (artifact,) = result["artifacts"]
    assert (artifact["outcome"], artifact["patch"]) == ("unrepaired", None)
    (record,) = (tmp_path / "runs").glob("*/iterations/1/a.ipynb/record.json")
    (case,) = json.loads(record.read_text())["record"]["validation"]["cases"]
    assert (case["name"], case["veto"], case["evidence"]) == ("hook", True, "b: releases are frozen")


def test_a_hook_that_cannot_be_loaded_ends_with_2_before_anything_runs(tmp_path: Path, packages: Path) -> None:
    (packages / "frosty-1.0.dist-info" / "entry_points.txt").write_text("[mendloop.hooks]\na = frosty:Gone\n")

    done = repair(tmp_path, packages)

    assert (done.returncode, done.stdout) == (2, "")
    assert "the hook 'a' (frosty:Gone) cannot be loaded" in done.stderr
    assert not list(tmp_path.glob("runs/*"))
