from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox_contract import Backend, SandboxContract
from workers.sandbox.local import LocalBox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.sandbox.boxes import Place
    from workers.protocols import Box
    from workers.sandbox.limits import Limits


def made(place: Place, limits: Limits, workspace: Path | None) -> Box:
    return LocalBox(environment=place.environment, overlay=place.overlay, workspace=workspace, limits=limits)


class TestNone(SandboxContract):
    @pytest.fixture
    def backend(self, place: Place) -> Backend:
        return Backend(place, made, LocalBox.promises)


def test_it_promises_nothing() -> None:
    assert LocalBox.promises == frozenset()
