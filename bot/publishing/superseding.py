"""A pull request of ours whose artifacts somebody repaired meanwhile: it has nothing left to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from bot.github import shaped
from bot.publications import State, of_repository, told
from bot.published import Ending, Landing
from bot.publishing.standing import Ours, judge
from workers.contract.domain import Fresh

if TYPE_CHECKING:
    from bot.github import Api
    from bot.publications import Publication
    from bot.publishing.work import Work


class _App(BaseModel):
    id: int


class _Comment(BaseModel):
    performed_via_github_app: _App | None = None


async def superseded(work: Work) -> list[Landing]:
    """Landings of the open pull requests that are superfluous now. Where nobody spoke in one it will be closed."""
    if work.follows is not None:
        return []
    fresh = {each.artifact.path: each.artifact.digest for each in work.run.reports if isinstance(each.outcome, Fresh)}
    rows = await of_repository(work.app.ledger, work.api.repository_id, work.base)
    landings: list[Landing] = []
    for row in rows:
        if row.state is State.OPEN and _superfluous(row, fresh):
            await _settled(work, row)
            paths = tuple(piece.path for piece in row.content.pieces)
            landings.append(Landing(ending=Ending.MENDED, paths=paths, number=row.number))
    return landings


def _superfluous(row: Publication, fresh: dict[str, str]) -> bool:
    """Every artifact is fresh, at other bytes than those that were repaired."""
    pieces = row.content.pieces
    return bool(pieces) and all(fresh.get(piece.path, piece.base) != piece.base for piece in pieces)


async def _settled(work: Work, row: Publication) -> None:
    stands = judge(row, await work.seams.look(work.api, row))
    if work.app.dry_run or not isinstance(stands, Ours) or stands.pull is None or "say:mended" in row.told:
        return
    alone = not await spoken_in(work.api, stands.pull.number, work.app.app_id)
    taken = await work.rows.take(row)
    said = {"told": told(taken, "say:mended"), "look_at": work.app.ledger.clock()}
    await work.rows.record(taken, **said, **({"state": State.EXPIRED} if alone else {}))


async def spoken_in(api: Api, number: int, app_id: int) -> bool:
    """Whether anybody but us commented or reviewed."""
    comments = [shaped(_Comment, item) for item in await api.pages(f"/issues/{number}/comments")]
    by_others = any(c.performed_via_github_app is None or c.performed_via_github_app.id != app_id for c in comments)
    return by_others or bool(await api.pages(f"/pulls/{number}/reviews"))
