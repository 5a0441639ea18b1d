"""What the loop calls, in the order in which it calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.domain import Execution, Finding
    from workers.protocols import Document, Faults, Repairer, Review, Validate


class Stages(Protocol):
    """What the loop calls, in the order in which it calls it."""

    async def execute(self, document: Document) -> Execution:
        """Run the artifact in a fresh box."""
        ...

    async def again(self, document: Document) -> Execution:
        """Run the unchanged artifact a second time; what may vary between runs does, where the owner asked for it."""
        ...

    def ahead(self, count: int) -> None:
        """So many runs are in sight: what they need may be made ready."""
        ...

    @property
    def review(self) -> Review:
        """All findings of a copy."""
        ...

    def counts(self, finding: Finding) -> bool:
        """True for a finding at the classes and the severity that the owner asked for."""
        ...

    def delivered(self, base: Document, head: Document, run: Execution) -> Document:
        """The attempt as it would be delivered: the same sources, stored outputs as the owner wants them."""
        ...

    @property
    def faults(self) -> Faults | None:
        """Asked where the unchanged artifact fails; None asks nobody."""
        ...

    @property
    def ladder(self) -> Sequence[Repairer]:
        """Cheapest first."""
        ...

    @property
    def validate(self) -> Validate:
        """The verdict on an attempt."""
        ...
