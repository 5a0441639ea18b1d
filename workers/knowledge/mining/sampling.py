"""Which releases of a package are read: not all, and none is read twice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST = 60
"""Releases of one package."""
_DENSE = 20
"""A minor release with more patches than this is looked at in between too."""
_BETWEEN = 5
_ASKED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*==\s*(?P<first>[\w.!+]*?)\.\.(?P<last>[\w.!+]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Releases of one package from one version to another, both included; None is an open end."""

    package: str
    """Normalised distribution name."""
    first: Version | None
    last: Version | None

    def holds(self, version: Version) -> bool:
        """Whether the release lies in the range; an end such as `2.1` means every patch of it."""
        after = self.first is None or version >= self.first
        return after and (self.last is None or version <= self.last or _within(version, self.last))


def asked(text: str) -> Range:
    """`pandas==1.0..2.2` as a range; an end may be left out.

    Raises:
        ConfigError: it is written in another way.
    """
    found = _ASKED.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"{text!r} names no range of releases; write it as pandas==1.0..2.2, or pandas==1.0..")
    return Range(
        package=canonicalize_name(found["name"]),
        first=_version(found["first"], text),
        last=_version(found["last"], text),
    )


def sample(versions: Iterable[Version], wanted: Range) -> tuple[Version, ...]:
    """Of each minor release the first and the last patch, and some between where there are many; in order.

    Of a package with very many minor releases only the last patches are taken, and of those some.
    """
    inside = sorted({version for version in versions if wanted.holds(version) and not version.is_prerelease})
    minors = [list(each) for _, each in groupby(inside, key=lambda version: version.release[:2])]
    kept = [version for patches in minors for version in _spread(patches)]
    return tuple(kept if len(kept) <= MOST else _evenly([patches[-1] for patches in minors], MOST))


def _spread(patches: Sequence[Version]) -> list[Version]:
    return _evenly(patches, _BETWEEN + 2 if len(patches) > _DENSE else 2)


def _evenly(versions: Sequence[Version], most: int) -> list[Version]:
    """At most that many, the first and the last among them."""
    last, steps = len(versions) - 1, most - 1
    return [versions[at] for at in sorted({round(step * last / steps) for step in range(most)})]


def _within(version: Version, end: Version) -> bool:
    return version.release[: len(end.release)] == end.release


def _version(text: str, whole: str) -> Version | None:
    try:
        return Version(text) if text else None
    except InvalidVersion as error:
        raise ConfigError(f"{text!r} in {whole!r} is no version; write it as pandas==1.0..2.2") from error
