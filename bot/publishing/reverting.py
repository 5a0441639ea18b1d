"""Taking back what was published: an open pull request is closed, a merged one gets another that restores every byte.

A file that people changed since stays as it is, and the pull request says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot import commits, pull_request
from bot.grouping import key
from bot.ignoring import ignore
from bot.publications import Content, Piece, Publication, State, of_repository
from bot.published import Ending, Landing, Published
from bot.publishing.offer import Offer, plain_message
from bot.publishing.proposing import propose
from bot.publishing.standing import Closed, Human, Merged, Ours, judge, look

if TYPE_CHECKING:
    from bot.publishing.work import Work


async def revert(work: Work) -> Published:
    """Take back the pull request that the job names, or everything of ours on its branch."""
    rows = await of_repository(work.app.ledger, work.api.repository_id)
    named = [row for row in rows if _is_meant(work, row)]
    return Published(tuple([await _taken_back(work, row) for row in named]))


def _is_meant(work: Work, row: Publication) -> bool:
    if row.content.kind != "repair" or row.number is None:
        return False
    if work.job.pull_request is not None:
        return row.number == work.job.pull_request
    return row.base == work.job.branch and row.state in {State.OPEN, State.HUMAN}


async def _taken_back(work: Work, row: Publication) -> Landing:
    paths = tuple(piece.path for piece in row.content.pieces)
    landing = Landing(ending=Ending.REVERTED, paths=paths, number=row.number)
    stands = judge(row, await look(work.api, row))
    match stands:
        case Merged():
            await ignore(work.app.ledger, row.repository_id, row.content.mends, f"reverted:{row.number}")
            return await _undone(work, row)
        case Human():
            return replace(landing, ending=Ending.HANDS_OFF, why="People committed to it; close it yourself.")
        case Closed():
            return landing
        case Ours() if row.state is State.HUMAN:
            return replace(landing, ending=Ending.HANDS_OFF, why="People committed to it; close it yourself.")
        case _:
            return await _closed(work, row, landing)


async def _closed(work: Work, row: Publication, landing: Landing) -> Landing:
    """Written down; closing and pruning follow at the next look, which is now."""
    await ignore(work.app.ledger, row.repository_id, row.content.mends, f"reverted:{row.number}")
    row = await work.rows.take(row)
    await work.rows.record(row, state=State.REVERTED, look_at=work.app.ledger.clock())
    return landing


async def _undone(work: Work, row: Publication) -> Landing:
    """A pull request that restores what was merged."""
    back, left = await _restorable(work, row)
    if not back:
        paths = tuple(piece.path for piece in row.content.pieces)
        return Landing(
            ending=Ending.UNCHANGED, paths=paths, number=row.number, why="Nothing of it is left to take back."
        )
    return await propose(work, _offer(work, row, back, left))


async def _restorable(work: Work, row: Publication) -> tuple[list[Piece], list[str]]:
    """The pieces that are still as we wrote them, turned round; and the paths of the others."""
    back: list[Piece] = []
    left: list[str] = []
    for piece in row.content.pieces:
        there = await commits.entry(work.api, work.base_tree, piece.path)
        if there is not None and there.sha == piece.blob and piece.base_blob:
            turned = Piece(
                path=piece.path, base=piece.updated, updated=piece.base, base_blob=piece.blob, blob=piece.base_blob
            )
            back.append(turned)
        elif there is None or there.sha != piece.base_blob:
            left.append(piece.path)
    return back, left


def _offer(work: Work, row: Publication, back: list[Piece], left: list[str]) -> Offer:
    content = Content(kind="revert", root=row.content.root, cause="revert", pieces=tuple(back), undoes=row.number)
    return Offer(
        problem=key("revert", str(row.number)),
        readable=f"revert-{row.number}",
        content=content,
        raws={},
        messages={piece.path: plain_message(work, f"Restore {piece.path}") for piece in back},
        say=lambda about, _notes: pull_request.revert_text(row.number, back, left, about),
        labels=work.config.github.pull_requests.labels,
    )
