"""What a search found, in words: releases that broke or mended a cell, versions to hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Broke:
    """Two releases of a package: with one it ran, with the other it fails. Both were tried."""

    package: str
    ran: str
    broke: str
    between: tuple[str, ...]
    """Releases between them about which nothing is known."""
    tried_all: bool
    """False where the search was ended before; True where those between could not be tried, or failed for another reason."""
    cell: int | None
    mended: bool
    """True where the later of the two is the one with which it runs."""
    others: tuple[tuple[str, str], ...] = ()
    """(name, version) that it takes besides: without them the release breaks nothing."""

    def with_others(self, others: Mapping[str, str]) -> Broke:
        """The same, and what it takes besides."""
        return replace(self, others=tuple(sorted(others.items())))

    @property
    def sentence(self) -> str:
        """As the report says it."""
        where = "the run" if self.cell is None else f"cell {self.cell}"
        besides = f" together with {listed(dict(self.others))}" if self.others else ""
        if self.between:
            why = "could not be tried, or failed for another reason" if self.tried_all else "were not tried any more"
            what = f"{self.package} {self.ran} still runs {where} and {self.broke}{besides} does not"
            return f"{what}; which release between them makes the difference is open: {_some(self.between)} {why}."
        if self.mended:
            return f"{self.package} {self.ran} is the first with which {where} runs ({self.broke} still fails)."
        return f"{self.package} {self.broke}{besides} broke {where} ({self.ran} still ran)."


def _some(versions: tuple[str, ...]) -> str:
    more = f" and {len(versions) - SHOWN} more" if len(versions) > SHOWN else ""
    return ", ".join(versions[:SHOWN]) + more


def listed(versions: Mapping[str, str]) -> str:
    """`a 1.0 and b 2.0`."""
    told = [f"{name} {version}" for name, version in sorted(versions.items())]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
