"""Inserting what may be there already, on SQLite and Postgres alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_or_ignore(
    connection: AsyncConnection, table: Table, values: Mapping[str, Any], *, key: Sequence[str]
) -> bool:
    """Insert `values` unless a row with the same `key` columns is there; whether it was inserted."""
    statement = _insert(connection, table).values(**values).on_conflict_do_nothing(index_elements=list(key))
    return (await connection.execute(statement)).rowcount == 1


async def upsert(
    connection: AsyncConnection,
    table: Table,
    values: Mapping[str, Any],
    *,
    key: Sequence[str],
    where: ColumnElement[bool],
) -> bool:
    """Insert `values`; a row with the same `key` columns is changed to them instead if `where` holds for it.

    Returns whether a row was inserted or changed.
    """
    changed = {name: value for name, value in values.items() if name not in key}
    statement = _insert(connection, table).values(**values)
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed, where=where)
    return (await connection.execute(statement)).rowcount == 1


def _insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
