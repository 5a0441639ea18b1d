"""What went without a word: names and parameters that one release has and no later one, and where the same thing is now.

A move is taken for one only if the old release itself had the thing under the other name too, or if the other definition has
the same name and the same text, or is a class with everything that the old one had and made in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.knowledge.mining.fact import Fact
from workers.knowledge.mining.found import Presence
from workers.knowledge.mining.lasting import gone_from, is_offered, last_seen, place, there_from
from workers.knowledge.mining.lost import lost_parameters
from workers.knowledge.mining.model import Class, Function
from workers.knowledge.mining.offers import is_public, shortest
from workers.knowledge.mining.signatures import stands_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.knowledge.mining.found import Found
    from workers.knowledge.mining.release import Release
    from workers.knowledge.mining.settling import Elsewhere

_SHORT = 3
"""A definition of fewer lines or members than this is no proof of being the same."""


def differences(
    releases: Sequence[Release], told: Iterable[Fact], elsewhere: Elsewhere, split: Sequence[Release] = ()
) -> Iterator[Fact]:
    """Facts about public names and parameters that `told`, what the releases state themselves, does not speak of.

    `split` are releases of packages that parts of this one may have moved to.
    """
    known = list(told)
    symbols = frozenset(fact.old for fact in known if fact.kind == "symbol")
    keywords = frozenset((call, fact.old) for fact in known if fact.kind == "keyword" for call in fact.calls)
    modules = list(_modules(releases))
    yield from modules
    yield from _names(releases, symbols, tuple(f"{fact.old}." for fact in modules), split)
    yield from _borrowed(releases, symbols, elsewhere)
    yield from _members(releases, symbols)
    yield from lost_parameters(releases, keywords)


def _modules(releases: Sequence[Release]) -> Iterator[Fact]:
    """Whole modules: the outermost that is gone stands for those in it."""
    last = last_seen(releases, lambda release: [name for name in release.modules if is_public(name)])
    for name, at in sorted(last.items()):
        gone = gone_from(releases, name, at)
        parent = name.rpartition(".")[0]
        if gone is None or (parent and releases[gone].find(parent).presence is not Presence.PRESENT):
            continue
        path = releases[at].modules[name].path
        yield Fact(
            kind="symbol",
            old=name,
            removed=releases[gone].version,
            found="difference",
            at=f"{path}@{releases[at].version}",
        )


def _names(
    releases: Sequence[Release], told: frozenset[str], modules: tuple[str, ...], split: Sequence[Release]
) -> Iterator[Fact]:
    """Functions and classes, under each public name; those that went with their module only where they are elsewhere now."""
    last = last_seen(releases, lambda release: [path for paths in release.paths.values() for path in paths])
    for path, at in sorted(last.items()):
        gone = gone_from(releases, path, at) if path not in told else None
        if gone is None:
            continue
        found = releases[at].find(path)
        if not isinstance(found.item, Function | Class):
            continue
        new = _moved(releases, path, at, gone) or _split_off(releases[at], path, split)
        if new or (not path.startswith(modules) and is_offered(releases[at], path)):
            yield _fact(releases, path, at, gone, new)


def _split_off(old: Release, path: str, split: Sequence[Release]) -> str:
    """The same thing in the same place of another package: `langchain.chains.X` and `langchain_classic.chains.X`."""
    item, inside = old.find(path).item, path.partition(".")[2]
    for other in split:
        for root in sorted(other.roots):
            found = other.find(f"{root}.{inside}")
            if found.is_here and _is_same(item, other, found.canonical, path.rpartition(".")[2]):
                return f"{root}.{inside}"
    return ""


def _borrowed(releases: Sequence[Release], told: frozenset[str], elsewhere: Elsewhere) -> Iterator[Fact]:
    """Names that were only another name for something of another package."""
    last = last_seen(releases, lambda release: release.borrowed)
    for path, at in sorted(last.items()):
        new = releases[at].borrowed[path]
        gone = gone_from(releases, path, at) if path not in told else None
        if gone is not None and new.rpartition(".")[2] == path.rpartition(".")[2] and _is_there(elsewhere(new)):
            yield _fact(releases, path, at, gone, new)


def _is_there(found: Found) -> bool:
    return found.presence is Presence.PRESENT


def _fact(releases: Sequence[Release], path: str, at: int, gone: int, new: str) -> Fact:
    return Fact(
        kind="symbol",
        old=path,
        new=new or None,
        since=there_from(releases, new) if new else "",
        removed=releases[gone].version,
        found="difference",
        at=f"{place(releases[at], path)}@{releases[at].version}",
    )


def _moved(releases: Sequence[Release], path: str, at: int, gone: int) -> str:
    """The public name under which the same thing is to be had from `gone` on; empty when none is."""
    old, new = releases[at], releases[gone]
    found, name = old.find(path), path.rpartition(".")[2]
    kept = [one for one in old.paths.get(found.canonical, ()) if one != path]
    kept += [paths[0] for canonical, paths in new.paths.items() if _is_same(found.item, new, canonical, name)]
    lasting = [
        one for one in sorted(set(kept), key=shortest) if all(each.find(one).is_here for each in releases[gone:])
    ]
    homes = {releases[gone].find(one).canonical for one in lasting}
    return lasting[0] if len(homes) == 1 and lasting[0].rpartition(".")[2] == name else ""


def _is_same(item: object, new: Release, canonical: str, name: str) -> bool:
    if canonical.rpartition(".")[2] != name:
        return False
    other = new.find(canonical).item
    if (
        not isinstance(item, Function | Class)
        or type(item) is not type(other)
        or not isinstance(other, Function | Class)
    ):
        return False
    if isinstance(item, Class) and isinstance(other, Class):
        return len(item.members) >= _SHORT and (item.digest == other.digest or _resembles(item, other))
    return item.digest == other.digest and isinstance(item, Function) and len(item.parameters) >= 1


def _resembles(old: Class, new: Class) -> bool:
    """Everything public of the old class is in the new one, and it is made in a way that takes the same arguments."""
    names = {name for name in old.members if not name.startswith("_")}
    made, remade = old.members.get("__init__"), new.members.get("__init__")
    alike = isinstance(made, Function) and isinstance(remade, Function) and stands_for(made, remade)
    return len(names) >= _SHORT and names <= set(new.members) and alike


def _members(releases: Sequence[Release], told: frozenset[str]) -> Iterator[Fact]:
    """Methods that were only another name for one that is still there."""
    last = last_seen(releases, _aliases)
    for path, at in sorted(last.items()):
        owner, _, name = path.rpartition(".")
        gone = gone_from(releases, path, at, strict=False) if path not in told else None
        target = releases[at].find(path)
        new = f"{owner}.{target.canonical.rpartition('.')[2]}"
        if gone is None or new == path or name.startswith("_"):
            continue
        if is_public(new) and all(each.find(new).is_here for each in releases[gone:]):
            yield _fact(releases, path, at, gone, new)


def _aliases(release: Release) -> Iterator[str]:
    for canonical, paths in release.paths.items():
        item = release.find(canonical).item
        if isinstance(item, Class):
            for name, member in item.members.items():
                if getattr(member, "target", "") in item.members:
                    yield f"{paths[0]}.{name}"
