"""Which packages a resolver speaks of when it finds no solution, and why: uv's own words, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.environments.errors import NoWheel, Unsatisfiable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.errors import EnvironmentBuildError

WORDS = 2000
_PACKAGE = r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[\w,-]*\])?"
_RANGE = r"(?P<range>(?:[<>=!~]=?=?[\w.*+!]+(?:,\s?)?)*)"
_KINDS: tuple[tuple[str, re.Pattern[str], str, str], ...] = (
    (
        "unknown_package",
        re.compile(rf"{_PACKAGE} was not found in the (?:package registry|provided package locations)(?P<range>)"),
        "is on no index that was asked",
        "Correct the name, or keep the package beside the artifact.",
    ),
    (
        "yanked",
        re.compile(rf"{_PACKAGE}{_RANGE} (?:was|is|were|are) yanked"),
        "was withdrawn by its makers",
        "Choose a release that was not withdrawn.",
    ),
    (
        "unsatisfiable",
        re.compile(rf"there (?:is|are) no versions? of {_PACKAGE}{_RANGE}"),
        "is a release that there is not",
        "Choose a release that there is.",
    ),
    (
        "no_wheel",
        re.compile(rf"{_PACKAGE}{_RANGE} has no (?:usable |compatible )?wheels"),
        "has no wheel for this Python",
        "Choose a release that has one, or an older Python.",
    ),
)
_REQUIRED = re.compile(rf"you require {_PACKAGE}{_RANGE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One package that keeps an environment from being made."""

    name: str
    """Normalised."""
    asked: str
    """Name and range, as the resolver writes them."""
    kind: str
    """`unknown_package`, `yanked`, `unsatisfiable` or `no_wheel`."""
    message: str
    unlock: str
    words: str
    """The resolver's, bounded."""


def troubles(error: EnvironmentBuildError) -> tuple[Trouble, ...]:
    """What a resolver's words name, each package once; the weather and what is ours are nobody's pins."""
    if not isinstance(error, Unsatisfiable):
        return ()
    words = " ".join(str(error).split())
    found = {each.name: each for each in reversed([*_named(words), *_left(error, words)])}
    return tuple(found[name] for name in sorted(found))


def _named(words: str) -> Iterator[Trouble]:
    for kind, pattern, message, unlock in _KINDS:
        for match in pattern.finditer(words):
            yield _trouble(match, kind, message, unlock, words)


def _left(error: Unsatisfiable, words: str) -> Iterator[Trouble]:
    """Where nothing single is wrong the requirements do not fit each other."""
    if any(True for _ in _named(words)):
        return
    kind = "no_wheel" if isinstance(error, NoWheel) else "unsatisfiable"
    for match in _REQUIRED.finditer(words):
        yield _trouble(
            match, kind, "does not fit what else is asked for", "Loosen it, or one that it does not fit.", words
        )


def _trouble(match: re.Match[str], kind: str, message: str, unlock: str, words: str) -> Trouble:
    span = (match["range"] or "").rstrip(", .")
    return Trouble(
        name=canonicalize_name(match["name"]),
        asked=f"{match['name']}{span}",
        kind=kind,
        message=message,
        unlock=unlock,
        words=words[:WORDS],
    )
