"""A job: what to do, for whom, at which commit and why. It goes to the loop; a run comes back. No secret is in it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the messages are read by these annotations
from dataclasses import dataclass, field
from enum import StrEnum


class Trigger(StrEnum):
    """What woke us."""

    PUSH = "push"
    PULL_REQUEST = "pull_request"
    COMMAND = "command"
    BUTTON = "button"
    RERUN = "rerun"
    SWEEP = "sweep"
    FOLLOW_UP = "follow_up"


class Aim(StrEnum):
    """How far a job may go."""

    REPORT = "report"
    """Say what was found and what would be repaired, in a check run."""
    PROPOSE = "propose"
    """Open or update a pull request with what is proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work for the loop."""

    id: int
    """Its row in the ledger."""
    installation_id: int
    repository_id: int
    repository: str
    """`owner/name` when it was dispatched; the id is what counts."""
    lane: str
    """What is worked on one at a time within the repository: a branch (`main`) or a pull request (`pull/7`)."""
    branch: str
    """Short name of the branch a repair is for: what a pull request would be opened against."""
    sha: str
    """The commit to work on, 40 hex digits."""
    trigger: Trigger
    aim: Aim
    paths: tuple[str, ...] = ()
    """Artifacts to look at, POSIX, relative to the repository; empty means all that the configuration includes."""
    pull_request: int | None = None
    """Number of the pull request that is judged or repaired."""
    configuration: str = ""
    """Text of `.github/mendloop.yml` on the default branch."""
    guidance: str = ""
    """What a maintainer asked for in words; a task for the engines, never an order to the loop."""
    iterations: int | None = None
    """Instead of the configuration's `max_iterations`."""
    engine: str | None = None
    """Instead of the configuration's."""
    as_of: str = ""
    """The date to judge by, YYYY-MM-DD."""
    carry: Mapping[str, str] = field(default_factory=dict[str, str])
    """Artifact path -> id of the run whose edits are tried first, cell by cell, where the base left alone what they were
    made for."""
