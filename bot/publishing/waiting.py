"""What waits for room: written down with the pull requests that take it, and asked for again when one of them ends.

The owner's limits hold artifacts back. Without this they would wait for the next sweep, although the room is there at the
moment when somebody merges or closes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.publications import of_repository
from bot.upsert import insert_or_ignore
from workers.contract.job import Trigger
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.app import App
    from bot.publications import Publication
    from bot.publishing.work import Work

PATHS = 200
"""So many are kept; what is beyond waits for the sweep."""
HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Artifacts of a branch that are to be looked at again."""

    key: str
    """Two wishes with the same key are one."""
    installation_id: int
    repository_id: int
    branch: str
    paths: tuple[str, ...]
    at: float = 0.0
    """Not before; in seconds since 1970."""


async def note(work: Work, waiting: Mapping[str, Sequence[str]]) -> None:
    """Keep what waits, by root, with every open pull request of that root. A pull request's own branch is nobody's queue."""
    if work.job.pull_request is not None:
        return
    rows = await of_repository(work.app.ledger, work.api.repository_id, work.base)
    live = [row for row in rows if row.live and row.content.kind == "repair"]
    taken = {piece.path for row in live for piece in row.content.pieces}
    for row in live:
        wanted = sorted({*row.content.waiting, *waiting.get(row.content.root, ())} - taken)[:PATHS]
        if tuple(wanted) != row.content.waiting:
            mine = await work.rows.take(row)
            await work.rows.record(mine, content=replace(mine.content, waiting=tuple(wanted)))


async def next_hour(work: Work, paths: tuple[str, ...]) -> None:
    """Have `paths` looked at again when the limit of commits an hour counts anew."""
    if work.job.pull_request is not None:
        return
    window = int(work.app.ledger.clock() // HOUR_S) + 1
    wish = Wish(
        key=f"waiting:{work.api.repository_id}:hour-{window}:{paths[0][:80]}",
        installation_id=work.job.installation_id,
        repository_id=work.api.repository_id,
        branch=work.base,
        paths=paths[:PATHS],
        at=float(window * HOUR_S),
    )
    await ask(work.app, wish)


async def resume(app: App, publication: Publication, installation_id: int, default_branch: str) -> None:
    """A pull request has ended: have looked at what waited for it. Said twice it is asked once."""
    waiting = publication.content.waiting
    if publication.live or not waiting or publication.base != (default_branch or publication.base):
        return
    wish = Wish(
        key=f"waiting:{publication.id}:{publication.job_id}",
        installation_id=installation_id,
        repository_id=publication.repository_id,
        branch=publication.base,
        paths=waiting,
    )
    await ask(app, wish)


async def ask(app: App, wish: Wish) -> None:
    """A request like a sweep's, of certain artifacts: the configuration and all limits are heeded when it is worked on."""
    values = {
        "work_key": wish.key,
        "installation_id": wish.installation_id,
        "repository_id": wish.repository_id,
        "trigger": Trigger.SWEEP.value,
        "arguments": json.dumps({"paths": wish.paths}),
        "branch": wish.branch,
        "not_before": wish.at,
        "created_at": app.ledger.clock(),
    }
    async with app.ledger.write() as connection:
        new = await insert_or_ignore(connection, tables.requests, values, key=("work_key",))
    if new:
        await app.bell.ring("github", wish.repository_id)
