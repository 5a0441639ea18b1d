"""Pull requests: judged, never pushed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.triggers.asking import ask
from bot.triggers.decisions import Ask, Decision, Nothing, PublicationLook, ThreadClosed
from bot.triggers.identity import AppIdentity, is_person
from workers.contract.job import Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.payloads import PullRequest, Repository
    from bot.payloads.things import Pull


def on_pull_request(event: PullRequest, app: AppIdentity) -> Sequence[Decision]:
    """A pull request of anybody, ours among them."""
    pull = event.pull_request
    look = PublicationLook(repository_id=event.repository.id, number=pull.number)
    if app.is_us(event.sender):
        return (Nothing("our own doing"),)
    if event.action == "closed":
        closed = ThreadClosed(repository_id=event.repository.id, number=pull.number, lane=f"pull/{pull.number}")
        return (look, closed)
    if event.action in {"converted_to_draft", "edited"} or pull.draft or pull.state != "open":
        return (look,)
    return (look, _judge(event)) if is_person(event.sender) else (look,)


def _judge(event: PullRequest) -> Ask:
    pull = event.pull_request
    key = f"pull:{event.repository.id}:{pull.number}:{pull.head.sha}"
    if event.action == "reopened":
        # Closing it stopped what was going on for the same commit.
        key += f":{pull.updated_at}"
    return ask(
        event,
        event.sender,
        work_key=key,
        trigger=Trigger.PULL_REQUEST,
        arguments={
            "paths": [],
            "base": pull.base.ref,
            "fork": _is_fork(pull, event.repository),
            "author": pull.user.login if pull.user else "",
            "title": pull.title[:500],
            "labels": [label.name for label in pull.labels],
        },
        number=pull.number,
        branch="" if _is_fork(pull, event.repository) else pull.head.ref,
        sha=pull.head.sha,
    )


def _is_fork(pull: Pull, repository: Repository) -> bool:
    return pull.head.repo is None or pull.head.repo.id != repository.id
