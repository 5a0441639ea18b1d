"""What looking a dotted name up in a release comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.knowledge.mining.model import Item, Module


class Presence(Enum):
    """Whether a name is there, as far as that can be read."""

    PRESENT = "present"
    ABSENT = "absent"
    UNMENTIONED = "unmentioned"
    """It could come from elsewhere, and nothing speaks of it."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a name leads."""

    presence: Presence
    item: Item | Module | None = None
    canonical: str = ""
    """The dotted name of the definition; of something in another package as far as it is known."""

    @property
    def is_here(self) -> bool:
        """There, with its definition in this release."""
        return self.presence is Presence.PRESENT and self.item is not None
