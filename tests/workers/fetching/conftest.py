from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.fetching.rig import Host, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    root = tmp_path / "host"
    root.mkdir()
    with serving(root) as host:
        yield host


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir(mode=0o700)
    return folder
