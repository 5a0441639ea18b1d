"""Deliveries that never reached us: GitHub does not send again by itself, but it keeps a list and sends when asked to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
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
OVERLAP_S = 300.0
"""So much of the list is read again at every pass: a delivery gets its number when it is sent off, and is listed when it has
ended, which may be later than others after it."""
UNDER_WAY_S = 120.0
"""So long what was asked for may be under way; then it is asked for again."""
KEPT_S = 3600.0
"""So long it is remembered how often a delivery was asked for."""
PAUSES_S = (1.0, 300.0)
"""Between two asks for one delivery: at first, and at most."""
TRIES = 5
"""A delivery that we refuse so often is left alone: it is our answer that is wrong, and that is seen elsewhere. One that does
not reach us is asked for as long as GitHub has it."""


class _Delivery(BaseModel):
    id: int
    guid: str
    status_code: int
    delivered_at: AwareDatetime

    @property
    def failed(self) -> bool:
        """Whether it was not taken."""
        return not 200 <= self.status_code < 300  # noqa: PLR2004 - HTTP

    @property
    def refused(self) -> bool:
        """Whether somebody here said no, instead of nobody being here."""
        return 400 <= self.status_code < 500  # noqa: PLR2004 - HTTP


class _Asked(BaseModel):
    tries: int = 0
    id: int = 0
    """The attempt that had failed."""
    at: float = 0.0
    given_up: bool = False


class _Mark(BaseModel):
    """From where on the list is read, and which of its deliveries were asked for again, by GUID."""

    id: int = 0
    asked: dict[str, _Asked] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What one pass did."""

    read: int
    asked: int


async def reconcile(app: App) -> Reconciled:
    """Ask GitHub to deliver again what it failed to deliver since the last pass.

    The mark moves only when everything before it was asked for, so a pass that is cut off is made up for by the next. What
    was asked for is judged by its own entry in the list, and not asked for again before there is one.

    Raises:
        Limited, Unavailable: later.
    """
    api = await app.github.app()
    mark = await _mark(app)
    listed = await _since(api, mark.id)
    failed = await _missing(app, listed)
    now = app.ledger.clock()
    asked = {guid: each for guid, each in mark.asked.items() if each.at > now - KEPT_S}
    try:
        count = await _ask_again(api, failed, asked, now)
    except BaseException:
        await _keep(app, _Mark(id=mark.id, asked=asked))
        raise
    open_ = [each for each in failed if not asked[each.guid].given_up]
    await _keep(app, _Mark(id=_next_mark(listed, open_, mark.id), asked=asked))
    return Reconciled(read=len(listed), asked=count)


def _next_mark(listed: list[_Delivery], failed: list[_Delivery], mark: int) -> int:
    """The highest number before which nothing is missing, and nothing can come any more by GitHub's own clock."""
    if not listed:
        return mark
    newest = max(delivery.delivered_at for delivery in listed)
    old = (each.id for each in listed if (newest - each.delivered_at).total_seconds() > OVERLAP_S)
    return min([max(old, default=mark), *(each.id - 1 for each in failed)])


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
    failed = [delivery for delivery in last.values() if delivery.failed]
    stored = await _stored(app, [delivery.guid for delivery in failed])
    return [delivery for delivery in failed if delivery.guid not in stored]


async def _stored(app: App, guids: list[str]) -> set[str]:
    column, found = tables.deliveries.c.guid, set[str]()
    async with app.ledger.read() as connection:
        for start in range(0, len(guids), 500):
            of = select(column).where(column.in_(guids[start : start + 500]))
            found |= {str(guid) for guid in (await connection.execute(of)).scalars()}
    return found


async def _ask_again(api: AppApi, failed: list[_Delivery], asked: dict[str, _Asked], now: float) -> int:
    """The oldest first, at the pace of the client; how many. `asked` is kept up to date."""
    count = 0
    for delivery in reversed(failed):
        before = asked.setdefault(delivery.guid, _Asked(at=now))
        if before.given_up or now < _due_at(delivery, before):
            continue
        given_up = delivery.refused and before.tries >= TRIES
        if given_up:
            log.error("delivery.given_up", guid=delivery.guid, status=delivery.status_code)
        else:
            given_up = not await _is_asked(api, delivery)
            count += not given_up
        asked[delivery.guid] = _Asked(tries=before.tries + 1, id=delivery.id, at=now, given_up=given_up)
    return count


def _due_at(delivery: _Delivery, before: _Asked) -> float:
    """When to ask: at once at first, after a pause when another attempt failed, later while there is none to be seen."""
    if not before.tries:
        return before.at
    if delivery.id <= before.id:
        return before.at + UNDER_WAY_S
    first, most = PAUSES_S
    return before.at + min(first * 2 ** min(before.tries - 1, 20), most)


async def _is_asked(api: AppApi, delivery: _Delivery) -> bool:
    """Whether GitHub sends it again; it says no where it has it no longer."""
    try:
        await api.post(f"/app/hook/deliveries/{delivery.id}/attempts")
    except (NotFound, Unprocessable) as error:
        log.warning("delivery.not_sent_again", guid=delivery.guid, reason=str(error))
        return False
    return True


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
