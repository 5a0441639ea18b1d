"""Rule packs: the YAML files beside this module, checked and turned into rules.

A pack is one package's facts. Its `rules` are a list; what is the same for all of them stands once at the top. A rule with
`renames` or `values` is many rules with one gate. Whatever lacks a source, a gate or a date is refused.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from workers.contract.domain import Severity
from workers.contract.errors import ConfigError
from workers.knowledge.rule import Argument, Change, Gate, Keyword, Packs, Rule, Symbol, Value, version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

SHIPPED = ("matplotlib", "networkx", "numpy", "pandas", "python", "scipy", "seaborn", "sklearn", "statsmodels")
"""The packs of this project, by file name without `.yml`."""

_VersionText = Annotated[str, StringConstraints(strict=True, pattern=r"^\d+(\.\d+)*$")]
"""Quoted in YAML: unquoted, 1.20 is the number 1.2."""
_Dotted = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
_Places = dict[_Dotted, tuple[str] | tuple[str, int]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Keyword(_Strict):
    old: str
    new: str | None = None
    values: dict[str, str] = Field(default_factory=dict[str, str])
    drop: tuple[str, ...] = ()


class _Shared(_Strict):
    """What a rule may leave to its pack."""

    package: str | None = None
    source: Annotated[str, StringConstraints(pattern=r"^https://")] | None = None
    as_of: date | None = None


class _Entry(_Shared):
    """One item of `rules`."""

    id: str | None = None
    since: _VersionText | None = None
    deprecated: _VersionText | None = None
    removed: _VersionText | None = None
    restored: _VersionText | None = None
    old: _Dotted | None = None
    new: _Dotted | None = None
    renames: dict[_Dotted, _Dotted | None] = Field(default_factory=dict[str, str | None])
    """Old -> new, each a rule of its own with the id `pack/old`."""
    add: dict[str, str] = Field(default_factory=dict[str, str])
    reachable: bool = False
    whole: bool = False
    call: tuple[_Dotted, ...] = ()
    keyword: _Keyword | None = None
    arguments: _Places | str = Field(default_factory=dict[str, Any])
    """Call -> [keyword, position], or the name of such a table in the pack."""
    values: dict[str, str | None] = Field(default_factory=dict[str, str | None])
    syntax: Literal["frequency"] | None = None
    severity: Severity | None = None
    message: str = ""
    target_until: date | None = None


class _Pack(_Shared):
    """One file."""

    makes: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Type -> what returns one."""
    arguments: dict[str, _Places] = Field(default_factory=dict[str, _Places])
    rules: tuple[dict[str, Any], ...] = ()


@cache
def shipped() -> Packs:
    """The packs that come with mendloop.

    Raises:
        ConfigError: one of them is broken.
    """
    folder = resources.files("workers.knowledge")
    return load([folder / f"{name}.yml" for name in SHIPPED])


def load(files: Iterable[Path | Traversable]) -> Packs:
    """Read rule packs.

    Raises:
        ConfigError: a file or a rule in it cannot be used; the message names both.
    """
    rules: list[Rule] = []
    makes: dict[str, str] = {}
    for file in files:
        name = file.name.removesuffix(".yml")
        pack = _pack(name, file.read_bytes())
        makes |= {made: kind for kind, every in pack.makes.items() for made in every}
        rules += _rules(name, pack)
    _refuse_twins(rules)
    return Packs(rules=tuple(rules), makes=MappingProxyType(makes))


def _pack(name: str, raw: bytes) -> _Pack:
    # The C loader reads all packs in 50 ms, the other needs ten times as long.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Pack.model_validate(yaml.load(raw, Loader=loader))  # noqa: S506 - safe, whichever of the two it is
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"pack {name}: {error}") from error


def _rules(name: str, pack: _Pack) -> Iterator[Rule]:
    for index, raw in enumerate(pack.rules):
        label = raw.get("id") or raw.get("old") or next(iter(raw.get("renames") or raw.get("values") or ()), index)
        try:
            entry = _Entry.model_validate(raw)
            yield from (_rule(name, pack, entry, key, change) for key, change in _changes(entry, pack))
        except (ValidationError, ValueError) as error:
            raise ConfigError(f"pack {name}, rule {label}: {error}") from error


def _rule(name: str, pack: _Pack, entry: _Entry, key: str, change: Change) -> Rule:
    source, as_of = entry.source or pack.source, entry.as_of or pack.as_of
    package = entry.package or pack.package
    gate = Gate(
        since=_version(entry.since),
        deprecated=_version(entry.deprecated),
        removed=_version(entry.removed),
        restored=_version(entry.restored),
    )
    if source is None or as_of is None or package is None:
        raise ValueError("a rule needs a `source`, an `as_of` and a `package`, its own or its pack's")
    if gate.deprecated is None and gate.removed is None:
        raise ValueError("a rule needs a gate: `deprecated` or `removed`, a version in quotes")
    return Rule(
        id=f"{name}/{key}",
        package=package,
        change=change,
        gate=gate,
        as_of=as_of,
        source=source,
        severity=entry.severity,
        message=entry.message,
        target_until=entry.target_until,
    )


def _changes(entry: _Entry, pack: _Pack) -> Iterator[tuple[str, Change]]:
    """(last part of the id, change) of every rule an entry stands for."""
    renames = entry.renames or ({entry.old: entry.new} if entry.old else {})
    for old, new in renames.items():
        yield entry.id if entry.old and entry.id else old.partition(".")[2] or old, _symbol(entry, old, new)
    if entry.keyword:
        if not entry.call:
            raise ValueError("a keyword needs the calls it belongs to (`call`)")
        yield entry.id or f"{_last(entry.call[0])}-{entry.keyword.old}", _renamed_keyword(entry.call, entry.keyword)
    for old, new in entry.values.items():
        yield f"{entry.id}-{old}", _value(entry, pack, old, new)
    if not (renames or entry.keyword or entry.values):
        raise ValueError("a rule says what changed: `old`, `renames`, `keyword` or `values`")


def _symbol(entry: _Entry, old: str, new: str | None) -> Symbol:
    return Symbol(old=old, new=new, add=tuple(entry.add.items()), reachable=entry.reachable, whole=entry.whole)


def _renamed_keyword(calls: tuple[str, ...], keyword: _Keyword) -> Keyword:
    return Keyword(
        calls=calls,
        old=keyword.old,
        new=keyword.new,
        values=tuple(keyword.values.items()),
        drop=keyword.drop,
    )


def _value(entry: _Entry, pack: _Pack, old: str, new: str | None) -> Value:
    if entry.id is None:
        raise ValueError("`values` need an `id`")
    places = entry.arguments
    if isinstance(places, str):
        if places not in pack.arguments:
            raise ValueError(f"the pack has no table of arguments named {places!r}")
        places = pack.arguments[places]
    arguments = tuple(
        Argument(call=call, keyword=place[0], position=place[1] if len(place) > 1 else None)
        for call, place in places.items()
    )
    return Value(arguments=arguments, old=old, new=new, frequency=entry.syntax == "frequency")


def _last(dotted: str) -> str:
    return re.split(r"\.", dotted)[-1]


def _version(text: str | None) -> tuple[int, ...] | None:
    return version(text) if text else None


def _refuse_twins(rules: list[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise ConfigError(f"pack {rule.id.partition('/')[0]}, rule {rule.id}: the id is taken")
        seen.add(rule.id)
