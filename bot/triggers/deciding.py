"""What follows from a delivery. Everything here is decided from the delivery alone: no ledger, no GitHub, no clock.

- A push counts on the default branch; the notebooks it changed are looked at, or all where the list may be cut.
- A pull request is judged when it is opened, pushed to, reopened or ready for review; a draft waits until it is ready.
  One from a fork is judged like any other, by its head commit, which the base repository has too.
- A merge queue tries commits on branches of its own, which nobody will look at again: they are left alone. What it
  merges is pushed to the default branch, and that counts.
- A comment counts when it is made. Editing it changes nothing; deleting it takes it back.
- Bots start nothing, and neither does whatever speaks through an App; who is who is told by number, never by name.
- A closed or locked conversation takes no commands, but one of our pull requests may still be reverted after its merge.
  A draft takes them: somebody asked by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.payloads import (
    CheckRun,
    CheckSuite,
    Comment,
    Event,
    InstallationEvent,
    InstallationRepositories,
    Ping,
    PullRequest,
    Push,
    RepositoryEvent,
)
from bot.triggers.access import on_installation, on_repositories, on_repository
from bot.triggers.checks import on_check_run, on_check_suite
from bot.triggers.comments import on_comment
from bot.triggers.decisions import Decision, Nothing, RepositorySeen
from bot.triggers.pulls import on_pull_request
from bot.triggers.pushes import on_push

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.payloads.events import InRepository
    from bot.triggers.identity import AppIdentity


def decide(event: Event, *, app: AppIdentity) -> tuple[Decision, ...]:  # noqa: PLR0911  # one line for each event
    """What follows from `event`; at least one decision, alone if it is `Nothing`."""
    match event:
        case Ping():
            return (Nothing("a ping"),)
        case InstallationEvent():
            return on_installation(event)
        case InstallationRepositories():
            return on_repositories(event)
        case RepositoryEvent():
            return on_repository(event)
        case Push():
            return _seen(event, on_push(event, app))
        case PullRequest():
            return _seen(event, on_pull_request(event, app))
        case Comment():
            return _seen(event, on_comment(event, app))
        case CheckRun():
            return _seen(event, on_check_run(event, app))
        case CheckSuite():
            return _seen(event, on_check_suite(event, app))


def _seen(event: InRepository, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """With the repository in front, so that its row is there before anything refers to it."""
    if event.installation is None:
        return (Nothing("not sent through an installation"),)
    if all(isinstance(decision, Nothing) for decision in decisions):
        return tuple(decisions)
    owner = event.repository.owner
    seen = RepositorySeen(
        id=event.repository.id,
        installation_id=event.installation.id,
        full_name=event.repository.full_name,
        default_branch=event.repository.default_branch,
        private=event.repository.private,
        account=owner.login if owner else "",
        account_id=owner.id if owner else 0,
    )
    return (seen, *decisions)
