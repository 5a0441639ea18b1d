from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox_contract import Backend, SandboxContract
from workers.sandbox.bubblewrap import BubblewrapBox

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place


class TestBubblewrap(SandboxContract):
    @pytest.fixture
    def backend(self, place: Place) -> Backend:
        return Backend(place, lambda where, limits, files: where.box(limits, files), BubblewrapBox.promises)
