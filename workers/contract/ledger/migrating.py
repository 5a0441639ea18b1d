"""Migrations: the tables as one revision after the other, made in one transaction by whoever comes first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from workers.contract.ledger.trouble import LedgerError, Trouble

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOLDER = Path(__file__).with_name("migrations")
_MIGRATING = 7_236_280
"""Names the lock; any number that nobody else uses."""


def migrate(connection: Connection) -> None:
    """Bring the tables up to date inside the connection's transaction. Two that migrate at once wait for each other.

    Tables that a later release has already changed are left alone: it changes them so that this one goes on working.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
    found = revision(connection)
    if found is None or (found in known() and found != head()):
        config = settings()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(connection: Connection) -> None:
    """Look whether the tables are those this code knows, or of a later release.

    Raises:
        LedgerError: there are none, or they are older.
    """
    found = revision(connection)
    if found is None or (found in known() and found != head()):
        raise LedgerError(Trouble.UNMIGRATED, f"revision {found}, expected {head()}")


def revision(connection: Connection) -> str | None:
    """The revision of the tables; None when there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(settings()).get_current_head()


def known() -> frozenset[str]:
    """Every revision this code knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(settings()).walk_revisions())


def settings() -> Config:
    """Alembic's settings; there is no file to read."""
    config = Config()
    # A percent sign in the path would start an interpolation.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
