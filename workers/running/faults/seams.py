"""What the fault split is given: environments made of decisions, and what an index knows of a package's releases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from workers.environments.words import Decision
    from workers.protocols import Box, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A box in an environment that was made of a decision."""

    box: Box
    requires: Mapping[str, tuple[str, ...]]
    """Normalised name -> what the installed package asks for, PEP 508."""
    kept: object = field(default=None, repr=False)
    """Whatever has to live as long as the environment is used."""


class Places(Protocol):
    """Makes environments and opens boxes in them, always for the same interpreter."""

    async def boxed(self, decision: Decision) -> Place:
        """A box whose every execution is a fresh one.

        Raises:
            EnvironmentBuildError: the environment cannot be had.
            SandboxUnavailableError: no box can be opened.
        """
        ...

    async def existing(self, box: Box) -> Place:
        """The box that the artifact is judged in."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a package that an index offers."""

    version: str
    published: date | None = None
    """None where the index does not say."""


class Releases(Protocol):
    """What the index offers."""

    async def of(self, name: str) -> tuple[Release, ...]:
        """All releases of a package, withdrawn ones left out, in any order.

        Raises:
            EnvironmentBuildError: the index cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What an artifact's environment was made of."""

    decision: Decision
    written: date | None
    """When the artifact is taken to have worked; None where that is not known."""


class Origins(Protocol):
    """What was decided for each artifact."""

    async def of(self, document: Document) -> Origin | None:
        """None where its environment was made of no declaration: the owner's own interpreter, or nothing at all."""
        ...
