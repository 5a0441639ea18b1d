"""Decisions made of a decision: the other environment to compare with, and environments between the two. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from workers.environments.words import Asked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from workers.environments.words import Decision

_HOLDING = frozenset({"==", "===", "~=", "<", "<="})
"""Operators that can keep a package from being today's."""


class Kind(StrEnum):
    """Which other environment."""

    TODAY = "today"
    """The same names, versions free."""
    DATED = "dated"
    """The same requirements, nothing published after the artifact's date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """An environment to compare with."""

    kind: Kind
    label: str
    """As the matrix names it."""
    decision: Decision


def others(decision: Decision, written: date | None) -> tuple[Other, ...]:
    """The environments worth comparing with, the most telling first; none where there is nothing to vary.

    An upper bound may hold nothing back, so that today's versions are the declared ones: the next is for that.
    """
    dated = () if written is None or decision.as_of == written else (_dated(decision, written),)
    return (_today(decision), *dated) if holds_back(decision) else dated


def holds_back(decision: Decision) -> bool:
    """Whether the declaration can keep a package from being today's."""
    asked = (*decision.asked, *decision.constraints)
    return decision.as_of is not None or any(
        specifier.operator in _HOLDING for each in asked for specifier in _specifiers(each)
    )


def _specifiers(asked: Asked) -> SpecifierSet:
    requirement = parsed(asked)
    return SpecifierSet() if requirement is None else requirement.specifier


def parsed(asked: Asked) -> Requirement | None:
    """The requirement, without its hashes; None for what does not come from the index by name."""
    try:
        requirement = Requirement(asked.requirement.partition(" --hash=")[0])
    except InvalidRequirement:
        return None
    return None if asked.address or requirement.url else requirement


def name_of(asked: Asked) -> str:
    """The distribution's normalised name; empty for what does not come from the index by name."""
    requirement = parsed(asked)
    return "" if requirement is None else canonicalize_name(requirement.name)


def _today(decision: Decision) -> Other:
    free = tuple(_with(each, "") for each in decision.asked)
    return Other(
        kind=Kind.TODAY,
        label="of today",
        decision=replace(decision, asked=tuple(dict.fromkeys(free)), constraints=(), as_of=None, as_of_origin=""),
    )


def _dated(decision: Decision, written: date) -> Other:
    day = written.isoformat()
    told = replace(decision, as_of=written, as_of_origin="the artifact's date")
    return Other(kind=Kind.DATED, label=f"of {day}", decision=told)


def holding(decision: Decision, versions: Mapping[str, str]) -> Decision:
    """The decision with exactly these versions of these packages, whatever it says of them; the rest as it is.

    A version may be one that was published after the decision's date, so no date holds any more.
    """
    asked = tuple(_held(each, versions) for each in decision.asked)
    kept = tuple(each for each in decision.constraints if name_of(each) not in versions)
    exact = tuple(
        Asked(requirement=f"{name}=={version}", origin="compared") for name, version in sorted(versions.items())
    )
    return replace(decision, asked=asked, constraints=(*kept, *exact), as_of=None, as_of_origin="")


def _held(asked: Asked, versions: Mapping[str, str]) -> Asked:
    version = versions.get(name_of(asked))
    return asked if version is None else _with(asked, f"=={version}")


def _with(asked: Asked, specifier: str) -> Asked:
    """With another specifier; extras and markers stay, hashes are of files that may be others now."""
    requirement = parsed(asked)
    if requirement is None:
        return asked
    requirement.specifier = SpecifierSet(specifier)
    return replace(asked, requirement=str(requirement), hashes=())
