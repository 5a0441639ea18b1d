from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.app.rig import Deployment, deployed
from tests.workers.conftest import box, environment, shared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

    from workers.protocols import Box

__all__ = ["app", "box", "environment", "shared"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory, box: Box, shared: Path) -> AsyncIterator[Deployment]:
    """The App, running, with the cache that every other test has; `box` makes sure that a kernel is in it."""
    async with deployed(tmp_path_factory.mktemp("app"), cache=shared) as deployment:
        yield deployment
