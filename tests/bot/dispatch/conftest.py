from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.stores import new_database, postgres, shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Postgres for the whole session."""
    with postgres(shared_folder(tmp_path_factory.getbasetemp()) / "postgres") as url:
        yield url


@pytest_asyncio.fixture
async def postgres_url(postgres_server: str) -> str:
    return await new_database(postgres_server)
