"""Deliveries that never reached us: GitHub does not send again by itself, but it keeps a list and sends when asked to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import select, update

from bot.github import NotFound, Unprocessable, shaped
from bot.upsert import insert_or_ignore
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from bot.app import App
    from bot.github import AppApi

log = structlog.get_logger()

WATERMARK = "hook-deliveries"
PAGES = 100
"""GitHub keeps deliveries for some days; so many pages of 100 are read in one pass."""
LAST_GUIDS = 5000
TRIES = 5
"""A delivery that is refused so often is left alone: it is our answer that is wrong, and that is seen elsewhere."""


class _Delivery(BaseModel):
    id: int
    guid: str
    status_code: int
    redelivery: bool = False


class _Mark(BaseModel):
    """How far the list was read, and how often which of its deliveries was asked for again."""

    id: int = 0
    asked: dict[str, int] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What one pass did."""

    read: int
    asked: int


async def reconcile(app: App) -> Reconciled:
    """Ask GitHub to deliver again what it failed to deliver since the last pass.

    The mark moves only when everything before it was asked for, so a pass that is cut off is made up for by the next.

    Raises:
        Limited, Unavailable: later.
    """
    api = await app.github.app()
    mark = await _mark(app)
    listed = await _since(api, mark.id)
    failed = await _missing(app, listed)
    asked = await _ask_again(api, failed, mark)
    highest = max((delivery.id for delivery in listed), default=mark.id)
    left = {delivery.guid for delivery in failed}
    kept = {guid: tries for guid, tries in mark.asked.items() if guid in left}
    # What was asked for again appears in the list under a new number, and is judged by it at the next pass.
    await _keep(app, _Mark(id=max(highest, mark.id), asked=kept | asked))
    return Reconciled(read=len(listed), asked=len(asked))


async def _since(api: AppApi, mark: int) -> list[_Delivery]:
    """Deliveries later than the mark, the newest first."""
    found: dict[int, _Delivery] = {}
    url: str | None = "/app/hook/deliveries"
    for page in range(PAGES):
        items, url = await api.page(url, **({"per_page": 100} if page == 0 else {}))
        deliveries = [shaped(_Delivery, item) for item in items]
        found |= {delivery.id: delivery for delivery in deliveries if delivery.id > mark}
        if url is None or any(delivery.id <= mark for delivery in deliveries):
            break
    return sorted(found.values(), key=lambda delivery: -delivery.id)


async def _missing(app: App, listed: list[_Delivery]) -> list[_Delivery]:
    """The last attempt of each delivery that failed, unless the ledger has it all the same."""
    last: dict[str, _Delivery] = {}
    for delivery in listed:
        last.setdefault(delivery.guid, delivery)
    failed = [delivery for delivery in last.values() if not 200 <= delivery.status_code < 300]  # noqa: PLR2004 - HTTP
    stored = await _stored(app, [delivery.guid for delivery in failed])
    return [delivery for delivery in failed if delivery.guid not in stored]


async def _stored(app: App, guids: list[str]) -> set[str]:
    column, found = tables.deliveries.c.guid, set[str]()
    async with app.ledger.read() as connection:
        for start in range(0, len(guids), 500):
            of = select(column).where(column.in_(guids[start : start + 500]))
            found |= {str(guid) for guid in (await connection.execute(of)).scalars()}
    return found


async def _ask_again(api: AppApi, failed: list[_Delivery], mark: _Mark) -> dict[str, int]:
    """The oldest first, at the pace of the client."""
    asked: dict[str, int] = {}
    for delivery in reversed(failed):
        tries = mark.asked.get(delivery.guid, 0)
        if tries >= TRIES:
            log.error("delivery.given_up", guid=delivery.guid, status=delivery.status_code)
            continue
        try:
            await api.post(f"/app/hook/deliveries/{delivery.id}/attempts")
        except (NotFound, Unprocessable) as error:
            log.warning("delivery.not_sent_again", guid=delivery.guid, reason=str(error))
            continue
        asked[delivery.guid] = tries + 1
    return asked


async def _mark(app: App) -> _Mark:
    of = select(tables.watermarks.c.value).where(tables.watermarks.c.name == WATERMARK)
    async with app.ledger.read() as connection:
        text = (await connection.execute(of)).scalar_one_or_none()
    try:
        return _Mark() if text is None else _Mark.model_validate_json(text)
    except ValidationError:
        return _Mark()


async def _keep(app: App, mark: _Mark) -> None:
    table, values = tables.watermarks, {"name": WATERMARK, "value": json.dumps(mark.model_dump())}
    async with app.ledger.write() as connection:
        if not await insert_or_ignore(connection, table, values, key=("name",)):
            await connection.execute(update(table).where(table.c.name == WATERMARK).values(**values))
