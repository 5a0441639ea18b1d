from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.stores import new_database, postgres, shared_folder
from workers.contract.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from workers.contract.ledger import Ledger


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Postgres for the whole session."""
    with postgres(shared_folder(tmp_path_factory.getbasetemp()) / "postgres") as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest_asyncio.fixture
async def postgres_url(postgres_server: str) -> str:
    return await new_database(postgres_server)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty store, of each kind."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest_asyncio.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    opened = await open_ledger(url, create=True)
    yield opened
    await opened.close()
