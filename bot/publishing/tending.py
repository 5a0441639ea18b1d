"""What is done to a publication by how it stands: a step at a time, each looked for before it is done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot import commits, ignoring
from bot.publications import Publication, State, record_unclaimed, told
from bot.publishing import dressing, keeping
from bot.publishing.settling import Settling
from bot.publishing.standing import Closed, Human, Merged, Ours, judge
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from bot.app import App
    from bot.github import Api
    from bot.publishing.standing import Pull, Seen, Standing
    from workers.contract.config import Config

DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tending:
    """One publication that is being looked at."""

    app: App
    api: Api
    config: Config
    repository: RowMapping
    """Its row in the ledger."""

    @property
    def settling(self) -> Settling:
        """How what people decided is written down."""
        return Settling(self.app.ledger, partial(record_unclaimed, self.app.ledger))


async def step(tending: Tending, publication: Publication, seen: Seen) -> Publication | None:
    """The publication in its next state; None when it stays as it is and its duties are done."""
    stands = judge(publication, seen)
    match publication.state:
        case State.INTENDED | State.BRANCHED:
            return await _unfinished(tending, publication, seen)
        case State.OPEN | State.HUMAN:
            return await _open(tending, publication, stands)
        case State.CLOSED if isinstance(stands, Ours) and stands.pull is not None and publication.number is not None:
            return await _welcomed(tending, publication)
        case State.EXPIRED | State.REVERTED:
            return await _ending(tending, publication, stands)
        case State.CLOSED | State.MERGED | State.PRUNED:
            await prune(tending, publication, seen)
            return None


async def _unfinished(tending: Tending, publication: Publication, seen: Seen) -> Publication | None:
    """Its writer gave up, or works on it still."""
    if not await _is_at_its_end(tending.app, publication.job_id):
        return None
    record = tending.settling.record
    if seen.pull is not None:
        return await record(publication, state=State.OPEN, number=seen.pull.number)
    return await record(publication, state=State.PRUNED)


async def _is_at_its_end(app: App, job_id: int) -> bool:
    async with app.ledger.read() as connection:
        state = await connection.execute(select(tables.jobs.c.state).where(tables.jobs.c.id == job_id))
        found = state.scalar_one_or_none()
    return found is None or found in tables.TERMINAL


async def _open(tending: Tending, publication: Publication, stands: Standing) -> Publication | None:
    match stands:
        case Merged() | Closed():
            return await tending.settling.settle(publication, stands)
        case Human() if publication.state is State.OPEN:
            return await tending.settling.settle(publication, stands)
        case Human(tip=tip, pull=pull):
            await _theirs(tending, publication, tip, pull)
            return None
        case Ours(pull=pull) if pull is not None and publication.state is State.OPEN:
            return await _ours(tending, publication, pull)
        case _:
            return None


async def _theirs(tending: Tending, publication: Publication, tip: str, pull: Pull | None) -> None:
    """Said once; and where they changed code, that what was proven is no longer what stands there."""
    if pull is not None:
        await keeping.say_once(tending.api, tending.app.app_id, pull.number, "human")
    await keeping.mark_stale(tending.app, publication, tip)


async def _ours(tending: Tending, publication: Publication, pull: Pull) -> Publication | None:
    left = await _owed(tending, publication, pull)
    if left != dressing.owed(publication):
        return await tending.settling.record(publication, told=dressing.paid(publication, left))
    asked = sorted(each for each in publication.told if each.startswith("say:"))
    if asked:
        key = asked[0].removeprefix("say:")
        await keeping.say_once(tending.api, tending.app.app_id, pull.number, key)
        said = told(replace(publication, told=publication.told - {asked[0]}), f"said:{key}")
        return await tending.settling.record(publication, told=said)
    if _is_idle(tending, pull):
        # What nobody wants is a no, like a pull request that somebody closes.
        ledger = tending.app.ledger
        await ignoring.ignore(ledger, publication.repository_id, publication.content.mends, f"expired:{pull.number}")
        return await tending.settling.record(publication, state=State.EXPIRED)
    await keeping.warn_of_blocked_checks(tending.app, tending.api, publication, pull)
    return None


async def _owed(tending: Tending, publication: Publication, pull: Pull) -> frozenset[str]:
    """What is still owed of labels and reviewers, after one more try."""
    if dressing.again_at(publication, tending.app.ledger.clock()) is None:
        return frozenset()
    return await dressing.dress(
        tending.api, pull.number, dressing.owed(publication), tending.config.github.pull_requests
    )


def _is_idle(tending: Tending, pull: Pull) -> bool:
    touched = datetime.fromisoformat(pull.updated_at).timestamp() if pull.updated_at else tending.app.ledger.clock()
    days = tending.config.github.pull_requests.expire_days
    return tending.app.ledger.clock() - touched > days * DAY_S


async def _ending(tending: Tending, publication: Publication, stands: Standing) -> Publication | None:
    """Say why, close, remove the branch; unless people have come to it meanwhile."""
    match stands:
        case Human() as human:
            return await tending.settling.settle(publication, human)
        case Merged() as merged:
            return await tending.settling.settle(publication, merged)
        case Ours(pull=pull) if pull is not None:
            await keeping.say_once(tending.api, tending.app.app_id, pull.number, _why(publication))
            await tending.api.patch(f"/pulls/{pull.number}", {"state": "closed"})
            return publication
        case Ours(tip=tip) | Closed(tip=str(tip)):
            await prune_tip(tending, publication, tip)
            return None
        case _:
            return None


def _why(publication: Publication) -> str:
    if publication.state is State.REVERTED:
        return "reverted"
    return "mended" if "say:mended" in publication.told else "expired"


async def _welcomed(tending: Tending, publication: Publication) -> Publication:
    """Somebody opened it again: the no is taken back."""
    await ignoring.welcome_again(tending.app.ledger, publication.repository_id, f"closed:{publication.number}")
    return await tending.settling.record(publication, state=State.OPEN)


async def prune(tending: Tending, publication: Publication, seen: Seen) -> None:
    """Remove our branch, if it stands where we left it and no pull request needs it."""
    if seen.tip is not None and (seen.pull is None or not seen.pull.open):
        await prune_tip(tending, publication, seen.tip)


async def prune_tip(tending: Tending, publication: Publication, tip: str) -> None:
    """As `prune`, where the branch was seen at `tip`."""
    ours = publication.branch.startswith("mendloop/") and publication.content.kind != "author"
    if ours and tip in publication.ours:
        # By compare-and-swap: a commit that came since keeps the branch.
        await commits.move(tending.api, publication.branch, tip, None)
