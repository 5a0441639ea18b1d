"""The tables that migrations make are those the code works with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, String, inspect, text

from workers.contract.ledger import LedgerError, Trouble, migrating, open_ledger, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workers.contract.ledger import Ledger


def differences(connection: Connection, wanted: MetaData) -> list[Any]:
    # Of SQLite's defaults Alembic says they differ when they do not; `described` compares those.
    defaults = connection.dialect.name == "postgresql"
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": defaults})
    return compare_metadata(context, wanted)


def described(connection: Connection) -> dict[str, Any]:
    """Every table as the database describes it, with what a comparison by Alembic leaves out."""
    looked = inspect(connection)
    return {
        name: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in looked.get_columns(name)},
            "key": sorted(looked.get_pk_constraint(name)["constrained_columns"]),
            "indexes": sorted((str(i["name"]), tuple(i["column_names"])) for i in looked.get_indexes(name)),
            "unique": sorted((str(u["name"]), tuple(u["column_names"])) for u in looked.get_unique_constraints(name)),
            "foreign": sorted((str(f["name"]), f["referred_table"]) for f in looked.get_foreign_keys(name)),
        }
        for name in looked.get_table_names()
        if name != "alembic_version"
    }


def changed() -> MetaData:
    """The tables as they would be after somebody changed them and wrote no revision."""
    later = MetaData()
    for table in tables.metadata.sorted_tables:
        table.to_metadata(later)
    later.tables["jobs"].append_column(Column("mood", String(8)))
    later.tables["budgets"].c.used.type = Integer()
    return later


async def test_migrations_make_the_tables_the_code_works_with(ledger: Ledger) -> None:
    async with ledger.write() as connection:
        assert await connection.run_sync(differences, tables.metadata) == []


async def test_a_table_that_was_changed_without_a_revision_is_found(ledger: Ledger) -> None:
    async with ledger.write() as connection:
        found = str(await connection.run_sync(differences, changed()))

    assert "mood" in found
    assert "modify_type" in found


async def test_migrated_tables_are_described_as_those_made_at_once(
    ledger: Ledger, tmp_path: Any, postgres_url: str
) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}" if ledger.file else postgres_url
    twin = await open_ledger(other)
    if ledger.file is None:
        async with twin.write() as connection:
            await connection.execute(text("CREATE SCHEMA twin"))
            await connection.execute(text("SET LOCAL search_path TO twin"))
            made = await connection.run_sync(created)
    else:
        assert twin.file
        twin.file.prepare()
        async with twin.write() as connection:
            made = await connection.run_sync(created)
    async with ledger.read() as connection:
        migrated = await connection.run_sync(described)

    assert migrated == made
    assert set(migrated) == set(tables.metadata.tables)
    await twin.close()


def created(connection: Connection) -> dict[str, Any]:
    tables.metadata.create_all(connection)
    return described(connection)


async def test_several_that_migrate_at_once_do_it_once(url: str) -> None:
    ledgers = await asyncio.gather(*(open_ledger(url, create=True) for _ in range(4)))

    for ledger in ledgers:
        await ledger.ready()
        async with ledger.read() as connection:
            assert len((await connection.execute(text("SELECT version_num FROM alembic_version"))).all()) == 1
        await ledger.close()


async def test_migrating_again_changes_nothing(ledger: Ledger, url: str) -> None:
    async with ledger.write() as connection:
        await connection.execute(text("INSERT INTO watermarks (name, value) VALUES ('a', 'b')"))

    again = await open_ledger(url, create=True)

    async with again.read() as connection:
        assert (await connection.execute(text("SELECT value FROM watermarks"))).scalars().all() == ["b"]
    await again.close()


async def test_f227_tables_of_a_later_release_are_left_alone_and_good_enough(ledger: Ledger, url: str) -> None:
    async with ledger.write() as connection:
        await connection.execute(text("ALTER TABLE jobs ADD COLUMN mood VARCHAR(8) DEFAULT '' NOT NULL"))
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    old = await open_ledger(url, create=True)

    await old.ready()
    async with old.read() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"
    await old.close()


async def test_an_older_ledger_is_not_ready(ledger: Ledger) -> None:
    async with ledger.write() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))

    with pytest.raises(LedgerError, match="mendloop-app migrate") as caught:
        await ledger.ready()

    assert caught.value.trouble is Trouble.UNMIGRATED


def test_there_is_one_newest_revision_and_every_one_says_what_it_does() -> None:
    assert migrating.head() == max(migrating.known())
