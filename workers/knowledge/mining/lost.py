"""Parameters that public functions lost from one release to the next."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from workers.knowledge.mining.fact import Fact
from workers.knowledge.mining.lasting import is_offered, last_seen, place
from workers.knowledge.mining.model import Class, Function
from workers.knowledge.mining.offers import shortest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.knowledge.mining.model import Item, Parameter
    from workers.knowledge.mining.release import Release

_MOST_PATHS = 12


def lost_parameters(releases: Sequence[Release], told: frozenset[tuple[str, str]]) -> Iterator[Fact]:
    """Parameters that a public function lost; what was added in their place is a guess."""
    calls: defaultdict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for path, at in sorted(last_seen(releases, _callables).items()):
        for name, gone, guess in _lost(releases, path, at):
            if (path, name) in told:
                continue
            calls[
                name, releases[gone].version, guess, f"{place(releases[gone - 1], path)}@{releases[gone - 1].version}"
            ].append(path)
    for (name, removed, guess, written), paths in sorted(calls.items()):
        known = sorted(paths, key=shortest)[:_MOST_PATHS]
        yield Fact(
            kind="keyword", old=name, calls=tuple(known), removed=removed, found="difference", at=written, words=guess
        )


def _callables(release: Release) -> Iterator[str]:
    for canonical, paths in release.paths.items():
        item = release.find(canonical).item
        near = [path for path in paths[:2] if is_offered(release, path)]
        yield from near if isinstance(item, Function | Class) else ()
        if isinstance(item, Class) and near:
            yield from (f"{paths[0]}.{name}" for name, each in item.members.items() if _is_method(name, each))


def _is_method(name: str, item: Item) -> bool:
    return isinstance(item, Function) and not item.is_property and not name.startswith("_")


def _lost(releases: Sequence[Release], path: str, last: int) -> Iterator[tuple[str, int, str]]:
    """(parameter, number of the first release without it, guess) for each that went and did not come back."""
    signatures = [release.function(path) for release in releases[: last + 1]]
    newest = signatures[-1]
    if newest is None or newest.is_open or newest.is_property:
        return
    seen: dict[str, tuple[int, Parameter]] = {}
    for at, called in enumerate(signatures):
        for one in called.parameters if called else ():
            if one.binding in {"either", "keyword"}:
                seen[one.name] = (at, one)
    for name, (at, one) in seen.items():
        after = signatures[at + 1 :]
        closed = [each is not None and not each.is_open and name not in each.words for each in after]
        if after and all(closed) and not name.startswith("_"):
            yield name, at + 1, _guess(signatures[at], after[0], one)


def _guess(old: Function | None, new: Function | None, lost: Parameter) -> str:
    """The one parameter that came where the lost one went, with its place and default."""
    before = {one.name for one in old.parameters} if old else set[str]()
    added = [one for one in new.parameters if one.name not in before] if new else []
    gone = (
        [one for one in old.parameters if new and one.name not in {each.name for each in new.parameters}] if old else []
    )
    if len(added) == len(gone) == 1 and added[0].default == lost.default and old and new:
        return added[0].name if old.parameters.index(lost) == new.parameters.index(added[0]) else ""
    return ""
