"""What one run sent and received: bytes against a cap, counts by the names of hosts. No path, no header, no body."""

from __future__ import annotations

from dataclasses import dataclass, field


class UsedUpError(Exception):
    """The run has sent and received as much as it may."""


@dataclass(slots=True)
class Counts:
    """Of one host."""

    asked: int = 0
    """Requests that went out."""
    replayed: int = 0
    """Requests that a recorded answer was given to."""
    refused: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0


MOST_HOSTS = 200
"""Names beyond are counted together: a box may ask for any number of them."""
OTHERS = "(others)"


@dataclass(slots=True)
class Totals:
    """Of one run."""

    cap_bytes: int
    hosts: dict[str, Counts] = field(default_factory=dict[str, Counts])
    spent_bytes: int = 0

    def of(self, name: str) -> Counts:
        """The counts of a host."""
        if name not in self.hosts and len(self.hosts) >= MOST_HOSTS:
            name = OTHERS
        return self.hosts.setdefault(name, Counts())

    def sent(self, name: str, size: int) -> None:
        """Book bytes before they go out.

        Raises:
            UsedUpError: they are more than is left; nothing may go out.
        """
        self._book(size)
        self.of(name).sent_bytes += size

    def received(self, name: str, size: int) -> None:
        """Book bytes that came in.

        Raises:
            UsedUpError: they are more than was left.
        """
        self.of(name).received_bytes += size
        self._book(size)

    def _book(self, size: int) -> None:
        if self.spent_bytes + size > self.cap_bytes:
            raise UsedUpError("the run has sent and received as much as it may")
        self.spent_bytes += size
