"""A repair as commits on the author's own branch: only where the owner allows it and somebody pressed the button.

The branch has to stand at exactly the commit that was repaired; it is moved by compare-and-swap like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.grouping import Group, key
from bot.publications import NEVER, State, of_repository
from bot.published import Ending, Landing
from bot.publishing.branching import advance
from bot.publishing.offer import of_group
from bot.publishing.work import OutOfDateError, RefusedError
from workers.contract.job import Trigger
from workers.contract.phases import reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.grouping import Candidate
    from bot.publications import Publication
    from bot.publishing.offer import Offer
    from bot.publishing.standing import Pull
    from bot.publishing.work import Work

AUTHOR = "author"


def wanted(work: Work, pull: Pull | None) -> bool:
    """Whether the repair goes to the author's own branch."""
    if work.job.trigger is not Trigger.BUTTON or pull is None or not pull.open:
        return False
    return work.config.github.pull_requests.commit_to_author and pull.within(work.api.repository_id)


async def done(work: Work) -> Landing | None:
    """How it ended, where the branch has been moved already and only that was left to say."""
    there = await _there(work)
    if there is None or not there.ours or there.tip_intended not in {there.tip, work.base_sha}:
        return None
    paths = tuple(piece.path for piece in there.content.pieces)
    return Landing(ending=Ending.COMMITTED, paths=paths, number=there.number)


async def commit(work: Work, candidates: Sequence[Candidate], number: int) -> Landing:
    """Commit the repairs to the branch that the job is about."""
    group = Group(problem=_problem(work), root=".", cause="repair", candidates=tuple(candidates))
    offer = of_group(work, group)
    offer = replace(offer, content=replace(offer.content, kind=AUTHOR))
    landing = Landing(ending=Ending.COMMITTED, paths=group.paths, number=number)
    if work.base_sha != work.job.sha:
        return _waiting(landing)
    publication = await _row(work, offer, number)
    reached("publish.intent", job=work.job.id)
    try:
        await advance(work, offer, publication, work.base_sha)
    except RefusedError as error:
        return replace(landing, ending=Ending.REFUSED, why=f"GitHub says: {error}")
    except OutOfDateError:
        return _waiting(landing)
    return landing


def _waiting(landing: Landing) -> Landing:
    return replace(landing, ending=Ending.WAITING, why="The branch moved since; press the button at its new head.")


def _problem(work: Work) -> str:
    return key(AUTHOR, work.job.sha)


async def _there(work: Work) -> Publication | None:
    rows = await of_repository(work.app.ledger, work.api.repository_id, work.base)
    return next((row for row in rows if row.problem == _problem(work)), None)


async def _row(work: Work, offer: Offer, number: int) -> Publication:
    """One row for each head that was repaired: what we are about to commit there."""
    there = await _there(work)
    if there is not None:
        return await work.rows.take(there)
    return await work.rows.intend(
        {
            "repository_id": work.api.repository_id,
            "base": work.base,
            "problem": offer.problem,
            "generation": 1,
            "branch": work.base,
            "base_sha": work.job.sha,
            "content": offer.content,
            "number": number,
            # At its end from the start for everybody but us: nothing is ever pruned, closed or counted for it.
            "state": State.MERGED,
            "look_at": NEVER,
        }
    )
