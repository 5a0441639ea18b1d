"""Publications after they were published: what people did to them, and what is left to do for us. Run by the clock.

A publication's state is the intent: comment, close and prune follow from it, each looked for before it is done, so that a
look may be cut off anywhere. Ours is only what stands where we wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from bot import publications
from bot.github import AccessEnded, GitHubError, Limited, Purpose, Refused, Unavailable
from bot.publications import LOOK_AGAIN_S, NEVER, Publication
from bot.publishing import dressing, keeping, waiting
from bot.publishing.opening import withdrawn
from bot.publishing.standing import look as look_at
from bot.publishing.tending import DAY_S, Tending, step
from bot.publishing.work import pause_s
from workers.contract import config_file, messages
from workers.contract.config import PATH, Config
from workers.contract.errors import ConfigError
from workers.contract.ledger import LostClaimError, tables

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

BATCH = 50
LEASE_S = 600.0
"""Nobody else looks meanwhile; also how long until the next look where this one is cut off."""
HOUR_S = 3600.0
TURNS = 4


async def look(app: App) -> int:
    """Look at every publication whose time has come; how many there were."""
    found = await publications.due(app.ledger, BATCH)
    for publication in found:
        await _looked(app, publication)
    return len(found)


async def _looked(app: App, publication: Publication) -> None:
    now = app.ledger.clock()
    publication = await publications.postpone(app.ledger, publication, now + LEASE_S)
    try:
        later = await _tended(app, publication)
    except Limited as limit:
        later = limit.until
    except Unavailable:
        later = now + pause_s(publication.updated_at, now)
    except (AccessEnded, Refused):
        later = now + DAY_S
    except LostClaimError:
        later = now
    except GitHubError as error:
        log.warning("publication_not_tended", publication=publication.id, reason=str(error))
        later = now + HOUR_S
    # Whoever asked for an earlier look meanwhile gets it.
    await publications.postpone(app.ledger, publication, later)


async def _tended(app: App, publication: Publication) -> float:
    """Do what there is to do; when to look again."""
    repository = tables.repositories
    async with app.ledger.read() as connection:
        found = await connection.execute(select(repository).where(repository.c.id == publication.repository_id))
        row = found.mappings().first()
    if publication.content.kind == "author":
        return NEVER
    if row is None or await withdrawn(app, row["installation_id"], publication.repository_id) or app.dry_run:
        return app.ledger.clock() + HOUR_S
    config = await _config(app, publication)
    async with app.github.repository(row["installation_id"], publication.repository_id, Purpose.PUBLISH) as api:
        if await keeping.is_archived(api):
            return app.ledger.clock() + DAY_S
        return await _turned(Tending(app=app, api=api, config=config, repository=row), publication)


async def _config(app: App, publication: Publication) -> Config:
    """As it was when the publication was last written."""
    async with app.ledger.read() as connection:
        of = select(tables.jobs.c.job).where(tables.jobs.c.id == publication.job_id)
        text = (await connection.execute(of)).scalar_one_or_none()
    try:
        return (
            config_file.read(messages.job_from_json(text.encode()).configuration.encode(), PATH).config
            if text
            else Config()
        )
    except ConfigError:
        return Config()


async def _turned(tending: Tending, publication: Publication) -> float:
    """Look, write down what it means, and again, until nothing more follows."""
    for _ in range(TURNS):
        seen = await look_at(tending.api, publication)
        after = await step(tending, publication, seen)
        if after is None:
            break
        publication = after
    row = tending.repository
    await waiting.resume(tending.app, publication, row["installation_id"], row["default_branch"])
    now = tending.app.ledger.clock()
    return NEVER if not publication.live else dressing.again_at(publication, now) or now + LOOK_AGAIN_S
