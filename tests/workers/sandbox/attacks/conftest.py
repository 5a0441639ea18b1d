from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.sandbox.attacks.ground import Ground, ground
from tests.workers.sandbox.attacks.launchers import in_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.workers.sandbox.boxes import Place


@pytest.fixture(scope="package")
def grounds(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The ground of all attacks of this process."""
    with ground(place, tmp_path_factory.mktemp("ground")) as made:
        yield made


@pytest.fixture(scope="package")
def seen(grounds: Ground) -> dict[str, Any]:
    """What all probes saw in one real box."""
    return asyncio.run(in_cells(grounds.place.box(grounds.limits, grounds.workspace), grounds))
