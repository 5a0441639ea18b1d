from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.publish.scene import Scene, scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as hand:
        yield hand
