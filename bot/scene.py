"""What a request is about, as it stands on GitHub now: read once, for every step that follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel
from sqlalchemy import select, update

from bot import aiming, asks, threads, windows
from bot.aiming import Facts, Target
from workers.contract import messages
from workers.contract.job import Trigger
from workers.contract.ledger import LostClaimError, tables

if TYPE_CHECKING:
    from bot.app import App
    from bot.asks import Ask
    from bot.github import Api
    from bot.owner import Owned
    from bot.threads import Thread
    from workers.contract.job import Job
    from workers.contract.ledger import Claim

MOVED = "The pull request changed after this was asked for. Please look at it and ask again."
ANY_COMMIT = frozenset({"status", "help", "explain", "ignore", "unignore", "note", "stop"})
"""Verbs that mean the thread, whatever its commit is."""
ONLY_OURS = "This command works on pull requests of mine alone."


EVENTS = frozenset({Trigger.PUSH, Trigger.RERUN})


class About(BaseModel):
    """The repository."""

    full_name: str
    default_branch: str = "main"
    archived: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing comes of the request."""

    reason: str
    tell: str = ""
    """What its thread is told; empty: nothing."""
    scene: Scene | None = None
    """Where whoever asked may hear of us; None: no call is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What every step works with."""

    app: App
    claim: Claim
    ask: Ask
    api: Api
    """With the rights to read."""
    about: About
    thread: Thread | None
    origin: Job | None
    """The job of the check run whose button was pressed, or that is to run again."""

    @property
    def lane(self) -> str:
        """What is worked on one at a time, here."""
        if self.thread is None and self.origin is not None:
            return self.origin.lane
        return aiming.lane(self.about.default_branch, self.thread)

    @property
    def number(self) -> int | None:
        """The thread to answer in."""
        return self.thread.issue.number if self.thread else None

    async def hold(self) -> None:
        """Before anything is written: whoever was stopped for longer than the lease finds the request taken.

        Raises:
            LostClaimError: it is no longer ours.
        """
        if not await self.app.ledger.holds(self.claim):
            raise LostClaimError(f"request {self.ask.id} is no longer ours")

    def facts(self, owned: Owned) -> Facts:
        """For `aiming`."""
        today = datetime.fromtimestamp(self.app.ledger.clock(), UTC)
        return Facts(
            repository=self.about.full_name,
            default_branch=self.about.default_branch,
            owned=owned,
            today=f"{today:%Y-%m-%d}",
            thread=self.thread,
            origin=self.origin,
        )


async def look(app: App, claim: Claim, api: Api, about: About) -> Scene | Refused:
    """The scene of a claimed request, or why there is none (any more)."""
    ask = asks.of(claim.row)
    origin = await _origin(app, ask)
    if ask.trigger is Trigger.BUTTON and origin is None:
        return Refused(reason="the button is of no job that is known")
    number = ask.number or (origin.pull_request if origin else None)
    is_pull = ask.comment_id is None or ask.arguments.pull
    thread = None if number is None else await threads.look(app, api, number, is_pull=is_pull)
    if number is not None and thread is None:
        return Refused(reason="there is no such thread (any more)")
    scene = Scene(app=app, claim=claim, ask=ask, api=api, about=about, thread=thread, origin=origin)
    closed = _closed(scene)
    if closed:
        return Refused(reason=closed)
    return Refused(reason="the pull request has moved on since", scene=scene, tell=MOVED) if _moved(scene) else scene


async def _origin(app: App, ask: Ask) -> Job | None:
    if ask.check_run_id is None:
        return None
    jobs = tables.jobs
    of = select(jobs.c.job).where(jobs.c.repository_id == ask.repository_id, jobs.c.check_run_id == ask.check_run_id)
    async with app.ledger.read() as connection:
        text = (await connection.execute(of.order_by(jobs.c.id.desc()).limit(1))).scalar_one_or_none()
    return None if text is None else messages.job_from_json(text.encode())


def _closed(scene: Scene) -> str:
    """Why the thread is no place to work in; empty where it is one. What was published can be taken back afterwards."""
    thread, ask = scene.thread, scene.ask
    if thread is None:
        return ""
    reverts = ask.verb == "revert" and thread.publication is not None
    return "" if reverts and not thread.issue.locked else thread.closed_to_us


def _moved(scene: Scene) -> bool:
    """Whether another commit is there than the one that was meant."""
    ask, pull = scene.ask, scene.thread.pull if scene.thread else None
    if pull is None or (ask.by_person and ask.verb in ANY_COMMIT):
        return False
    return (bool(ask.sha) and pull.head.sha != ask.sha) or pull.moved_since(ask.arguments.asked_at, ask.repository_id)


async def schedule(scene: Scene, owned: Owned) -> None:
    """Keep when the repository is swept next, as its owner wants it by now."""
    rows, at = tables.repositories, tables.repositories.c
    repository_id, now = scene.ask.repository_id, scene.app.ledger.clock()
    async with scene.app.ledger.write() as connection:
        stored = (await connection.execute(select(at.next_sweep_at).where(at.id == repository_id))).scalar_one_or_none()
        following = windows.rescheduled(stored or 0.0, owned.config.github.sweep, repository_id, now)
        if stored is not None and following != stored:
            await connection.execute(update(rows).where(at.id == repository_id).values(next_sweep_at=following))


def unwanted(scene: Scene, owned: Owned) -> str:
    """Why the owner does not want this event heeded; whoever asks in person is heeded."""
    ask, wants = scene.ask, owned.config.github
    if ask.by_person:
        return ""
    if ask.trigger is Trigger.PUSH and not wants.on_push:
        return "pushes are not looked at here"
    if ask.trigger is Trigger.PULL_REQUEST and not wants.on_pull_request:
        return "pull requests are not looked at here"
    # One that names artifacts is no sweep of the schedule: they waited for room, which is there now.
    scheduled = ask.trigger is Trigger.SWEEP and not ask.arguments.paths
    if scheduled and not windows.is_moment(wants.sweep, ask.repository_id, ask.arguments.at):
        return "it is not the time for a sweep; the schedule was read"
    user = scene.thread.issue.user if scene.thread else None
    return threads.ignored_by(wants.ignore, author=user.login if user else ask.actor, thread=scene.thread)


async def target(scene: Scene) -> Target | Refused:
    """Where the work is, at the commit that counts from now on."""
    ask, thread, branch = scene.ask, scene.thread, scene.about.default_branch
    if ask.verb in {*aiming.PUBLISHER, "continue"} and (thread is None or thread.publication is None):
        return Refused(reason="not on a pull request of ours", scene=scene, tell=ONLY_OURS)
    pull = aiming.in_pull(thread, ask.repository_id, branch) if thread else None
    if pull is not None:
        await _bind(scene, pull.sha)
        return pull
    if scene.origin is None and ask.trigger in EVENTS and ask.branch not in {"", branch}:
        return Refused(reason="not the default branch", scene=scene)
    branch = scene.origin.branch if scene.origin else branch
    tip = await threads.tip(scene.api, branch)
    if tip is None:
        return Refused(reason="there is no such branch (any more)", scene=scene)
    if ask.trigger is Trigger.BUTTON and ask.sha and tip != ask.sha:
        return Refused(reason="the branch has moved on since", scene=scene, tell=MOVED)
    sha = ask.sha if ask.trigger in EVENTS and ask.sha else tip
    return Target(lane=scene.lane, branch=branch, sha=sha)


async def _bind(scene: Scene, sha: str) -> None:
    """Keep the commit that was there when the command was heeded: one that comes later was not meant."""
    if scene.ask.sha:
        return
    row = tables.requests.c
    async with scene.app.ledger.write() as connection:
        await connection.execute(update(tables.requests).where(row.id == scene.ask.id, row.sha == "").values(sha=sha))


async def paths(scene: Scene, owned: Owned) -> tuple[str, ...] | None:
    """The artifacts that are meant: None for all that are kept true, empty for none of them."""
    ask = scene.ask
    if scene.origin is not None and scene.origin.paths:
        return scene.origin.paths
    named = ask.arguments.paths
    if ask.by_person and named:
        return named
    if scene.thread is not None and scene.thread.pull is not None:
        named = await threads.changed(scene.api, scene.thread.pull.number)
    elif not named:
        return None
    kept = threads.kept_true(owned.config, named)
    return await threads.not_ignored(scene.app, ask.repository_id, kept)
