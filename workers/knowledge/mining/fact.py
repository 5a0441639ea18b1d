"""A mined fact: what became of one public name, keyword or value, in which versions, and where that is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One change of one package."""

    kind: Literal["symbol", "keyword", "value"]
    old: str
    """Dotted name; the keyword; the string."""
    calls: tuple[str, ...] = ()
    """Dotted names of what takes the keyword; empty for a symbol."""
    name: str = ""
    """The keyword that takes the value."""
    position: int | None = None
    """Of the parameter that takes the value, from 0, the receiver not counted."""
    new: str | None = None
    """Verified to be there in every release that was read, from `since` on."""
    since: str = ""
    deprecated: str = ""
    removed: str = ""
    """The first release that was read in which it is not there, and in none after it."""
    restored: str = ""
    """The first release in which it is there and nothing is said against it any more."""
    found: str
    """`decorator`, `table`, `warning`, `docstring` or `difference`."""
    at: str
    """`path:line@version`: where it is written."""
    words: str = ""
    """What the library points at without its taking the place in every use; or, for a difference, a guess."""

    @property
    def key(self) -> tuple[str, str, tuple[str, ...], str]:
        """What a fact is about."""
        return (self.kind, self.old, self.calls, self.name)
