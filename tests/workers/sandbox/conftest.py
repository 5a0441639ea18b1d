from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import Place
from workers.sandbox import tree
from workers.sandbox.environments import from_interpreter
from workers.sandbox.overlay import kernel_overlay

if TYPE_CHECKING:
    from collections.abc import Iterator


def _left_behind() -> dict[str, object]:
    """What a box could leave on the machine: processes below us, mounts, files in memory."""
    return {
        "processes": sorted(tree.below(os.getpid())),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "memory files": [link for link in map(_target, Path("/proc/self/fd").iterdir()) if "memfd" in link],
    }


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The environment of the interpreter that runs the tests. When all have run, nothing of their boxes is left."""

    shared = (
        tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.getbasetemp()
    )

    async def made() -> Place:
        environment = await from_interpreter(Path(sys.executable))
        return Place(environment, await kernel_overlay(environment, shared / "boxes"))

    result = asyncio.run(made())
    before = _left_behind()
    yield result
    assert _left_behind() == before
