"""One offer becomes one pull request, exactly once: written down, looked for, and only then made.

Every step can be repeated. What was done already is seen on GitHub or stands in the ledger, and is not done again; what
a person did meanwhile is seen too, and ends it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.grouping import branch_name
from bot.publications import LOOK_AGAIN_S, NEVER, Publication, State, next_generation, of_repository, told
from bot.published import Ending, Landing
from bot.publishing.adopting import adopt
from bot.publishing.branching import advance
from bot.publishing.dressing import owed
from bot.publishing.pulling import pulled
from bot.publishing.settling import Settling
from bot.publishing.standing import Closed, Human, Merged, Ours, Taken, Unborn, judge
from bot.publishing.work import OutOfDateError, RefusedError
from workers.contract.phases import reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.publishing.offer import Offer
    from bot.publishing.standing import Pull
    from bot.publishing.work import Work

NAMES = 5
"""Names that are tried where people's branches have ours."""


async def propose(work: Work, offer: Offer) -> Landing:
    """Bring the pull request of an offer about, or up to date.

    Raises:
        OutOfDateError: people decided about an earlier one meanwhile; decide anew.
        LostClaimError, Limited, Unavailable, AccessEnded: as they say.
    """
    publication = await _row(work, offer)
    reached("publish.intent", job=work.job.id)
    for _ in range(NAMES):
        stands = judge(publication, await work.seams.look(work.api, publication))
        match stands:
            case Taken():
                publication = await _renamed(work, offer, publication)
            case Human() if publication.state is State.HUMAN:
                return _landing(Ending.HANDS_OFF, offer, publication)
            case Human():
                publication = await Settling(work.app.ledger, work.rows.record).settle(publication, stands)
                return _landing(Ending.HANDS_OFF, offer, publication)
            case Merged() | Closed():
                await Settling(work.app.ledger, work.rows.record).settle(publication, stands)
                raise OutOfDateError(f"people decided about {publication.branch} meanwhile")
            case Ours() if publication.state is State.HUMAN:
                return _landing(Ending.HANDS_OFF, offer, publication)
            case Ours(tip=tip, pull=pull):
                return await _brought(work, offer, publication, tip, pull)
            case Unborn():
                return await _brought(work, offer, publication, None, None)
    return Landing(ending=Ending.REFUSED, paths=offer.paths, why="Every name for its branch is taken.")


async def _row(work: Work, offer: Offer) -> Publication:
    """The live publication of the problem, an adopted one, or a new one; ours to write."""
    rows = await of_repository(work.app.ledger, work.api.repository_id, work.base)
    live = [row for row in rows if row.live and row.problem == offer.problem]
    if live:
        return await work.rows.take(live[-1])
    return await adopt(work, offer, rows) or await _intended(work, offer, rows)


async def _intended(work: Work, offer: Offer, rows: Sequence[Publication]) -> Publication:
    generation = next_generation(rows, offer.problem)
    return await work.rows.intend(
        {
            "repository_id": work.api.repository_id,
            "base": work.base,
            "problem": offer.problem,
            "generation": generation,
            "branch": _name(work, offer, generation),
            "base_sha": work.base_sha,
            "content": offer.content,
        }
    )


def _name(work: Work, offer: Offer, generation: int, *more: str) -> str:
    parts = (str(work.api.repository_id), work.base, offer.problem, str(generation), *more)
    return branch_name(offer.readable, *parts)


async def _renamed(work: Work, offer: Offer, publication: Publication) -> Publication:
    """Another name, written down before it is looked for."""
    tries = sum(each.startswith("taken:") for each in publication.told)
    said = told(publication, f"taken:{publication.branch}")
    name = _name(work, offer, publication.generation, f"again {tries + 1}")
    return await work.rows.record(publication, branch=name, told=said, tip_intended="")


async def _brought(work: Work, offer: Offer, publication: Publication, tip: str | None, pull: Pull | None) -> Landing:
    try:
        moved = await advance(work, offer, publication, tip)
    except RefusedError as error:
        return await _refused(work, offer, publication, str(error))
    try:
        standing = await pulled(work, offer, moved, pull)
    except RefusedError as error:
        # What was moved is a branch that no pull request will show: the clock removes it.
        return await _refused(work, offer, moved, str(error))
    unchanged = standing.tip == tip and pull is not None and standing.content.body == publication.content.body
    # A try that was cut off has done it already: it is this run's doing all the same.
    unchanged = unchanged and not (work.run.id and publication.content.run_id == work.run.id)
    soon = 0.0 if owed(standing) else LOOK_AGAIN_S
    await work.rows.record(standing, look_at=work.app.ledger.clock() + soon)
    return _landing(Ending.UNCHANGED if unchanged else Ending.PROPOSED, offer, standing)


async def _refused(work: Work, offer: Offer, publication: Publication, why: str) -> Landing:
    """A first try that came to nothing ends; a pull request that stands open stays as it is."""
    if publication.number is None:
        now = work.app.ledger.clock()
        await work.rows.record(publication, state=State.PRUNED, look_at=now if publication.ours else NEVER)
    return replace(_landing(Ending.REFUSED, offer, publication), why=f"GitHub says: {why}")


def _landing(ending: Ending, offer: Offer, publication: Publication) -> Landing:
    return Landing(ending=ending, paths=offer.paths, number=publication.number)
