"""The fault split of one root: asked for every artifact that fails, and for none that does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import BaseEvidence
from workers.running.faults.allowance import Allowance
from workers.running.faults.decisions import others
from workers.running.faults.endings import Failed, ending
from workers.running.faults.inquiry import Inquiry
from workers.running.faults.trials import Trials

if TYPE_CHECKING:
    from workers.contract.domain import Execution
    from workers.protocols import Box, Document
    from workers.running.faults.seams import Origins, Places, Releases
    from workers.settings import FixPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSplit:
    """Implements `protocols.Faults`."""

    box: Box
    """The box that artifacts are judged in."""
    places: Places
    releases: Releases
    origins: Origins
    fix: FixPolicy
    builds: int
    """Environments that may be made for one artifact."""
    seconds: float
    """Time for one artifact; 0: nothing is compared."""

    async def inquire(self, document: Document, run: Execution, left_s: float | None) -> Inquiry | None:
        """Compare, where `run` of the unchanged `document` failed and other versions may matter.

        `left_s` is what the artifact's budget has left; at most half of it is used. None where nothing is asked, or nothing
        can be compared and the policy would change nothing.
        """
        failure = ending(run, document)
        if not isinstance(failure, Failed) or not failure.versions_matter:
            return None
        origin = await self.origins.of(document)
        comparable = self.seconds > 0 and origin is not None and others(origin.decision, origin.written)
        if not comparable and self.fix == "code":
            return None
        seconds = self.seconds if left_s is None else min(self.seconds, left_s / 2)
        inquiry = Inquiry(
            trials=Trials(
                places=self.places, document=document, allowance=Allowance(builds=self.builds, seconds=seconds)
            ),
            declared=await self.places.existing(self.box),
            origin=origin,
            releases=self.releases,
            fix=self.fix,
            base=BaseEvidence(first=run),
            failure=failure,
        )
        await inquiry.compare()
        return inquiry
