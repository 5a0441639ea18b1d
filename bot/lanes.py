"""Jobs of one lane: when one answers for another, and when two become one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workers.contract.job import Aim, Trigger

if TYPE_CHECKING:
    from workers.contract.job import Job

_LOUDEST = (
    Trigger.COMMAND,
    Trigger.FOLLOW_UP,
    Trigger.BUTTON,
    Trigger.RERUN,
    Trigger.PUSH,
    Trigger.PULL_REQUEST,
    Trigger.SWEEP,
)
"""Of two jobs that become one, the trigger that it was made for: a person before an event before the clock."""


def covers(running: Job, wanted: Job) -> bool:
    """Whether the result of `running` answers `wanted` too: the same commit, at least those artifacts, at least that far."""
    return (
        _alike(running, wanted)
        and running.sha == wanted.sha
        and running.branch == wanted.branch
        and (running.aim is Aim.PROPOSE or wanted.aim is Aim.REPORT)
        and (not running.paths or (bool(wanted.paths) and set(wanted.paths) <= set(running.paths)))
    )


def joined(waiting: Job, wanted: Job) -> Job | None:
    """One job for both, at the commit of the later one; None where they ask for different things."""
    if not _alike(waiting, wanted) or waiting.branch != wanted.branch:
        return None
    paths = tuple(sorted({*waiting.paths, *wanted.paths})) if waiting.paths and wanted.paths else ()
    return replace(
        wanted,
        paths=paths,
        aim=Aim.PROPOSE if Aim.PROPOSE in {waiting.aim, wanted.aim} else Aim.REPORT,
        trigger=min(waiting.trigger, wanted.trigger, key=_LOUDEST.index),
    )


def _alike(one: Job, other: Job) -> bool:
    """Neither has guidance, or wishes of its own about how it is worked on."""
    plain = ("", None, None)
    return (
        one.lane == other.lane
        and one.pull_request == other.pull_request
        and (one.guidance, one.iterations, one.engine) == plain
        and (other.guidance, other.iterations, other.engine) == plain
    )
