"""A request becomes a job, an answer or nothing: access, authority, configuration, limits, in this order.

Whoever may not write gets no answer and costs one question to GitHub; a repository without a configuration on its
default branch is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from bot import aiming, asks, authority, check_run, enlisting, owner, reactions, replies, verbs
from bot import scene as scenes
from bot.enlisting import Allowance, Enlisted, Exhausted, Wanted
from bot.github import AccessEnded, GitHubError, Limited, Purpose, Unavailable, shaped
from bot.owner import ConfigProblem, Inert, Owned
from bot.scene import About, Refused, Scene
from workers.contract.config import PATH
from workers.contract.ledger import tables
from workers.contract.phases import reached

if TYPE_CHECKING:
    from bot.aiming import Target
    from bot.app import App
    from bot.asks import Ask
    from bot.github import Api
    from workers.contract.ledger import Claim

WEATHER_S = 5.0
"""When a request is looked at again after GitHub could not be asked."""
INERT = f"Nothing is done in this repository until its default branch holds `{PATH}`."


async def handle(app: App, claim: Claim) -> None:
    """Work on one claimed row of `requests`; afterwards it is attached, answered, refused, or waits for better weather.

    Raises:
        LostClaimError: somebody else has the row; nothing was written to it.
    """
    ask = asks.of(claim.row)
    try:
        await _handle(app, claim, ask)
    except Limited as limit:
        await _note_limit(app, ask.installation_id, limit.until)
        delay = max(limit.until - app.ledger.clock(), 1.0)
        await app.ledger.put_back(claim, delay_s=delay, reason=str(limit), counts=False)
    except Unavailable as weather:
        await app.ledger.put_back(claim, delay_s=WEATHER_S, reason=str(weather), counts=False)
    except (AccessEnded, GitHubError) as error:
        await app.ledger.finish(claim, state="refused", reason=str(error))


async def _handle(app: App, claim: Claim, ask: Ask) -> None:
    gone = await _withdrawn(app, ask)
    if gone:
        await app.ledger.finish(claim, state="refused", reason=gone)
        return
    async with app.github.repository(ask.installation_id, ask.repository_id, Purpose.READ) as api:
        found = await _scene(app, claim, ask, api)
        refused = found if isinstance(found, Refused) else await _acted(found)
    if refused is not None:
        await replies.refuse(app, claim, ask, refused)


async def _withdrawn(app: App, ask: Ask) -> str:
    """Why the ledger knows already that we have no business there."""
    installations, repositories = tables.installations, tables.repositories
    async with app.ledger.read() as connection:
        host = await connection.execute(select(installations).where(installations.c.id == ask.installation_id))
        of = await connection.execute(select(repositories.c.state).where(repositories.c.id == ask.repository_id))
        installation, state = host.mappings().first(), of.scalar_one_or_none()
    if installation is not None:
        app.github.hold(ask.installation_id, installation["limited_until"])
        if installation["state"] != "active":
            return f"the installation is {installation['state']}"
    return f"the repository is {state}" if state in {"archived", "withdrawn"} else ""


async def _scene(app: App, claim: Claim, ask: Ask, api: Api) -> Scene | Refused:
    about = shaped(About, await api.get(""))
    if about.archived or about.disabled:
        return Refused(reason="the repository is archived or disabled")
    if ask.by_person and not await authority.may_write(api, ask.actor_id, ask.actor):
        return Refused(reason="asked by somebody who may not write here")
    return await scenes.look(app, claim, api, about)


async def _acted(scene: Scene) -> Refused | None:
    instant = scene.ask.by_person and verbs.is_instant(scene.ask.verb)
    if scene.ask.by_person and not instant:
        await scene.hold()
        await reactions.acknowledge(scene.app, scene.ask.row)
    match await owner.configuration(scene.api, scene.about.default_branch):
        case Inert():
            return Refused(reason="the repository has no configuration", scene=scene, tell=INERT)
        case ConfigProblem(message=message):
            return await replies.misconfigured(scene, message)
        case Owned() if instant:
            await replies.at_once(scene)
            return None
        case Owned() as owned:
            await scenes.schedule(scene, owned)
            return await _job(scene, owned)


async def _job(scene: Scene, owned: Owned) -> Refused | None:
    unwanted = scenes.unwanted(scene, owned)
    if unwanted:
        return Refused(reason=unwanted, scene=scene)
    target = await scenes.target(scene)
    if isinstance(target, Refused):
        return target
    if scene.ask.verb in aiming.PUBLISHER:
        return await _enlist(scene, owned, target, (), do=scene.ask.verb)
    paths = await scenes.paths(scene, owned)
    if paths == ():
        return await replies.nothing_to_do(scene)
    return await _enlist(scene, owned, target, paths or ())


async def _enlist(scene: Scene, owned: Owned, target: Target, paths: tuple[str, ...], do: str = "") -> Refused | None:
    app, ask, most = scene.app, scene.ask, owned.config.github.commands_per_hour
    job = aiming.job(ask, scene.facts(owned), target, paths)
    allowance = Allowance(key=f"commands:{ask.repository_id}:{ask.actor_id}", most=most) if ask.by_person else None
    reached("dispatch.before_enlist", request=ask.id)
    match await enlisting.enlist(app, scene.claim, Wanted(job=job, allowance=allowance, do=do)):
        case Exhausted():
            told = f"One person may ask for {most} runs an hour here, and yours are used up. Please come back later."
            return Refused(reason="the allowance of this hour is used up", scene=scene, tell=told)
        case Enlisted(job_id=job_id):
            reached("dispatch.enlisted", request=ask.id, job=job_id)
            await app.bell.ring("github" if do else "loop", job_id)
            await _show(app, job_id)
            return None


async def _show(app: App, job_id: int) -> None:
    """The check run, at once. The request has its job already; the watchdog makes up for what fails here."""
    async with app.ledger.read() as connection:
        found = await connection.execute(select(tables.jobs).where(tables.jobs.c.id == job_id))
        row = found.mappings().one()
    if row["check_state"] != "intended":
        return
    try:
        await check_run.ensure(app, dict(row))
    except (Limited, Unavailable):
        return


async def _note_limit(app: App, installation_id: int, until: float) -> None:
    """For the other processes, and for this one after a restart."""
    rows = tables.installations
    async with app.ledger.write() as connection:
        await connection.execute(update(rows).where(rows.c.id == installation_id).values(limited_until=until))
