"""What the answers of API clients are made of, as far as codemods have to know to follow who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from workers.review.sites import Site


@dataclass(frozen=True, slots=True)
class Plain:
    """A text, a number, a list of numbers: read the same way before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A value with named fields."""

    name: str
    """In words, with its article: `an embedding`."""
    fields: Mapping[str, Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values of one kind, one after the other."""

    item: Kind


Kind = Plain | Record | Series
PLAIN = Plain()

How = Literal["attribute", "item", "get", "in", "not in", "keys", "dump", "dumped"]
"""`keys`: its names are asked for. `dump`: it is made a dictionary. `dumped`: it is handed to what takes dictionaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An expression of a known kind: where following starts."""

    site: Site
    node: ast.expr
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One field read of a record."""

    site: Site
    base: ast.expr
    """What holds the record."""
    outer: ast.expr
    """The whole expression: the attribute, the subscript, the call of a method, the comparison."""
    record: Record
    field: str
    how: How
    default: ast.expr | None = None
    """Of `get`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Where a value goes on to where nobody follows it, and why."""

    site: Site
    node: ast.expr
    why: str


def record(name: str, plain: str = "", **fields: Kind) -> Record:
    """A record of `plain` fields (separated by spaces) and others."""
    return Record(name=name, fields=dict.fromkeys(plain.split(), PLAIN) | fields)
