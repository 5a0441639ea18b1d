"""A pull request of ours that the ledger forgot is found again by its hidden block, instead of being made twice.

The block alone proves nothing, for anybody can copy it: the pull request has to be opened by the App, from a branch of the
repository itself, and to stand at the commit that the block names. Otherwise it is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import identity
from bot.publications import Content, State
from bot.publishing.settling import pieces_of
from bot.publishing.standing import pulls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.publications import Publication
    from bot.publishing.offer import Offer
    from bot.publishing.standing import Pull
    from bot.publishing.work import Work


async def adopt(work: Work, offer: Offer, rows: Sequence[Publication]) -> Publication | None:
    """The open pull request that holds these artifacts already, as a row; None when there is none."""
    known = {row.number for row in rows}
    for pull in await pulls(work.api, state="open", base=work.base):
        found = identity.parse(pull.body)
        if found is None or pull.number in known or not _is_ours(work, pull):
            continue
        if found.problem == offer.problem or {part.path for part in found.parts} & set(offer.paths):
            return await _adopted(work, pull, found, rows)
    return None


def _is_ours(work: Work, pull: Pull) -> bool:
    return pull.made_by(work.app.slug) and pull.within(work.api.repository_id) and pull.head.ref.startswith("mendloop/")


async def _adopted(work: Work, pull: Pull, found: identity.Identity, rows: Sequence[Publication]) -> Publication:
    """At another commit than the block names it is people's: what they added is not known to us."""
    content = Content(
        kind=found.kind,
        root=found.root,
        cause=found.cause,
        run_id=found.run,
        pieces=pieces_of(found),
        title=pull.title,
        draft=pull.draft,
        # Of another run than any: the text is brought up to date.
        body="",
    )
    taken = {row.generation for row in rows if row.problem == found.problem}
    generation = found.generation if found.generation not in taken else max(taken) + 1
    values = {
        "repository_id": work.api.repository_id,
        "base": work.base,
        "problem": found.problem,
        "generation": generation,
        "branch": pull.head.ref,
        "state": State.OPEN,
        "base_sha": found.base_sha,
        "tip": found.tip,
        "tip_intended": found.tip,
        "number": pull.number,
        "content": content,
        "told": frozenset({"dressed"}),
    }
    return await work.rows.intend(values)
