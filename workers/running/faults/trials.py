"""Trials: an artifact run in environments made for it, each counted, none made twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.contract.errors import EnvironmentBuildError, SandboxUnavailableError
from workers.environments.errors import is_weather
from workers.knowledge.words import first_line
from workers.running.faults.allowance import SpentError
from workers.running.faults.coupling import Locked
from workers.running.faults.endings import Ending, ending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.domain import Execution
    from workers.environments.words import Decision
    from workers.protocols import Document
    from workers.running.faults.allowance import Allowance
    from workers.running.faults.seams import Place, Places


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBuilt:
    """No such environment can be made."""

    words: str
    """The installer's own."""


@dataclass(slots=True, kw_only=True)
class Trials:
    """Runs of one document."""

    places: Places
    document: Document
    allowance: Allowance
    _places: dict[Decision, Place | NotBuilt] = field(default_factory=dict["Decision", "Place | NotBuilt"])
    _endings: dict[str, Ending] = field(default_factory=dict[str, Ending])
    """By the digest of the environment: two decisions may come to the same."""

    async def place(self, decision: Decision) -> Place | NotBuilt:
        """The environment of a decision, made once.

        Raises:
            SpentError: nothing may be made any more, or not now.
        """
        if decision not in self._places:
            self.allowance.build()
            self._places[decision] = await self._made(decision)
        return self._places[decision]

    async def ending(self, decision: Decision) -> Ending | NotBuilt:
        """How the document ends in the environment of a decision.

        Raises:
            SpentError: as `place`.
        """
        place = await self.place(decision)
        if isinstance(place, NotBuilt):
            return place
        digest = place.box.environment.digest
        if digest not in self._endings:
            self._endings[digest] = ending(await self.run(place), self.document)
        return self._endings[digest]

    async def run(self, place: Place, document: Document | None = None) -> Execution:
        """One more run in a fresh box, of the document or of another copy of it.

        Raises:
            SpentError: as `place`.
        """
        try:
            async with self.allowance.time():
                return await place.box.execute(document or self.document)
        except SandboxUnavailableError as error:
            raise SpentError(f"no box could be opened: {first_line(str(error))}") from error

    async def _made(self, decision: Decision) -> Place | NotBuilt:
        try:
            async with self.allowance.time():
                return await self.places.boxed(decision)
        except EnvironmentBuildError as error:
            if is_weather(error):
                raise SpentError(f"packages cannot be had now: {first_line(str(error))}") from error
            return NotBuilt(words=first_line(str(error)))
        except (SandboxUnavailableError, OSError) as error:
            raise SpentError(f"no box could be opened: {first_line(str(error))}") from error


def lock_of(place: Place) -> Mapping[str, Locked]:
    """What is installed there."""
    return {
        name: Locked(version=version, requires=place.requires.get(name, ()))
        for name, version in place.box.environment.packages.items()
    }
