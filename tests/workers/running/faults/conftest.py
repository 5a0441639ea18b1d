from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import notebook
from tests.workers.end_to_end.machine import Machine, checkout, result
from tests.workers.running.faults.dated_index import serving, write_pages
from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.sandbox.layers import layer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITTEN = "2024-03-15"
OLD = "def count(trees):\n    return len(trees)\n"
NEW = """
def number(trees):
    return len(trees)


def __getattr__(name):
    if name == "count":
        raise AttributeError("`tinykit.count` was removed in the tinykit 2.0 release. Use `tinykit.number` instead.")
    raise AttributeError("module 'tinykit' has no attribute %r" % name)
"""
RELEASES = {"1.0": OLD, "1.1": OLD, "2.0": NEW, "2.1": NEW}
USES_OLD = ("import tinykit, tinyside", "tinykit.count([1, 2])")
CONFIGURATION = """
include: ["**/*.ipynb"]
requirements: requirements.txt
roots:
  - { path: by-code, fix: code }
  - { path: by-env, fix: env }
  - { path: by-asking, fix: ask, limits: { fault_builds: 1 } }
  - { path: pinned, fix: code, requirements: pinned.txt }
"""


def publish(folder: Path) -> None:
    """An index of a tiny package of which 2.0 lost a function, and of one beside it that changes too."""
    published: dict[Path, str] = {}
    for at, (version, text) in enumerate(RELEASES.items()):
        for name, source in (("tinykit", text), ("tinyside", f"VERSION = {version!r}\n")):
            wheel = write_wheel(folder / "files", name, version, {f"{name}.py": source})
            published[wheel] = f"2024-0{1 + 2 * at}-01T00:00:00Z"
    write_pages(folder, published)


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variable that puts that index before the machine's own, which has the kernel."""
    folder = tmp_path_factory.mktemp("index")
    publish(folder)
    with serving(folder) as settings:
        yield settings


@dataclass(frozen=True, slots=True)
class Repaired:
    """What one `mendloop repair` over every policy came to. To be looked at only."""

    repo: Path
    artifacts: dict[str, dict[str, Any]]
    text: str
    """The pull request's."""


@pytest.fixture(scope="session")
def repaired(shared: Path, index: dict[str, str]) -> Repaired:
    """The same stale notebook under every policy, a right one under a wrong pin, and a healthy one; run once."""

    async def build(folder: Path) -> None:
        files = {
            ".github/mendloop.yml": CONFIGURATION.encode(),
            "requirements.txt": b"tinykit\ntinyside\n",
            "pinned.txt": b"tinykit==1.1\ntinyside==1.1\n",
            "healthy.ipynb": notebook("import tinykit", "tinykit.number([1])", date=WRITTEN).raw,
            "pinned/new.ipynb": notebook("import tinykit", "tinykit.number([1])", date=WRITTEN).raw,
        }
        for place in ("by-code", "by-env", "by-asking"):
            files[f"{place}/old.ipynb"] = notebook(*USES_OLD, date=WRITTEN).raw
        repo = checkout(folder / "repo", files)
        done = Machine(shared, folder / "state").mendloop("repair", ".", "--json", cwd=repo, **index)
        (folder / "seen.json").write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]))

    folder = asyncio.run(layer(shared / "fault-policies", build))
    done = subprocess.CompletedProcess[str](*json.loads((folder / "seen.json").read_text()))
    seen = result(done)
    text = next((folder / "state").rglob("pull_request.md")).read_text()
    return Repaired(folder / "repo", {each["path"]: each for each in seen["artifacts"]}, text)
