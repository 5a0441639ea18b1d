"""Which packages have to change together, by what they ask of each other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A package as it is installed."""

    version: str
    requires: tuple[str, ...] = ()
    """PEP 508."""


def differing(failing: Mapping[str, Locked], passing: Mapping[str, Locked]) -> frozenset[str]:
    """Packages that both have, in different versions."""
    return frozenset(name for name in failing.keys() & passing.keys() if failing[name].version != passing[name].version)


def together(wanted: frozenset[str], failing: Mapping[str, Locked], passing: Mapping[str, Locked]) -> frozenset[str]:
    """`wanted` and whatever has to change with them, so that those have the passing versions and the rest the failing ones.

    What cannot be told from here (extras, markers of another machine) is left to the resolver.
    """
    movable = differing(failing, passing)
    moved = wanted & movable
    while True:
        more = frozenset(_forced(moved, movable, failing, passing))
        if more <= moved:
            return moved
        moved |= more


def _forced(
    moved: frozenset[str], movable: frozenset[str], failing: Mapping[str, Locked], passing: Mapping[str, Locked]
) -> Iterator[str]:
    chosen = {**passing, **failing, **{name: passing[name] for name in moved}}
    for name, package in chosen.items():
        for needs in _needs(package):
            other = canonicalize_name(needs.name)
            if other not in chosen or _fits(needs, chosen[other].version):
                continue
            if other in movable - moved and _fits(needs, passing[other].version):
                yield other
            elif name in movable - moved:
                yield name


def _needs(package: Locked) -> Iterator[Requirement]:
    for text in package.requires:
        try:
            needs = Requirement(text)
            if needs.marker is None or needs.marker.evaluate({"extra": ""}):
                yield needs
        except InvalidRequirement:
            continue


def _fits(needs: Requirement, version: str) -> bool:
    try:
        return needs.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True
