from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.workers import orchard
from workers.sandbox.opening import open_box

if TYPE_CHECKING:
    from pathlib import Path

    from workers.protocols import Box
    from workers.sandbox.environments import InstalledEnvironment


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of a session share: XDG_CACHE_HOME for the commands, and what is made only once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def environment(shared: Path) -> InstalledEnvironment:
    """Python with Orchard 2."""
    return asyncio.run(orchard.installed(shared))


@pytest.fixture(scope="session")
def box(shared: Path, environment: InstalledEnvironment) -> Box:
    """A real box in that environment, with nothing beside the artifact."""
    return asyncio.run(open_box("bubblewrap", environment=environment, cache=orchard.cache(shared)))
