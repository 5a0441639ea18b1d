from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.workers.environments.building.local_index import LocalIndex, serving
from workers.environments.supplier import Supplier
from workers.environments.words import Asked, Decision
from workers.sandbox.interpreter import Interpreter, our_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@pytest.fixture(scope="session")
def python() -> Interpreter:
    return asyncio.run(our_own())


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def index(wheels: Path) -> Iterator[LocalIndex]:
    with serving(wheels) as running:
        yield running


@pytest.fixture
def supplier(tmp_path: Path, index: LocalIndex) -> Callable[..., Supplier]:
    """A supplier of this test's cache and index, for tenant `one` unless told otherwise."""

    def made(tenant: str = "one", settings: Mapping[str, str] | None = None, **more: object) -> Supplier:
        return Supplier(cache=tmp_path / "cache", tenant=tenant, index=settings or index.settings, **more)  # pyright: ignore[reportArgumentType]  # the fields of one

    return made


def asking(*requirements: str, **more: object) -> Decision:
    """A decision for these requirements."""
    asked = tuple(Asked(requirement=each, origin="requirements.txt") for each in requirements)
    return Decision(source="requirements.txt", asked=asked, **more)  # pyright: ignore[reportArgumentType]  # the fields of one
