"""Under which public names a release offers what it defines, and what it only borrows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from workers.knowledge.mining.found import Presence
from workers.knowledge.mining.model import Alias, Class, Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.knowledge.mining.release import Release

MOST_PATHS = 12
MOST_HEIRS = 6
_DEPTH = 30


def is_public(dotted: str) -> bool:
    """No part of the name is private."""
    return not any(part.startswith("_") for part in dotted.split("."))


def shortest(dotted: str) -> tuple[int, str]:
    """Orders names by how many parts they have."""
    return dotted.count("."), dotted


def paths(release: Release) -> Mapping[str, tuple[str, ...]]:
    """Definition -> public names under which modules offer it, the shortest first."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in _offered(release):
        at = release.find(path)
        if at.is_here and not isinstance(at.item, Module):
            found[at.canonical].add(path)
    return {canonical: tuple(sorted(each, key=shortest)) for canonical, each in found.items()}


def borrowed(release: Release) -> Mapping[str, str]:
    """Public name -> the thing of another package that it is another name of, where a module is meant to be asked for it."""
    found: dict[str, str] = {}
    for path in _offered(release):
        at = release.find(path)
        lent = at.item is None and at.canonical.partition(".")[0] not in release.roots
        if at.presence is Presence.PRESENT and lent and "." in at.canonical and is_public(at.canonical):
            found[path] = at.canonical
    return found


def heirs(release: Release) -> Mapping[str, tuple[str, ...]]:
    """Class -> the public classes that inherit from it, directly or not, by their definitions."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for canonical in release.paths:
        item = release.find(canonical).item
        if isinstance(item, Class):
            for base in _ancestors(release, canonical, item, _DEPTH):
                found[base].add(canonical)
    return {base: tuple(sorted(each)) for base, each in found.items()}


def public(release: Release, subject: str) -> tuple[str, ...]:
    """The names under which users reach a definition: those of its class and of the classes that inherit it."""
    if subject in release.paths:
        return release.paths[subject][:MOST_PATHS]
    owner, _, name = subject.rpartition(".")
    if not name or name.startswith("_"):
        return ()
    if isinstance(release.find(owner).item, Class):
        homes = list(release.paths.get(owner, ())[:1])
        homes += [release.paths[heir][0] for heir in release.heirs.get(owner, ()) if heir in release.paths]
        found = (f"{home}.{name}" for home in homes)
        same = release.find(subject).canonical
        return tuple(sorted((one for one in found if release.find(one).canonical == same), key=shortest))[:MOST_HEIRS]
    return (subject,) if is_public(subject) and "." in subject else ()


def _offered(release: Release) -> Iterator[str]:
    for module in release.modules.values():
        if is_public(module.name):
            yield from (f"{module.name}.{name}" for name in _names(release, module))


def _names(release: Release, module: Module) -> Iterator[str]:
    """Names a module is meant to be asked for: its own, those it lists, and all that a package gathers."""
    listed = set(module.exported or ())
    for name, item in module.names.items():
        gathers = module.is_package or not isinstance(item, Alias) or not item.is_import or item.warns
        if not name.startswith("_") and (gathers or name in listed):
            yield name
    for origin in module.stars if module.is_package else ():
        yield from _spread(release, origin, _DEPTH)
    yield from (name for name in listed if name not in module.names and not name.startswith("_"))


def _spread(release: Release, origin: str, depth: int) -> Iterator[str]:
    """What `from origin import *` binds."""
    found = release.find(origin)
    if depth == 0 or not isinstance(found.item, Module):
        return
    module = found.item
    listed = module.exported or ()
    names: Iterable[str] = listed if listed and not module.exports_more else dict.fromkeys((*module.names, *listed))
    yield from (name for name in names if not name.startswith("_"))
    for inner in module.stars:
        yield from _spread(release, inner, depth - 1)


def _ancestors(release: Release, canonical: str, item: Class, depth: int) -> Iterator[str]:
    for base in release.bases(canonical, item) if depth else ():
        if base is None or base == canonical:
            continue
        yield base
        above = release.find(base).item
        if isinstance(above, Class):
            yield from _ancestors(release, base, above, depth - 1)
