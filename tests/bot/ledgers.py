"""Ledgers of both kinds, and an App around one: parts for tests that write rows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import insert, select, update

from bot.app import App
from tests.stores import new_database, postgres, shared_folder
from workers.contract.bell import Bell
from workers.contract.ledger import Ledger, open_ledger, tables
from workers.contract.redact import redactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from sqlalchemy import Table

    from bot.github import GitHub


@dataclass(slots=True)
class Clock:
    """Stands still until it is told otherwise."""

    now: float = 1_767_600_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(shared_folder(tmp_path_factory.getbasetemp()) / "postgres") as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite3"
    return asyncio.run(new_database(request.getfixturevalue("postgres_server")))


@pytest.fixture
async def ledger(url: str, clock: Clock) -> AsyncIterator[Ledger]:
    opened = await open_ledger(url, clock=clock, create=True)
    yield opened
    await opened.close()


@pytest.fixture
def app(ledger: Ledger, tmp_path: Path) -> App:
    """An App that has nobody to speak to: no GitHub is asked here, and no bell is heard."""
    return App(
        ledger=ledger,
        github=cast("GitHub", None),
        bell=Bell(url=f"unix://{tmp_path}/nobody.sock"),
        runs=tmp_path / "runs",
        redactor=redactor({}),
        app_id=41,
        slug="mendloop",
        public_url="https://mendloop.example.org",
    )


async def rows(ledger: Ledger, table: Table) -> list[dict[str, Any]]:
    """Every row, by its first key."""
    async with ledger.read() as connection:
        found = await connection.execute(select(table).order_by(next(iter(table.primary_key))))
        return [{str(name): value for name, value in row.items()} for row in found.mappings()]


async def put(ledger: Ledger, table: Table, **values: Any) -> int:
    """A new row; its number."""
    async with ledger.write() as connection:
        done = await connection.execute(insert(table).values(**values))
        return int((done.inserted_primary_key or [0])[0])


async def change(ledger: Ledger, table: Table, number: int, **values: Any) -> None:
    async with ledger.write() as connection:
        await connection.execute(update(table).where(table.c.id == number).values(**values))


REPOSITORY: dict[str, Any] = {
    "id": 5, "installation_id": 7, "full_name": "octo/demo", "default_branch": "main", "updated_at": 1.0,
}  # fmt: skip
INSTALLATION: dict[str, Any] = {"id": 7, "account": "octo", "account_id": 70, "updated_at": 1.0}


async def put_repository(ledger: Ledger, **values: Any) -> None:
    await put(ledger, tables.repositories, **REPOSITORY | values)


async def put_installation(ledger: Ledger, **values: Any) -> None:
    await put(ledger, tables.installations, **INSTALLATION | values)


async def put_job(ledger: Ledger, **values: Any) -> int:
    job = {"installation_id": 7, "repository_id": 5, "lane": "main", "job": "{}", "created_at": 1.0, "updated_at": 1.0}
    return await put(ledger, tables.jobs, **job | values)


async def put_request(ledger: Ledger, **values: Any) -> int:
    request = {
        "work_key": "comment:77", "installation_id": 7, "repository_id": 5, "trigger": "command", "created_at": 1.0,
    }  # fmt: skip
    return await put(ledger, tables.requests, **request | values)
