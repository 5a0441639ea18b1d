"""Putting together what is declared: options that are meant, what imports want beyond it, and what the owner allows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.environments import names
from workers.environments.declared.plain import NOT_ALLOWED
from workers.environments.declared.pyproject import name_of
from workers.environments.declared.said import Said, joined, said
from workers.environments.declared.texts import refuse, shown
from workers.environments.words import Asked, Missing, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.environments.declared.said import Item, Option
    from workers.environments.imports import Imported
    from workers.environments.modules import Needs
    from workers.environments.searching import Declaration

FOR_NOTEBOOKS = frozenset(
    {
        "notebook",
        "notebooks",
        "jupyter",
        "example",
        "examples",
        "tutorial",
        "tutorials",
        "demo",
        "demos",
        "binder",
        "lab",
    }
)
"""Extras and groups that are meant for artifacts such as ours by their name, and are taken whole."""
_ASTRAY = "the import does not look where it stands in the repository:"
_AUTHORS = "a module of the author's own, by its name, that is not in the repository"


def with_options(whole: Said, wanted: Sequence[str]) -> Said:
    """`whole` with the options that are meant for notebooks, or `wanted`, and with those that these name in turn."""
    by_name: dict[str, Option] = {canonicalize_name(option.name): option for option in whole.options}
    meant = [name for name in by_name if name in FOR_NOTEBOOKS or name in {canonicalize_name(each) for each in wanted}]
    own = canonicalize_name(whole.package.name) if whole.package else ""
    items = [item for name in meant for item in _members(by_name[name], by_name, own)]
    return joined(replace(whole, options=()), said(items)) if items else whole


def _members(option: Option, by_name: Mapping[str, Option], own: str) -> list[Item]:
    """The items of an option; `project[a,b]` in an extra of the project stands for its own extras."""
    found: list[Item] = []
    waiting, seen = [option], {canonicalize_name(option.name)}
    while waiting:
        for item in waiting.pop().items:
            if not isinstance(item, Asked) or not own or name_of(item) != own:
                found.append(item)
                continue
            inner = {
                canonicalize_name(each)
                for each in re.findall(r"[\w.-]+", item.requirement.partition("[")[2].split("]")[0])
            }
            waiting += [by_name[name] for name in sorted(inner - seen) if name in by_name]
            seen |= inner
    return found


def permitted(whole: Said, addresses: Sequence[str]) -> Said:
    """`whole` with every address refused that the owner does not allow."""
    kept = [_allowed(each, addresses) for each in whole.asked]
    refused = tuple(each for each in kept if isinstance(each, Refused))
    return replace(
        whole, asked=tuple(each for each in kept if isinstance(each, Asked)), refused=whole.refused + refused
    )


def _allowed(asked: Asked, addresses: Sequence[str]) -> Asked | Refused:
    if not asked.address or any(each and asked.address.startswith(each) for each in addresses):
        return asked
    text = asked.address.removeprefix("repo:")
    return refuse(text, asked.origin, NOT_ALLOWED, name_of(asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Declarations that do not decide, by what they name: an import that nobody else brings is looked up here."""

    items: Mapping[str, tuple[Item, str]]
    """Normalised name -> the item, and the option that holds it, if one does."""

    @classmethod
    def of(cls, declarations: Iterable[Declaration]) -> Pool:
        """The first of several items of a name counts; an extra's after what its file asks for outright."""
        found: dict[str, tuple[Item, str]] = {}
        for each in declarations:
            outright = [(item, "") for item in (*each.said.asked, *each.said.missing, *each.said.refused)]
            inside = [(item, option.name) for option in each.said.options for item in option.items]
            for item, option in [*outright, *inside]:
                if name := named_by(item):
                    found.setdefault(name, (item, option))
        return cls(items=found)


def named_by(item: Item) -> str:
    """The normalised name of the distribution that an item is about; empty when that cannot be told."""
    match item:
        case Asked():
            return name_of(item)
        case Missing():
            return canonicalize_name(item.name)
        case Refused():
            return item.name


def without_own(whole: Said, own: Sequence[str]) -> Said:
    """`whole` without requirements of the repository's own packages, which are taken from its own files."""
    asked = tuple(each for each in whole.asked if name_of(each) not in own)
    refused = tuple(each for each in whole.refused if each.name not in own)
    if (asked, refused) == (whole.asked, whole.refused):
        return whole
    note = f"{', '.join(own)} is asked for and is the repository itself: its own files are taken."
    return replace(whole, asked=asked, refused=refused, notes=(*whole.notes, note))


def supplied(stated: Said, need: Needs, pool: Pool, addresses: Sequence[str]) -> Said:
    """`stated` with what imports want beyond it: from another declaration, from a lock, or declared by nobody."""
    stated = permitted(stated, addresses)
    have = names.with_brought(frozenset(name_of(each) for each in stated.asked))
    locked = {name_of(each): each for each in stated.constraints}
    refused = {each.name for each in stated.refused if each.name}
    parts: list[Said] = []
    for each in need.outside:
        fitting = names.satisfying(each.module) | {canonicalize_name(each.top)}
        if each.guarded or fitting & have or fitting & refused:
            continue
        elsewhere = _elsewhere(each, fitting, stated, locked, pool)
        parts.append(_wanted(each, need.astray.get(each.top, ""), elsewhere))
    taken = {part.asked[0].requirement for part in parts if part.asked}
    conda = tuple(each for each in stated.missing if canonicalize_name(each.name) not in taken)
    return permitted(joined(replace(stated, missing=conda), *parts), addresses)


def _wanted(each: Imported, stray: str, elsewhere: Said | None) -> Said:
    """What becomes of an import that nothing which was declared outright brings."""
    module, why = names.place(each.module)
    if why:
        return said([] if why == names.OF_KERNELS else [Missing(name=module, origin=each.origin, why=why)])
    if elsewhere is not None:
        return elsewhere
    if stray or names.is_authors(each.module):
        why = f"{_ASTRAY} {shown(stray)}" if stray else _AUTHORS
        return said([Missing(name=each.top, origin=each.origin, why=why)])
    return said([Asked(requirement=names.distribution(each.module), origin=each.origin, declared=False)])


def _elsewhere(
    each: Imported, fitting: frozenset[str], stated: Said, locked: Mapping[str, Asked], pool: Pool
) -> Said | None:
    """An import as a lock file, the conda part of a declaration or another declaration names it; None when none does."""
    distribution = names.distribution(each.module)
    if distribution in locked:
        return said([Asked(requirement=distribution, origin=f"{each.origin}, in {locked[distribution].origin}")])
    if conda := next((one for one in stated.missing if canonicalize_name(one.name) in fitting), None):
        # That it is imported shows it to be Python's.
        return said([Asked(requirement=distribution, origin=f"{conda.origin} (conda)")])
    name = next((name for name in sorted(fitting) if name in pool.items), None)
    return _from_pool(*pool.items[name], each) if name else None


def _from_pool(item: Item, option: str, each: Imported) -> Said:
    if isinstance(item, Missing):
        item = Asked(requirement=names.distribution(each.module), origin=f"{item.origin} (conda)")
    note = (
        f"{shown(each.top)} is imported and declared elsewhere: {shown(item.origin)}{f' ({option})' if option else ''}."
    )
    return replace(said([item]), notes=(note,))


def pinned(whole: Said) -> bool:
    """Whether what is declared names exact versions."""
    return bool(whole.constraints) or any(
        re.search(r"===?[^=]", each.requirement.split(";")[0]) for each in whole.asked
    )
