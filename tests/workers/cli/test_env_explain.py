from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.cli.commands import mendloop
from tests.workers.environments.repositories import repository

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SECRET = "hunter2hunter2"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    files = {
        ".git/HEAD": "",
        "good/requirements.txt": "numpy==2.1.0\n",
        "good/a.ipynb": notebook("import numpy").raw,
        "bad/requirements.txt": f"six\n--index-url https://me:{SECRET}@example.invalid/simple\n\x1b[31mred\n",
        "bad/apt.txt": "ffmpeg\n",
        "bad/a.ipynb": notebook("import six, rich").raw,
        "old/runtime.txt": "python-3.1\n",
        "old/a.ipynb": notebook("1").raw,
        "none/a.ipynb": notebook("print(1)").raw,
    }
    return repository(tmp_path / "repo", files)


def explain(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With few interpreters to look at."""
    return mendloop("env", "explain", *arguments, cwd=repo, PATH="", HOME=str(repo.parent))


def test_it_says_in_words_what_is_decided_and_why_and_what_is_not_followed(repo: Path) -> None:
    done = explain(repo, ".")

    assert done.returncode == 1, done.stderr
    for line in (
        "good/a.ipynb: good/requirements.txt decides.",
        "  - numpy==2.1.0 (good/requirements.txt:1)",
        "nothing says which Python, so it is ours",
        "1 declared by nobody, taken from imports:",
        "  - rich (import in cell 0)",
        "  - ffmpeg (bad/apt.txt): a package of the operating system",
        "No interpreter here satisfies ==3.1.* (old/runtime.txt)",
        "none/a.ipynb: Nothing is declared and nothing is imported",
    ):
        assert line in done.stdout
    assert SECRET not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_healthy_artifact_ends_with_0_and_the_configurations_own_file_decides(repo: Path) -> None:
    repository(repo, {".github/mendloop.yml": "requirements: ci.txt\n", "ci.txt": "numpy\n"})

    done = explain(repo, "good/a.ipynb")

    assert done.returncode == 0, done.stderr
    assert "good/a.ipynb: ci.txt decides." in done.stdout


def test_a_program_reads_one_object(repo: Path) -> None:
    done = explain(repo, ".", "--json", "--repo", str(repo))

    told = {each["artifact"]: each for each in json.loads(done.stdout)["artifacts"]}
    assert done.returncode == 1
    assert {path: each["complete"] for path, each in told.items()} == {
        "bad/a.ipynb": False,
        "good/a.ipynb": True,
        "none/a.ipynb": True,
        "old/a.ipynb": False,
    }
    assert told["bad/a.ipynb"]["asked"][1] == {
        "requirement": "rich",
        "origin": "import in cell 0",
        "declared": False,
        "hashes": [],
        "address": "",
    }
    assert SECRET not in done.stdout


@pytest.mark.parametrize("path", ["gone.ipynb", "good/requirements.txt"])
def test_a_path_that_is_no_artifact_ends_with_2(repo: Path, path: str) -> None:
    done = explain(repo, path)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
