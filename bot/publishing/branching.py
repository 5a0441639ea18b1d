"""The branch of a publication: one commit per artifact on top of what is there, moved by compare-and-swap.

A commit that a move was written down for is used again when the move has to be repeated: a second one would look like
somebody else's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import commits
from bot.commits import Change
from bot.github import Forbidden, GitHubError, Refused, Unavailable, Unprocessable
from bot.publications import Content, Piece, State
from bot.publishing.offer import plain_message
from bot.publishing.spending import spend
from bot.publishing.work import OutOfDateError, RefusedError
from workers.contract.phases import reached

if TYPE_CHECKING:
    from bot.publications import Publication
    from bot.publishing.offer import Offer
    from bot.publishing.work import Work


@dataclass(frozen=True, slots=True)
class Built:
    """A commit that nothing points to yet."""

    commit: str
    base_sha: str
    """The commit of the base that it stands on."""


async def advance(work: Work, offer: Offer, publication: Publication, tip: str | None) -> Publication:
    """Bring the branch, which stands at `tip`, to what is offered. Nothing is written when it holds that already.

    Raises:
        OutOfDateError: the branch moved meanwhile.
        RefusedError: a rule forbids it.
        Unavailable: the outcome is unknown; look again.
    """
    whole = await _whole(work, offer, publication, tip)
    if (
        tip is not None
        and tip == (publication.tip_intended or publication.tip)
        and publication.content.same == whole.same
    ):
        return publication if publication.tip == tip else await _recorded(work, publication, tip)
    if _waits(publication, whole, tip):
        after = publication.tip_intended
    else:
        built = await _built(work, offer, publication, whole, tip)
        after = built.commit
        there = publication.content
        written = replace(whole, title=there.title, body="", draft=there.draft, waiting=there.waiting)
        publication = await work.rows.record(publication, tip_intended=after, base_sha=built.base_sha, content=written)
    reached("publish.commit_made", job=work.job.id)
    if after != tip:
        await _moved(work, publication, tip, after)
        reached("publish.ref_moved", job=work.job.id)
        await spend(work, len(offer.paths))
    return await _recorded(work, publication, after)


async def _recorded(work: Work, publication: Publication, tip: str) -> Publication:
    state = State.BRANCHED if publication.state is State.INTENDED else publication.state
    publication = await work.rows.record(publication, tip=tip, tip_intended=tip, state=state)
    reached("publish.ref_recorded", job=work.job.id)
    return publication


def _waits(publication: Publication, whole: Content, tip: str | None) -> bool:
    """A move to exactly this was written down and did not take place yet."""
    intended = publication.tip_intended
    return intended not in {"", tip} and (publication.tip or None) == tip and publication.content.same == whole.same


async def _whole(work: Work, offer: Offer, publication: Publication, tip: str | None) -> Content:
    """What is offered, and what stands on the branch from earlier runs and still holds."""
    earlier = [each for each in publication.content.pieces if tip and offer.content.piece(each.path) is None]
    if tip is None or not earlier:
        return offer.content
    tree = await commits.tree_of(work.api, tip)
    kept = [each for each in earlier if await _still_holds(work, tree, each, offer)]
    paths = {each.path for each in kept}
    left = [each for each in publication.content.remaining if each.rpartition(":")[0] in paths]
    return replace(
        offer.content,
        pieces=tuple(sorted([*offer.content.pieces, *kept], key=lambda each: each.path)),
        remaining=(*offer.content.remaining, *left),
    )


async def _still_holds(work: Work, tip_tree: str, piece: Piece, offer: Offer) -> bool:
    """It is on the branch as proven, and the base has what was repaired."""
    if piece.path in offer.dropped:
        return False
    there = await commits.entry(work.api, tip_tree, piece.path)
    below = await commits.entry(work.api, work.base_tree, piece.path)
    return there is not None and there.sha == piece.blob and below is not None and below.sha == piece.base_blob


async def _built(work: Work, offer: Offer, publication: Publication, whole: Content, tip: str | None) -> Built:
    await _blobs(work, offer)
    reached("publish.blobs_made", job=work.job.id)
    if tip is None:
        changes = [(offer.messages[each.path], Change(path=each.path, blob=each.blob)) for each in whole.pieces]
        return Built(await _chain(work, work.base_tree, work.base_sha, changes), work.base_sha)
    if await _base_moved(work, publication, whole):
        return Built(await _merge(work, offer, whole, tip), work.base_sha)
    tree = await commits.tree_of(work.api, tip)
    changes = [*await _differing(work, offer, whole, tree), *await _left_out(work, publication, whole, tree)]
    return Built(await _chain(work, tree, tip, changes), publication.base_sha)


async def _blobs(work: Work, offer: Offer) -> None:
    for path, raw in offer.raws.items():
        made = await commits.make_blob(work.api, raw)
        wanted = offer.content.piece(path)
        if wanted is None or wanted.blob != made:
            raise RefusedError(f"the blob of {path} is not what was proven")


async def _chain(work: Work, tree: str, parent: str, changes: list[tuple[str, Change]]) -> str:
    """One commit per change, one on top of the other; the last one."""
    for message, change in changes:
        tree = await commits.make_tree(work.api, tree, [change])
        parent = await commits.make_commit(work.api, message, tree, [parent])
    return parent


async def _differing(work: Work, offer: Offer, whole: Content, tree: str) -> list[tuple[str, Change]]:
    """The pieces that the branch holds otherwise, or not at all."""
    changes: list[tuple[str, Change]] = []
    for each in whole.pieces:
        there = await commits.entry(work.api, tree, each.path)
        if there is None or there.sha != each.blob:
            changes.append((offer.messages[each.path], Change(path=each.path, blob=each.blob)))
    return changes


async def _left_out(work: Work, publication: Publication, whole: Content, tree: str) -> list[tuple[str, Change]]:
    """What the branch holds and is no longer offered, as it was before."""
    changes: list[tuple[str, Change]] = []
    for each in publication.content.pieces:
        there = await commits.entry(work.api, tree, each.path) if whole.piece(each.path) is None else None
        if there is not None and there.sha == each.blob and each.base_blob:
            message = plain_message(work, f"Leave out {each.path}")
            changes.append((message, Change(path=each.path, blob=each.base_blob)))
    return changes


async def _base_moved(work: Work, publication: Publication, whole: Content) -> bool:
    """Whether one of our files is another one on the base than where the branch left it."""
    if publication.base_sha == work.base_sha:
        return False
    tree = await commits.tree_of(work.api, publication.base_sha)
    for each in whole.pieces:
        there = await commits.entry(work.api, tree, each.path)
        if there is None or there.sha != each.base_blob:
            return True
    gone = [each for each in publication.content.pieces if whole.piece(each.path) is None]
    return bool(gone)


async def _merge(work: Work, offer: Offer, whole: Content, tip: str) -> str:
    """A merge of the base whose tree is the base's with exactly our files: nothing unseen comes in."""
    changes = [Change(path=each.path, blob=each.blob) for each in whole.pieces]
    tree = await commits.make_tree(work.api, work.base_tree, changes)
    repaired = [f"Repair {path}" for path in offer.paths]
    message = plain_message(work, f"Merge {work.base} and repair it anew", repaired)
    return await commits.make_commit(work.api, message, tree, [tip, work.base_sha])


async def _moved(work: Work, publication: Publication, tip: str | None, after: str) -> None:
    reached("publish.before_move", job=work.job.id)
    try:
        await commits.move(work.api, publication.branch, tip, after)
    except (GitHubError, Unavailable) as error:
        await _judge_move(work, publication, tip, after, error)


async def _judge_move(
    work: Work, publication: Publication, tip: str | None, after: str, error: GitHubError | Unavailable
) -> None:
    """The answer was lost or a no: where the branch stands says which."""
    there = await commits.head(work.api, publication.branch)
    if there == after:
        return
    if isinstance(error, Unavailable):
        raise error
    if there != tip:
        raise OutOfDateError(f"{publication.branch} moved meanwhile") from error
    if isinstance(error, Forbidden | Refused | Unprocessable):
        raise RefusedError(error.message) from error
    # A compare-and-swap that fails although nothing moved: what it was to move to is gone. Build it anew.
    await work.rows.record(publication, tip_intended=publication.tip)
    raise OutOfDateError(f"{publication.branch} was not moved") from error
