"""A run that is being published: who holds it, what GitHub has, and what its writer may still do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.publications import Held
from bot.publishing import standing
from workers.contract.errors import MendloopError
from workers.contract.ledger import Ledger, LostClaimError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.app import App
    from bot.github import Api
    from bot.publications import Publication
    from bot.publishing.standing import Seen
    from workers.contract.config import Config
    from workers.contract.domain import Run
    from workers.contract.job import Job
    from workers.contract.ledger import Claim


class OutOfDateError(MendloopError):
    """What was read is no longer so: read again and decide anew. Nothing wrong was written."""


class RefusedError(MendloopError):
    """A rule of the repository or of GitHub forbids it; asking again would be refused again."""


PAUSES_S = (1.0, 60.0)
"""Between two tries in bad weather: at first, and at most."""


def pause_s(since: float, now: float) -> float:
    """Until the next try of what got on `since`: a short trouble costs little time, a long one few calls."""
    first, most = PAUSES_S
    return min(max((now - since) / 4, first), most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What keeps publishing from doing anything twice; tests take one away at a time and see it fail."""

    look: Callable[[Api, Publication], Awaitable[Seen]] = standing.look
    held: Callable[[Ledger, Claim], Held] = Held
    holds: Callable[[Ledger, Claim], Awaitable[bool]] = Ledger.holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A claimed job that is to be published."""

    app: App
    claim: Claim
    job: Job
    run: Run | None
    """None where the publisher is asked to do something by itself."""
    doing: str = ""
    """What that is: `revert`, `rebase`, `recreate`."""
    seams: Seams = field(default_factory=Seams)

    async def hold(self) -> None:
        """For `GitHub.repository`: asked directly before every write.

        Raises:
            LostClaimError: the job is somebody else's by now.
        """
        if not await self.seams.holds(self.app.ledger, self.claim):
            raise LostClaimError(f"job {self.job.id} is no longer ours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One job's run and the branch it is for."""

    app: App
    claim: Claim
    job: Job
    run: Run
    config: Config
    api: Api
    base: str
    """Short name of the branch that pull requests are opened against."""
    base_sha: str
    """Where that branch stands now."""
    base_tree: str
    follows: Publication | None = None
    """Of a follow-up: the publication whose branch was repaired further, instead of the base."""
    seams: Seams = field(default_factory=Seams)

    @property
    def rows(self) -> Held:
        """The publications, as this claim may write them."""
        return self.seams.held(self.app.ledger, self.claim)
