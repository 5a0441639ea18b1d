"""The miner: releases of one package in, its facts out. Reads; imports and runs nothing of what it reads."""

from __future__ import annotations

import sys
import time
from functools import cache
from typing import TYPE_CHECKING

from workers.knowledge.distributions import distribution
from workers.knowledge.mining.differences import differences
from workers.knowledge.mining.found import Found, Presence
from workers.knowledge.mining.release import Release
from workers.knowledge.mining.settling import settled
from workers.knowledge.mining.tree import UnreadableReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.knowledge.mining.fact import Fact
    from workers.knowledge.mining.model import Module
    from workers.knowledge.mining.settling import Elsewhere
    from workers.knowledge.mining.tree import Source, Tree

PYTHON = "python"
"""The package that is the standard library."""
RELEASE_S = 180.0
_MOST_ELSEWHERE = 60


def read(
    package: str,
    version: str,
    tree: Tree,
    known: dict[Source, Module | None] | None = None,
    *,
    within_s: float = RELEASE_S,
) -> Release:
    """One release. `known` is kept by who reads several of one package: most files are the same in the next one.

    `within_s` counts this process's work, not its waiting: how busy the machine is changes no facts.

    Raises:
        UnreadableReleaseError: reading takes longer than that.
    """
    started = time.process_time()
    release = Release(package, version, tree, {} if known is None else known, until=started + within_s)
    if not release.modules and not release.native:
        raise UnreadableReleaseError(f"{package} {version} holds no Python; it is not read")
    return release


def elsewhere(releases: Sequence[Release]) -> tuple[str, ...]:
    """The packages that targets of `releases` lie in, by name: what has to be read as well before `mine`."""
    asked: dict[str, None] = {}

    def note(dotted: str) -> Found:
        asked[_package(dotted)] = None
        return Found(Presence.PRESENT)

    _relate(releases)
    stated = list(settled(releases, note))
    for _ in differences(releases, stated, note):
        pass
    return tuple(sorted(asked))[:_MOST_ELSEWHERE]


def mine(releases: Sequence[Release], others: Mapping[str, Release], split: Sequence[Release] = ()) -> tuple[Fact, ...]:
    """The facts of one package; `others` are releases of further packages, by name, in which targets may lie.

    `releases` are ordered, the oldest first; `split` are those of packages that parts of it moved to, without a word.
    """
    _relate(releases)
    lookup = _in(others)
    stated = list(settled(releases, lookup))
    return tuple(_worth([*stated, *differences(releases, stated, lookup, split)]))


def _relate(releases: Sequence[Release]) -> None:
    for release in releases:
        release.relate(releases)


def _in(others: Mapping[str, Release]) -> Elsewhere:
    @cache
    def lookup(dotted: str) -> Found:
        release = others.get(_package(dotted))
        return release.find(dotted) if release is not None and release.has(dotted) else Found(Presence.UNKNOWN)

    return lookup


def _package(dotted: str) -> str:
    root = dotted.partition(".")[0]
    return PYTHON if root in sys.stdlib_module_names else distribution(root).replace("_", "-").lower()


def _worth(facts: Iterable[Fact]) -> Iterable[Fact]:
    """Each thing once, and nothing without a version from which on it is stale."""
    seen: set[tuple[object, ...]] = set()
    for fact in facts:
        if fact.key not in seen and (fact.deprecated or fact.removed):
            seen.add(fact.key)
            yield fact
