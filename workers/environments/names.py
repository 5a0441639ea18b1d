"""Names: which distribution is meant by a conda package, which modules no index brings. The facts lie in `names.toml`.

Which distribution brings a module is `workers.knowledge.distributions`: whoever asks for environments and whoever speaks of what
is missing say the same.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.knowledge.distributions import distribution, facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["OF_KERNELS", "Names", "distribution", "names"]

OF_KERNELS = "every kernel brings it"
_FACTS = Path(__file__).with_name("names.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The facts of `names.toml`."""

    source: str
    as_of: date
    imports: Mapping[str, str]
    """Dotted module -> distribution."""
    families: tuple[str, ...]
    """Namespaces of many distributions, each called by one part more."""
    places: Mapping[str, str]
    """Dotted module -> why no index brings it."""
    authors: frozenset[str]
    """Top-level names that authors give to their own modules."""
    conda: Mapping[str, str]
    """Normalised name of a conda package -> distribution."""
    other: Mapping[str, str]
    """Normalised name of a conda package that is no Python distribution, or a pattern of such names -> what it is."""
    also: Mapping[str, tuple[str, ...]]
    """Top-level module -> other distributions that bring it."""
    brings: Mapping[str, tuple[str, ...]]
    """Distribution -> those it always brings along."""
    known: frozenset[str]
    """Distributions that are well known, normalised."""


@cache
def names() -> Names:
    """The facts, read once."""
    read = tomllib.loads(_FACTS.read_text("utf-8"))
    conda: dict[str, str] = {canonicalize_name(name): canonicalize_name(found) for name, found in read["conda"].items()}
    same: set[str] = {canonicalize_name(name) for name in read["known"]["names"]}
    return Names(
        source=read["source"],
        as_of=read["as_of"],
        imports=facts().imports,
        families=facts().families,
        places=read["places"],
        authors=frozenset(read["authors"]["names"]),
        conda={name: name for name in same} | conda,
        other=read["other"],
        also={module: tuple(found) for module, found in read["also"].items()},
        brings={name: tuple(found) for name, found in read["brings"].items()},
        known=frozenset(same | set(conda.values()) | {canonicalize_name(each) for each in facts().imports.values()}),
    )


def other_than_python(conda: str) -> str:
    """What the conda package of this normalised name is, if it is known to hold no Python distribution; else empty."""
    facts = names()
    if conda in facts.other:
        return facts.other[conda]
    patterns = (each for each in facts.other if "*" in each and conda not in facts.conda)
    return next((facts.other[each] for each in patterns if fnmatchcase(conda, each)), "")


def place(module: str) -> tuple[str, str]:
    """(the module, why no index brings it), for `module` or the package that holds it; empty where one may."""
    parts = module.split(".")
    above = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next(((each, why) for each in above if (why := names().places.get(each))), ("", ""))


def is_known(module: str) -> bool:
    """Whether the distribution of `module` is a well-known one."""
    return distribution(module) in names().known


def is_authors(module: str) -> bool:
    """Whether authors, or generators for them, call their own modules so."""
    top = module.partition(".")[0]
    return top in names().authors or top.endswith(("_pb2", "_pb2_grpc"))


def satisfying(module: str) -> frozenset[str]:
    """The distributions any of which brings the dotted `module`; in a namespace the names say which part they bring."""
    parts = module.split(".")[:4]
    called = {canonicalize_name("-".join(parts[: end + 1])) for end in range(len(parts))}
    return frozenset({distribution(module), *called, *names().also.get(parts[0], ())})


def with_brought(distributions: frozenset[str]) -> frozenset[str]:
    """These distributions and what well-known ones among them always bring along."""
    found, waiting = set[str](), list(distributions)
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += names().brings.get(each, ())
    return frozenset(found)
