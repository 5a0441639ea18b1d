"""The one comment of ours in a thread: written once, edited in place, found again when the ledger forgot it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel
from sqlalchemy import select, update

from bot.github import AccessEnded, GitHubError, NotFound, Purpose, shaped
from bot.upsert import insert_or_ignore
from workers.contract.ledger import tables
from workers.contract.markdown import capped
from workers.contract.phases import reached

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.app import App
    from bot.github import Api

log = structlog.get_logger()

MARKER = "<!-- mendloop:sticky -->"
BODY_CHARS = 60_000


class _Author(BaseModel):
    id: int


class _Comment(BaseModel):
    id: int
    body: str | None = None
    performed_via_github_app: _Author | None = None


async def say(app: App, *, installation_id: int, repository_id: int, number: int, body: str) -> bool:
    """Make our comment on issue or pull request `number` say `body`, Markdown whose foreign text is inert already.

    An unchanged body costs no call. A thread that refuses the body is not asked again for it.

    Returns:
        Whether it stands there.

    Raises:
        Limited, Unavailable: later.
    """
    text = f"{MARKER}\n{capped(app.redactor.mask(body), BODY_CHARS)}\n"
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    if app.dry_run:
        return False
    async with app.github.lock("sticky", repository_id, number):
        row = await _row(app, repository_id, number)
        if row["digest"] == digest:
            return row["comment_id"] is not None
        return await _write(app, row, installation_id, text, digest)


async def _write(app: App, row: Mapping[str, Any], installation_id: int, text: str, digest: str) -> bool:
    number, known = row["number"], row["comment_id"]
    try:
        async with app.github.repository(installation_id, row["repository_id"], Purpose.ANSWER) as api:
            known = await _edited(api, known or await _find(app, api, number), text)
            if known is None:
                reached("sticky.before_create", number=number)
                known = shaped(_Comment, await api.post(f"/issues/{number}/comments", {"body": text})).id
                reached("sticky.created", number=number)
    except (GitHubError, AccessEnded) as error:
        # Locked, limited to collaborators, switched off. The result stands elsewhere; asking again would only annoy.
        log.info("comment_refused", number=number, reason=str(error))
        await _remember(app, row["id"], digest=digest)
        return False
    await _remember(app, row["id"], comment_id=known, digest=digest)
    return True


async def _edited(api: Api, comment_id: int | None, text: str) -> int | None:
    """The comment, now with this text; None where there is none any more."""
    if comment_id is None:
        return None
    try:
        await api.patch(f"/issues/comments/{comment_id}", {"body": text})
    except NotFound:
        return None
    return comment_id


async def _find(app: App, api: Api, number: int) -> int | None:
    """Our comment in the thread. Anybody can write the marker; only our App's comments count."""
    for item in await api.pages(f"/issues/{number}/comments"):
        comment = shaped(_Comment, item)
        by = comment.performed_via_github_app
        if by is not None and by.id == app.app_id and (comment.body or "").startswith(MARKER):
            return comment.id
    return None


async def _row(app: App, repository_id: int, number: int) -> Mapping[str, Any]:
    """The row of the thread, made where there is none: the intent, before any call."""
    thread = {"repository_id": repository_id, "number": number}
    of = (tables.comments.c.repository_id == repository_id) & (tables.comments.c.number == number)
    async with app.ledger.write() as connection:
        await insert_or_ignore(connection, tables.comments, thread, key=tuple(thread))
        return dict((await connection.execute(select(tables.comments).where(of))).mappings().one())


async def _remember(app: App, row_id: int, **values: Any) -> None:
    async with app.ledger.write() as connection:
        await connection.execute(update(tables.comments).where(tables.comments.c.id == row_id).values(**values))
