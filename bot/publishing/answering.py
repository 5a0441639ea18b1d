"""Whoever asked for a job is told what came of it: in our comment of the thread, and by the reaction to the command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from bot import asks, reactions, render, sticky
from bot.asks import PEOPLE
from bot.commands.task import task
from bot.published import Ending, sentence
from workers.contract.job import Trigger
from workers.contract.ledger import tables
from workers.contract.markdown import prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.app import App
    from bot.published import Published
    from workers.contract.domain import Run

REQUESTS = tables.requests
CRITERIA = 20
NOT_DONE = frozenset({Ending.REFUSED, Ending.WAITING, Ending.HANDS_OFF, Ending.ASKED})


async def waiting(app: App, job_id: int) -> list[dict[str, Any]]:
    """The requests that the job answers and that have no answer yet."""
    of = select(REQUESTS).where(REQUESTS.c.job_id == job_id, REQUESTS.c.state == "attached").order_by(REQUESTS.c.id)
    async with app.ledger.read() as connection:
        return [dict(row) for row in (await connection.execute(of)).mappings()]


def by_person(request: Mapping[str, Any]) -> bool:
    """Whether somebody's authority stands behind it."""
    return Trigger(request["trigger"]) in PEOPLE


async def answer(app: App, job_id: int, run: Run | None, published: Published, reason: str = "") -> None:
    """Answer every request of a job. Safe to repeat: an answer that stands is not given again.

    Raises:
        Limited, Unavailable: later.
    """
    for request in await waiting(app, job_id):
        if by_person(request):
            said = "\n\n".join([text(run, published, reason), *asked_for(request)])
            await _told(app, request, said, good=_is_good(run, published))
        async with app.ledger.write() as connection:
            done = update(REQUESTS).where(REQUESTS.c.id == request["id"], REQUESTS.c.job_id == job_id)
            await connection.execute(done.values(state="answered"))


async def _told(app: App, request: Mapping[str, Any], said: str, *, good: bool) -> None:
    if request["number"] is not None:
        where = {"installation_id": request["installation_id"], "repository_id": request["repository_id"]}
        await sticky.say(app, **where, number=request["number"], body=said)
    await reactions.settle(app, request, reactions.DONE if good else reactions.NOT_DONE)


def text(run: Run | None, published: Published, reason: str) -> str:
    """The answer, in Markdown."""
    if run is not None:
        said = render.verdict(run, published=published)
        return f"**{said.title}**\n\n{said.summary}"
    lines = [f"- {sentence(landing)}" for landing in published.landings]
    return "\n".join(lines) or prose(reason) or "There was nothing to do."


def asked_for(request: Mapping[str, Any]) -> Iterator[str]:
    """The task that somebody's words were: what a reviewer holds the result against. Nothing without words."""
    wanted = task(asks.of(request).arguments.guidance)
    if wanted.text:
        yield f"Asked for: {prose(wanted.text)}"
    if wanted.criteria:
        shown = [f"- [ ] {prose(each)}" for each in wanted.criteria[:CRITERIA]]
        yield "\n".join(["Done when, for a person to judge:", "", *shown])


def _is_good(run: Run | None, published: Published) -> bool:
    endings = {landing.ending for landing in published.landings}
    return (run is not None or bool(endings)) and not endings & NOT_DONE
