"""The fault split of a root as it is put together: what its environments are made of, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.environments.dating import dated
from workers.environments.supplying import supply
from workers.running.faults.seams import Origin
from workers.running.faults.splitting import FaultSplit
from workers.running.faults.supplied import IndexReleases, SuppliedPlaces
from workers.sandbox.interpreter import our_own

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date

    from workers.environments.supplier import Supplied, Supplier
    from workers.environments.words import Decision
    from workers.protocols import Box, Document
    from workers.running.faults.supplied import Made
    from workers.running.habitats import Habitat, Home


def fault_split(
    habitat: Habitat,
    box: Box,
    *,
    declared: Home,
    supplier: Supplier,
    open_box: Callable[[Made], Awaitable[Box]],
) -> FaultSplit:
    """Asked about artifacts of a habitat, which are judged in `box`, a box in the environment `declared`."""

    async def made(decision: Decision) -> Supplied:
        return await supply(decision, declared.interpreter or await our_own(), supplier)

    settings = habitat.root.settings
    return FaultSplit(
        box=box,
        places=SuppliedPlaces(supply=made, open_box=open_box, declared=declared.environment),
        releases=IndexReleases(index=supplier.index, hosts=supplier.hosts),
        origins=HabitatOrigins(decision=declared.decision, today=settings.as_of),
        fix=settings.fix,
        builds=settings.fault_builds,
        seconds=settings.fault_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitatOrigins:
    """One decision for all artifacts of a habitat; one that was made of no decision has no origin."""

    decision: Decision | None
    today: date

    async def of(self, document: Document) -> Origin | None:
        """See `seams.Origins`."""
        if self.decision is None:
            return None
        written = dated(document, committed=None, today=self.today)
        return Origin(decision=self.decision, written=None if written is None else written.day)
