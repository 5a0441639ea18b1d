"""Publishing a run: through the gate, into pull requests, into the check run, and to whoever asked. Exactly once.

Every step may be cut off and is then repeated by whoever claims the job next. Whatever a step does outside is written
down before and looked for first.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import structlog
from sqlalchemy import select

from bot import asks, check_run, ignoring
from bot.authority import may_write
from bot.github import AccessEnded, GitHubError, Limited, Purpose, Refused, Unavailable
from bot.published import NOTHING, Ending, Landing, Published
from bot.publishing import answering
from bot.publishing.opening import Ended, opened
from bot.publishing.proposals import proposals
from bot.publishing.recording import keep_records
from bot.publishing.redoing import rebase, recreate
from bot.publishing.reverting import revert
from bot.publishing.work import OutOfDateError, Seams, Task, Work, pause_s
from workers.contract import messages, runs
from workers.contract.errors import ConfigError
from workers.contract.job import Aim, Trigger
from workers.contract.ledger import LostClaimError, tables
from workers.contract.phases import reached

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.app import App
    from bot.asks import Ask
    from workers.contract.domain import Run
    from workers.contract.ledger import Claim

log = structlog.get_logger()

AGAIN_S = 10.0
TURNS = 5
"""How often a run is read anew because people decided something meanwhile, before it is put back."""
TRIES = 3
SEAMS = Seams()
DOINGS: Mapping[str, Callable[[Work], Awaitable[Published]]] = {
    "revert": revert,
    "rebase": rebase,
    "recreate": recreate,
}
"""What may be asked of the publisher itself, besides publishing a run."""


async def handle(app: App, claim: Claim, seams: Seams = SEAMS) -> None:
    """Publish the claimed job, which is in state `ran`, and bring it to its end; or put it back."""
    try:
        await _handled(app, claim, seams)
    except LostClaimError as lost:
        log.warning("claim_lost", job=claim.id, reason=str(lost))


async def _handled(app: App, claim: Claim, seams: Seams) -> None:
    try:
        await _published(app, claim, seams)
    except Limited as limit:
        wait = max(limit.until - app.ledger.clock(), 1.0)
        await app.ledger.put_back(claim, delay_s=wait, reason=str(limit), counts=False)
    except (Unavailable, OutOfDateError) as weather:
        delay_s = pause_s(claim.row["updated_at"], app.ledger.clock())
        await app.ledger.put_back(claim, delay_s=delay_s, reason=str(weather), counts=False)
    except (AccessEnded, Refused) as ended:
        # Nothing is written after that, not even why.
        await app.ledger.finish(claim, state="cancelled", reason=f"access ended: {ended}")
    except GitHubError as error:
        await _failed(app, claim, error)


async def _failed(app: App, claim: Claim, error: GitHubError) -> None:
    """Tried a few times, then parked with the reason; the watchdog concludes the check run."""
    if claim.tries < TRIES:
        await app.ledger.put_back(claim, delay_s=AGAIN_S, reason=str(error))
    else:
        await app.ledger.finish(claim, state="parked", reason=str(error))


async def _published(app: App, claim: Claim, seams: Seams) -> None:
    job = messages.job_from_json(claim.row["job"].encode())
    reached("publish.claimed", job=job.id)
    doing = _doing(claim.row["progress"])
    run = None if doing else _run(app, claim)
    if isinstance(run, str):
        await _concluded(app, claim, None, NOTHING, run)
        return
    if await _stopped(app, claim):
        await _concluded(app, claim, run, NOTHING, "It was stopped.")
        return
    task = Task(app=app, claim=claim, job=job, run=run, doing=doing, seams=seams)
    published = await _effects(task)
    if isinstance(published, Ended):
        await app.ledger.finish(claim, state="cancelled", reason=published.why)
        return
    reached("publish.published", job=job.id)
    await _concluded(app, claim, run, published, "")


def _doing(progress: str) -> str:
    said: Any = json.loads(progress or "{}")
    do = str(cast("dict[str, Any]", said).get("do", "")) if isinstance(said, dict) else ""
    return do if do in DOINGS else ""


def _run(app: App, claim: Claim) -> Run | str:
    """The run of the job, or why there is none to publish."""
    try:
        return runs.read_run(app.runs / runs.checked_id(claim.row["run_id"]))
    except (ConfigError, OSError):
        log.exception("run_unreadable", job=claim.id, run=claim.row["run_id"])
        return "The run's records cannot be read."


async def _stopped(app: App, claim: Claim) -> bool:
    """Whether somebody said stop, or deleted the comment that asked; as the ledger has it now."""
    async with app.ledger.read() as connection:
        found = await connection.execute(select(tables.jobs.c.stop).where(tables.jobs.c.id == claim.id))
        return bool(found.scalar_one())


async def _effects(task: Task) -> Published | Ended:
    """What is written to GitHub besides check run and answers."""
    job = task.job
    if job.aim is Aim.REPORT and not task.doing:
        return NOTHING
    async with task.app.github.repository(job.installation_id, job.repository_id, Purpose.PUBLISH, task.hold) as api:
        for _ in range(TURNS):
            work = await opened(task, api)
            if isinstance(work, Ended | Published):
                return work
            try:
                return await _effect(task, work)
            except OutOfDateError as error:
                log.info("decided_anew", job=job.id, reason=str(error))
    raise OutOfDateError("people keep changing what is published")


async def _effect(task: Task, work: Work) -> Published:
    people = await _askers(work)
    if people is not None and not people:
        why = "Who asked for it may not write here any more."
        return Published((Landing(ending=Ending.REFUSED, paths=work.job.paths, why=why),))
    if task.doing:
        return await DOINGS[task.doing](work)
    for ask in people or ():
        await _wanted_again(work, ask)
    published = await proposals(work, asked=bool(people))
    if any(each.ending is Ending.PROPOSED for each in published.landings):
        await keep_records(task, work)
    return published


async def _askers(work: Work) -> list[Ask] | None:
    """What was asked for by people who may write here now; None where no person asked for anything."""
    people = [request for request in await answering.waiting(work.app, work.job.id) if answering.by_person(request)]
    if not people:
        # The requests of a person's job may have been answered in a try that was cut off after it had published.
        return None
    found = [asks.of(request) for request in people]
    return [each for each in found if await may_write(work.api, each.actor_id, each.actor)]


async def _wanted_again(work: Work, ask: Ask) -> None:
    """Who names paths wants them, whatever became of earlier pull requests about them."""
    if ask.trigger is Trigger.COMMAND and ask.verb == "repair" and ask.arguments.paths and not work.app.dry_run:
        where = work.api.repository_id
        await ignoring.wanted_again(work.app.ledger, where, ask.arguments.paths, before=ask.created_at)


async def _concluded(app: App, claim: Claim, run: Run | None, published: Published, reason: str) -> None:
    """Check run, answers, the end. Each is looked for before it is made."""
    row = await _row(app, claim)
    if not _doing(row["progress"]):
        await check_run.conclude(app, row, run, published=published, reason=reason)
    reached("publish.check_concluded", job=claim.id)
    await answering.answer(app, claim.id, run, published, reason)
    reached("publish.answered", job=claim.id)
    state = "cancelled" if row["stop"] else "parked" if run is None and reason else "finished"
    said = reason or _summary(published)
    await app.ledger.finish(claim, state=state, reason=said)
    reached("publish.closed", job=claim.id)


async def _row(app: App, claim: Claim) -> dict[str, Any]:
    """The job as the ledger has it now."""
    async with app.ledger.read() as connection:
        found = await connection.execute(select(tables.jobs).where(tables.jobs.c.id == claim.id))
        return dict(found.mappings().one())


def _summary(published: Published) -> str:
    endings = sorted({each.ending.value for each in published.landings})
    return ", ".join(endings)
