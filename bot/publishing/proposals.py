"""A whole run as pull requests: what the gate and the owner's limits let through, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import grouping
from bot.grouping import Group
from bot.ignoring import ignored
from bot.publications import State, of_repository, told
from bot.published import Ending, Landing, Published
from bot.publishing import authoring, superseding, waiting
from bot.publishing.candidates import judged
from bot.publishing.offer import of_group
from bot.publishing.proposing import propose
from bot.publishing.redoing import NOTHING, redo
from bot.publishing.spending import room
from bot.publishing.standing import pull_by_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.grouping import Candidate
    from bot.publishing.work import Work


async def proposals(work: Work, *, asked: bool) -> Published:
    """Publish what may be published. `asked`: somebody with the right to asked for it by name.

    Raises:
        OutOfDateError: people decided something meanwhile; read everything again.
    """
    if (finished := await authoring.done(work)) is not None:
        return Published((finished,))
    found = await judged(work)
    said = await ignored(work.app.ledger, work.api.repository_id)
    kept, no = grouping.without_ignored(found.candidates, said)
    landings = [*found.landings, *no, *await _moved(work, found.moved), *await superseding.superseded(work)]
    if work.app.dry_run:
        paths = tuple(each.path for each in kept)
        return Published((*landings, *([Landing(ending=Ending.DRY_RUN, paths=paths)] if paths else [])))
    return Published((*landings, *await _proposed(work, kept, asked=asked)))


async def _proposed(work: Work, kept: Sequence[Candidate], *, asked: bool) -> list[Landing]:
    number = work.job.pull_request
    pull = await pull_by_number(work.api, number) if number is not None and work.follows is None else None
    if pull is not None and kept and authoring.wanted(work, pull):
        return [await authoring.commit(work, kept, pull.number)]
    settings = work.config.github.pull_requests
    rows = await of_repository(work.app.ledger, work.api.repository_id, work.base)
    live = [row for row in rows if row.live]
    groups = _following(work, kept) or grouping.grouped(kept, live, settings.group)
    chosen = grouping.limited(groups, live, settings, asked=asked)
    landings = [*chosen.landings, *[await _one(work, group) for group in chosen.groups]]
    await waiting.note(work, chosen.waiting)
    return landings


def _following(work: Work, kept: Sequence[Candidate]) -> tuple[Group, ...]:
    """Of a follow-up everything goes into the pull request it follows."""
    row = work.follows
    if row is None or not kept:
        return ()
    return (Group(problem=row.problem, root=row.content.root, cause=row.content.cause, candidates=tuple(kept)),)


async def _one(work: Work, group: Group) -> Landing:
    if not await room(work, len(group.candidates)):
        limit = work.config.github.pull_requests.commit_limit
        why = f"The limit of commits an hour is {limit}."
        await waiting.next_hour(work, group.paths)
        return Landing(ending=Ending.WAITING, paths=group.paths, why=why)
    return await propose(work, of_group(work, group))


async def _moved(work: Work, paths: tuple[str, ...]) -> list[Landing]:
    """Those that the base changed since: anew, or ask, as the owner wants it."""
    if not paths:
        return []
    if work.follows is not None:
        why = "The branch moved since; ask again."
        return [Landing(ending=Ending.WAITING, paths=paths, why=why)]
    wish = work.config.github.pull_requests.on_conflict
    if wish == "ask":
        return [Landing(ending=Ending.ASKED, paths=paths, number=await _ask(work, paths))]
    if not work.app.dry_run:
        await redo(work, paths, dict.fromkeys(paths, work.run.id) if wish == "rebase" else NOTHING)
    return [Landing(ending=Ending.REDONE, paths=paths, why=f"The base is at {work.base_sha} now.")]


async def _ask(work: Work, paths: tuple[str, ...]) -> int | None:
    """Have it asked in the open pull request that holds one of them; its number."""
    rows = await of_repository(work.app.ledger, work.api.repository_id, work.base)
    for row in rows:
        if row.state is State.OPEN and any(row.content.piece(path) for path in paths):
            if "say:conflict" not in row.told and not work.app.dry_run:
                taken = await work.rows.take(row)
                await work.rows.record(taken, told=told(taken, "say:conflict"), look_at=work.app.ledger.clock())
            return row.number
    return None
