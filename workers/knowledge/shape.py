"""Shape rules as data: every `shapes*.yml` of this folder as values, with what each rule may claim in an environment and on a date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - a field's type, read by who looks at the class
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from workers.contract.domain import Staleness
from workers.knowledge import plain_yaml
from workers.knowledge.rule import installed_version, reached, version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.protocols import Environment


_NAME = re.compile(r"shapes(_\w+)?\.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One rewrite that changes a call's shape: where it holds and how long its target lives."""

    id: str
    old: str
    new: str
    staleness: Staleness
    """What it is while the old form still works."""
    package: str | None
    formerly: str | None
    """What the package was called before, where environments may still have it under that name."""
    target_since: str | None
    deprecated_since: str | None
    gone_since: str | None
    target_reads_only_since: date | None
    target_until: date | None
    successor: str | None
    """What the target's vendor names for afterwards."""
    as_of: date
    source: str

    def staleness_in(self, environment: Environment) -> Staleness | None:
        """What the old form is in the installed version, the owner's wishes apart; None where it is fine."""
        if self._reached(self.gone_since, environment):
            return Staleness.BROKEN
        if self._reached(self.deprecated_since, environment):
            return Staleness.DEPRECATED
        return None

    def resolves_in(self, environment: Environment) -> bool:
        """True where the new form is known to exist in the installed version."""
        return self._reached(self.target_since, environment)

    def installed(self, environment: Environment) -> str | None:
        """The version that is installed, under either name."""
        found = (installed_version(name, environment) for name in (self.package, self.formerly) if name)
        return next(filter(None, found), None)

    def closed(self, as_of: date) -> bool:
        """True once the target takes nothing new any more."""
        ends = [end for end in (self.target_reads_only_since, self.target_until) if end is not None]
        return bool(ends) and as_of >= min(ends)

    def life(self, as_of: date) -> str:
        """What is known of the target's end, in words; empty where nothing is."""
        told: list[str] = []
        if self.target_reads_only_since is not None:
            verb = "is read-only since" if as_of >= self.target_reads_only_since else "becomes read-only on"
            told.append(f"{verb} {self.target_reads_only_since}")
        if self.target_until is not None:
            told.append(f"{'ended' if as_of >= self.target_until else 'ends'} on {self.target_until}")
        after = f"; its vendor names {self.successor}" if self.successor else ""
        return f"{self.new} {' and '.join(told)}{after}" if told else ""

    def _reached(self, since: str | None, environment: Environment) -> bool:
        installed = self.installed(environment)
        return installed is not None and since is not None and reached(version(since), version(installed))


@cache
def shapes() -> dict[str, Shape]:
    """Id -> shape of every `shapes*.yml` here, file after file by name, each in its own order.

    Raises:
        ValueError: two of them have the same id.
    """
    folder = resources.files(__package__ or "workers.knowledge")
    found = {entry.name: entry for entry in folder.iterdir() if _NAME.fullmatch(entry.name)}
    return table(found[name].read_text(encoding="utf-8") for name in sorted(found))


def table(texts: Iterable[str]) -> dict[str, Shape]:
    """Id -> shape, in the order of the files and of each file.

    Raises:
        ValueError: two of them have the same id.
    """
    told: dict[str, Shape] = {}
    for text in texts:
        rows: list[dict[str, Any]] = plain_yaml.read(text)
        for made in map(_shape, rows):
            if made.id in told:
                raise ValueError(f"two shapes are called {made.id!r}")
            told[made.id] = made
    return told


def _shape(row: dict[str, Any]) -> Shape:
    return Shape(
        id=row["id"],
        old=row["from"],
        new=row["to"],
        staleness=Staleness(row["class"]),
        package=row.get("package"),
        formerly=row.get("formerly"),
        target_since=row.get("target_since"),
        deprecated_since=row.get("deprecated_since"),
        gone_since=row.get("gone_since"),
        target_reads_only_since=row.get("target_reads_only_since"),
        target_until=row.get("target_until"),
        successor=row.get("successor"),
        as_of=row["as_of"],
        source=row["source"],
    )
