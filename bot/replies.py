"""Requests that come to an end without a job: what is said, to whom and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot import check_answer, reactions, render, sticky, verbs
from bot.github import Purpose
from bot.scene import Refused
from bot.upsert import insert_or_ignore
from workers.contract.job import Trigger
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from bot.app import App
    from bot.asks import Ask
    from bot.render import Verdict
    from bot.scene import Scene
    from workers.contract.ledger import Claim

HOUR_S = 3600
EVENTS = frozenset({Trigger.PUSH, Trigger.PULL_REQUEST, Trigger.RERUN})
"""Triggers that ask for a check run at a commit."""
NEEDS_PATHS = "No notebook or page that is kept true is changed here. Name one: `/repair <path>`."
CONFIG_MISTAKE = "`.github/mendloop.yml` on the default branch has a mistake"


async def at_once(scene: Scene) -> None:
    """Answer a command that needs no run."""
    said = await verbs.answer(scene.app, scene.ask, scene.lane)
    await _say(scene, said.text)
    await reactions.settle(scene.app, scene.ask.row, reactions.DONE if said.done else reactions.NOT_DONE)
    await scene.app.ledger.finish(scene.claim, state="answered", reason="")


async def misconfigured(scene: Scene, message: str) -> Refused:
    """The owner sees the mistake where they look: at the commit, or under their command."""
    said = render.config_problem(message)
    await _report(scene, said)
    tell = said.summary if scene.ask.by_person else ""
    return Refused(reason=f"{CONFIG_MISTAKE}: {message}", scene=scene, tell=tell)


async def nothing_to_do(scene: Scene) -> Refused:
    """No artifact is concerned; the check appears all the same."""
    await _report(scene, render.nothing_to_do())
    tell = NEEDS_PATHS if scene.ask.trigger is Trigger.COMMAND else ""
    return Refused(reason="nothing that is kept true is concerned", scene=scene, tell=tell)


async def refuse(app: App, claim: Claim, ask: Ask, refused: Refused) -> None:
    """End the request; say why where somebody may hear it."""
    scene = refused.scene
    if scene is not None and ask.by_person:
        if refused.tell and not await _told_lately(app, scene):
            await _say(scene, refused.tell)
            await _told(app, scene)
        if not verbs.is_instant(ask.verb):
            await scene.hold()
            await reactions.settle(app, ask.row, reactions.NOT_DONE if refused.tell else None)
    await app.ledger.finish(claim, state="refused", reason=refused.reason)


async def _say(scene: Scene, text: str) -> None:
    """In the thread; without one in the check run whose button was pressed."""
    app, ask = scene.app, scene.ask
    await scene.hold()
    if scene.number is not None:
        where = {"installation_id": ask.installation_id, "repository_id": ask.repository_id}
        await sticky.say(app, **where, number=scene.number, body=text)
    elif ask.check_run_id is not None and not app.dry_run:
        async with app.github.repository(ask.installation_id, ask.repository_id, Purpose.CHECK) as api:
            await check_answer.say_at(api, ask.check_run_id, ask.verb.capitalize(), text)


async def _report(scene: Scene, said: Verdict) -> None:
    app, ask = scene.app, scene.ask
    if ask.trigger not in EVENTS or not ask.sha or app.dry_run:
        return
    await scene.hold()
    async with app.github.repository(ask.installation_id, ask.repository_id, Purpose.CHECK) as api:
        await check_answer.report_at(api, ask.sha, f"request-{ask.id}", said)


async def _told_lately(app: App, scene: Scene) -> bool:
    key, window = _telling(app, scene)
    budgets = tables.budgets.c
    async with app.ledger.read() as connection:
        found = await connection.execute(select(budgets.used).where(budgets.key == key, budgets.window == window))
    return found.first() is not None


async def _told(app: App, scene: Scene) -> None:
    key, window = _telling(app, scene)
    async with app.ledger.write() as connection:
        values = {"key": key, "window": window, "used": 1}
        await insert_or_ignore(connection, tables.budgets, values, key=("key", "window"))


def _telling(app: App, scene: Scene) -> tuple[str, int]:
    """A thread is told once an hour that nothing comes of a command."""
    where = scene.number or f"check-{scene.ask.check_run_id}"
    return f"told:{scene.ask.repository_id}:{where}", int(app.ledger.clock() // HOUR_S) * HOUR_S
