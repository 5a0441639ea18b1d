"""From a request and what stands on GitHub to the job it asks for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.job import Aim, Job, Trigger

if TYPE_CHECKING:
    from bot.asks import Ask
    from bot.owner import Owned
    from bot.threads import Thread

PUBLISHER = frozenset({"rebase", "recreate", "revert"})
"""Verbs that are about what was published, not about the artifacts: they go past the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read for a request."""

    repository: str
    default_branch: str
    owned: Owned
    today: str
    """YYYY-MM-DD."""
    thread: Thread | None = None
    origin: Job | None = None
    """The job of the check run whose button was pressed, or that is to run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the work is."""

    lane: str
    branch: str
    sha: str
    pull_request: int | None = None
    ours: bool = True
    """Whether the branch is in the repository itself: a branch of a fork can only be looked at."""


def lane(default_branch: str, thread: Thread | None) -> str:
    """What is worked on one at a time, where something was said. A pull request of ours belongs to its base."""
    if thread is None or thread.pull is None:
        return default_branch
    if thread.publication is not None:
        return str(thread.publication["base"])
    return f"pull/{thread.pull.number}"


def in_pull(thread: Thread, repository_id: int, default_branch: str) -> Target | None:
    """The pull request as the place of work; None where the thread is none."""
    if thread.pull is None:
        return None
    pull = thread.pull
    return Target(
        lane=lane(default_branch, thread),
        branch=pull.head.ref,
        sha=pull.head.sha,
        pull_request=pull.number,
        ours=pull.is_here(repository_id),
    )


def job(ask: Ask, facts: Facts, target: Target, paths: tuple[str, ...]) -> Job:
    """The job; its id is not known yet."""
    return Job(
        id=0,
        installation_id=ask.installation_id,
        repository_id=ask.repository_id,
        repository=facts.repository,
        lane=target.lane,
        branch=target.branch,
        sha=target.sha,
        trigger=Trigger.FOLLOW_UP if ask.verb == "continue" else ask.trigger,
        aim=aim(ask, facts, target),
        paths=paths,
        pull_request=target.pull_request,
        configuration=facts.owned.text,
        guidance=ask.arguments.guidance,
        iterations=ask.arguments.iterations,
        engine=ask.arguments.engine,
        as_of=facts.today,
    )


def aim(ask: Ask, facts: Facts, target: Target) -> Aim:
    """How far the job may go: what nobody asked for on a pull request is only reported, and so is a fork."""
    if facts.owned.config.mode != "pr" or not target.ours or ask.trigger is Trigger.PULL_REQUEST:
        return Aim.REPORT
    if ask.trigger is Trigger.RERUN:
        first = Aim.PROPOSE if target.pull_request is None else Aim.REPORT
        return facts.origin.aim if facts.origin else first
    return Aim.PROPOSE
