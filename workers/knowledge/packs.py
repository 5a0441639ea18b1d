"""Rule packs: the YAML files beside this module, checked and turned into rules.

A pack is one package's facts. Its `rules` are a list; what is the same for all of them stands once at the top. A rule with
`renames` or `values` is many rules with one gate. Whatever lacks a source, a gate or a date is refused.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import Field, ValidationError

from workers.contract.errors import ConfigError
from workers.contract.written import Entry, Places, Shared
from workers.knowledge import plain_yaml
from workers.knowledge.rule import Packs, Rule, Symbol
from workers.knowledge.written.changes import rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

OWN = "own"
"""First part of the ids of a repository's own rules."""
_FOR_TRIALS = ("cases", "each", "given")
"""Keys that no run needs: they are checked by who tries the cases."""


class Pack(Shared):
    """One file."""

    makes: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Type -> what returns one."""
    arguments: dict[str, Places] = Field(default_factory=dict[str, Places])
    rules: tuple[dict[str, Any], ...] = ()


@cache
def shipped() -> Packs:
    """The packs that come with mendloop.

    Raises:
        ConfigError: one of them is broken.
    """
    return replace(load(files()), with_mined=True)


def files() -> list[Traversable]:
    """The files of the packs that come with mendloop, by name."""
    folder = resources.files("workers.knowledge")
    return sorted((file for file in folder.iterdir() if _is_pack(file.name)), key=lambda file: file.name)


def _is_pack(name: str) -> bool:
    return name.endswith(".yml") and name != "models.yml" and not name.startswith("shapes")


def load(files: Iterable[Path | Traversable]) -> Packs:
    """Read rule packs.

    Raises:
        ConfigError: a file or a rule in it cannot be used; the message names both.
    """
    rules: list[Rule] = []
    makes: dict[str, str] = {}
    for file in files:
        name = file.name.removesuffix(".yml")
        pack = read(name, file.read_bytes(), cases=False)
        makes |= made_by(pack)
        rules += [rule for _, made in entries(name, pack) for rule in made]
    _refuse_twins(rules)
    return Packs(rules=tuple(rules), makes=MappingProxyType(makes))


def with_own(packs: Packs, written: Sequence[Entry]) -> Packs:
    """`packs` and the rules of a repository, whose ids start with `own/`.

    Raises:
        ConfigError: one of them cannot be used; the message names it.
    """
    if not written:
        return packs
    made = [rule for _, rules in own(written) for rule in rules]
    _refuse_twins(made)
    return replace(packs, rules=(*packs.rules, *made))


def own(written: Iterable[Entry]) -> Iterator[tuple[Entry, tuple[Rule, ...]]]:
    """Every entry of a repository with the rules it stands for.

    Raises:
        ConfigError: one of them cannot be used.
    """
    for entry in written:
        yield entry, _made(OWN, Pack(), entry, entry.id)


def read(name: str, raw: bytes, *, cases: bool = True) -> Pack:
    """One pack; its rules are not looked at yet. Without `cases` they are left out, as if they were not written.

    Raises:
        ConfigError: it is no YAML, or has keys that no pack has.
    """
    try:
        found = plain_yaml.read(raw)
        return Pack.model_validate(found if cases else _without_cases(found))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"pack {name}: {error}") from error


def _without_cases(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    listed: Any = found.get("rules")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # YAML
    for one in (found, *(listed if isinstance(listed, list) else ())):  # pyright: ignore[reportUnknownVariableType]
        for key in _FOR_TRIALS if isinstance(one, dict) else ():
            one.pop(key, None)  # pyright: ignore[reportUnknownMemberType]
    return found  # pyright: ignore[reportUnknownVariableType]


def made_by(pack: Pack) -> dict[str, str]:
    """Callable -> type of what it returns."""
    return {made: kind for kind, every in pack.makes.items() for made in every}


def entries(name: str, pack: Pack) -> Iterator[tuple[Entry, tuple[Rule, ...]]]:
    """Every entry of a pack with the rules it stands for.

    Raises:
        ConfigError: one of them cannot be used.
    """
    named: dict[str, str] = {}
    for index, raw in enumerate(pack.rules):
        label = raw.get("id") or raw.get("old") or next(iter(raw.get("renames") or raw.get("values") or ()), index)
        try:
            entry = Entry.model_validate(raw)
        except ValidationError as error:
            raise ConfigError(f"pack {name}, rule {label}: {error}") from error
        yield entry, tuple(_told_apart(name, rule, entry, named) for rule in _made(name, pack, entry, label))


def _told_apart(name: str, rule: Rule, entry: Entry, named: dict[str, str]) -> Rule:
    """The rule with its whole name in its id, where another module has a name that ends like it."""
    if (
        entry.id is None
        and isinstance(rule.change, Symbol)
        and named.setdefault(rule.id, rule.change.old) != rule.change.old
    ):
        return replace(rule, id=f"{name}/{rule.change.old}")
    return rule


def _made(name: str, pack: Pack, entry: Entry, label: Any) -> tuple[Rule, ...]:
    try:
        return tuple(rules_of(name, pack, pack.arguments, entry))
    except ValueError as error:
        raise ConfigError(f"pack {name}, rule {label}: {error}") from error


def _refuse_twins(rules: list[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise ConfigError(f"pack {rule.id.partition('/')[0]}, rule {rule.id}: the id is taken")
        seen.add(rule.id)
