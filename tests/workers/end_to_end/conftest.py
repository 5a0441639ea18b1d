from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.workers import orchard
from tests.workers.end_to_end.machine import ROOT, Machine, checkout
from workers.sandbox.layers import layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.protocols import Box
    from workers.sandbox.environments import InstalledEnvironment

GALLERY = {
    **{each.path: each.raw for each in (orchard.CHAIN, orchard.DEPRECATED, orchard.HEALTHY)},
    # As some editors on Windows write it.
    orchard.NAMES.path: orchard.NAMES.raw.replace(b"\n", b"\r\n"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A repository, a command that was typed in it, and what came of it. To be looked at only."""

    repo: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture
def machine(shared: Path, tmp_path: Path, box: Box) -> Machine:
    return Machine(shared, tmp_path / "state")


@pytest.fixture(scope="session")
def gallery(shared: Path, environment: InstalledEnvironment, box: Box) -> Seen:
    """Notebooks that end in every usual way, repaired with `--json`, once for all test processes."""
    return _seen(shared, "gallery", GALLERY, ".", "--python", environment.python)


@pytest.fixture(scope="session")
def examples(shared: Path) -> Seen:
    """The examples as the demonstration repairs them, in a checkout of their own."""
    files = {path.name: path.read_bytes() for path in (ROOT / "examples").iterdir() if path.is_file()}
    flags = ("--config", "mendloop.yml", "--requirements", "requirements.txt")
    return _seen(shared, "examples", files, ".", *flags)


def _seen(shared: Path, name: str, files: Mapping[str, bytes], *arguments: str | Path) -> Seen:
    async def build(folder: Path) -> None:
        repo = checkout(folder / "repo", files)
        done = Machine(shared, folder / "state").mendloop("repair", *arguments, "--json", cwd=repo)
        (folder / "seen.json").write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]))

    folder = asyncio.run(layer(shared / name, build))
    return Seen(folder / "repo", subprocess.CompletedProcess(*json.loads((folder / "seen.json").read_text())))
