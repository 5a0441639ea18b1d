from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.ingress.senders import Receiver, receiver

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shared_receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """A web process for tests that leave it as it was but for rows."""
    with receiver(tmp_path_factory.mktemp("web")) as started:
        yield started


@pytest.fixture(scope="session")
def brisk_receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """One that hangs up sooner."""
    with receiver(tmp_path_factory.mktemp("brisk"), module="tests.bot.ingress.brisk") as started:
        yield started
