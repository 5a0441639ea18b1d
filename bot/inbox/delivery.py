"""The words of the inbox, and its seams."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from workers.contract.errors import MendloopError

if TYPE_CHECKING:
    from collections.abc import Sequence

STORE_S = 8.0
"""How long a delivery may wait to be stored: GitHub hangs up after ten seconds."""
LOCK_S = 7.0
"""How long the database may wait for its own locks, so that its word comes before ours."""


class InboxError(MendloopError):
    """Ours or the weather's: the ledger is locked, full or away. The delivery must be sent again."""


class Delivery(NamedTuple):
    """A delivery whose signature is good, in the order of the table's columns.

    A tuple, for there is one per request and the driver binds it as it is.
    """

    guid: str
    content_key: str
    """SHA-256 of the body in hex. GUID and event are not signed, so two deliveries are the same by this."""
    event: str
    body: bytes
    received_at: float
    """Seconds since 1970."""


class Stored(Enum):
    """What became of a delivery in the ledger."""

    NEW = "new"
    DUPLICATE = "duplicate"
    """The same content is in the ledger already."""
    CLASH = "clash"
    """Its GUID belongs to another content. It was not stored."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit did."""

    answers: Sequence[Stored]
    """One for each delivery, in order."""
    last_row: int
    """Row id of the last new delivery; 0 when none was new."""


class Bell(Protocol):
    """Wakes the processes that work on rows. Never raises, and takes a bounded time."""

    async def ring(self, who: Literal["github", "loop"], row: int) -> None:
        """There is work for `who`; `row` is one of the rows."""
        ...


class Store(Protocol):
    """A database that stores deliveries."""

    async def commit(self, batch: Sequence[Delivery]) -> Committed:
        """Store the deliveries in one durable transaction.

        Raises:
            InboxError: it cannot be known that any of them is stored.
        """
        ...

    async def probe(self) -> None:
        """Write and commit something that means nothing.

        Raises:
            InboxError: the ledger cannot be written.
        """
        ...


class Inbox(Protocol):
    """Where the webhook puts deliveries."""

    async def store(self, delivery: Delivery) -> Stored:
        """Store it; when this returns, a power cut cannot undo it.

        Raises:
            InboxError: that could not be had within `STORE_S` seconds.
        """
        ...

    async def probe(self) -> None:
        """As `Store.probe`."""
        ...
