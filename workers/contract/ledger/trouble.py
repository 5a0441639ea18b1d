"""What can be the matter with a ledger: the database's many errors as few, each with what to do."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from workers.contract.errors import MendloopError

if TYPE_CHECKING:
    from collections.abc import Generator


class Trouble(StrEnum):
    """What is the matter."""

    LOCKED = "locked"
    CONFLICT = "conflict"
    FULL = "full"
    CORRUPT = "corrupt"
    DENIED = "denied"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    UNMIGRATED = "unmigrated"


ADVICE = {
    Trouble.LOCKED: "the ledger is busy: another writer kept it for too long",
    Trouble.CONFLICT: "the ledger refused this transaction because of another one; it may be tried again",
    Trouble.FULL: "the ledger has no room left: make space on its disk; nothing of this transaction was kept",
    Trouble.CORRUPT: "the ledger is damaged: stop everything and restore it from a backup",
    Trouble.DENIED: "the ledger may not be written: look at the permissions of its file and folder, or of its role",
    Trouble.MISSING: "the ledger's file is gone: stop everything and restore it from a backup",
    Trouble.UNREACHABLE: "the ledger's database cannot be reached",
    Trouble.UNMIGRATED: "the ledger has no tables, or old ones: run `mendloop-app migrate`",
}
PASSING = frozenset({Trouble.LOCKED, Trouble.CONFLICT, Trouble.UNREACHABLE})
"""May be over in a moment."""

_SQLITE = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    # What a limit on the size of files or a dying disk ends in.
    sqlite3.SQLITE_IOERR: Trouble.FULL,
    sqlite3.SQLITE_CORRUPT: Trouble.CORRUPT,
    sqlite3.SQLITE_NOTADB: Trouble.CORRUPT,
    sqlite3.SQLITE_READONLY: Trouble.DENIED,
    sqlite3.SQLITE_PERM: Trouble.DENIED,
    sqlite3.SQLITE_AUTH: Trouble.DENIED,
    sqlite3.SQLITE_CANTOPEN: Trouble.DENIED,
}
_SQLITE_MOVED = sqlite3.SQLITE_READONLY_DBMOVED
_POSTGRES = {
    "40": Trouble.CONFLICT,
    "55P03": Trouble.LOCKED,
    "57014": Trouble.LOCKED,
    "53100": Trouble.FULL,
    "53": Trouble.UNREACHABLE,
    "57": Trouble.UNREACHABLE,
    "08": Trouble.UNREACHABLE,
    "25P03": Trouble.UNREACHABLE,
    # A standby after a failover: the next connection finds the primary.
    "25006": Trouble.UNREACHABLE,
    "28": Trouble.DENIED,
    "3D000": Trouble.DENIED,
    "42501": Trouble.DENIED,
    "42P01": Trouble.UNMIGRATED,
    "42703": Trouble.UNMIGRATED,
    "XX": Trouble.CORRUPT,
}
"""SQLSTATE, or its class of two characters; the longer one wins."""


class LedgerError(MendloopError):
    """Ours or the weather's: the ledger cannot be used. Nothing of the transaction was kept."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(ADVICE[trouble] + (f" ({detail})" if detail else ""))
        self.trouble = trouble


@contextmanager
def translated(*also: type[Exception]) -> Generator[None]:
    """Turn the database's errors into `LedgerError`; of the kinds in `also` too, as not reachable.

    A broken constraint stays what it is: whoever wrote knows what it means. So does a statement that is wrong: a bug.
    """
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        trouble = diagnosed(error)
        if trouble is None:
            raise
        raise LedgerError(trouble, _first_line(error)) from error
    except also as error:
        raise LedgerError(Trouble.UNREACHABLE, type(error).__name__) from error


def diagnosed(error: SQLAlchemyError) -> Trouble | None:
    """What is the matter; None when it is not the ledger's fault."""
    if isinstance(error, PoolTimeoutError):
        return Trouble.LOCKED
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig)
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRES.get(state, _POSTGRES.get(state[:2]))
    return Trouble.UNREACHABLE if error.connection_invalidated else None


def _of_sqlite(error: sqlite3.Error) -> Trouble | None:
    code: int = getattr(error, "sqlite_errorcode", 0)
    if code == _SQLITE_MOVED:
        return Trouble.MISSING
    if code & 0xFF == sqlite3.SQLITE_ERROR and str(error).startswith(("no such table", "no such column")):
        return Trouble.UNMIGRATED
    return _SQLITE.get(code & 0xFF)


def _first_line(error: SQLAlchemyError) -> str:
    """The driver's words, without the statement and its values."""
    words = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return words.partition("\n")[0][:200]
