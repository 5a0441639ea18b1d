"""Reading a delivery: which event a body is, and whether it is one at all.

The signature covers the body alone, not the name of the event, so a body has to show by itself which event it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import from_json

from bot.payloads.events import (
    CheckRun,
    CheckSuite,
    Comment,
    Event,
    InRepository,
    InstallationEvent,
    InstallationRepositories,
    Ping,
    PullRequest,
    Push,
    RepositoryEvent,
)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Well, but nothing to us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Misshapen:
    """The body is not what the event's name promises; nothing may follow from it."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Kind:
    model: type[Event]
    marks: frozenset[str]
    """What its body has of `MARKS`, whatever the action."""
    more: frozenset[str] = frozenset()
    """What it has of them for some actions."""


_SUBJECTS = """
alert answer blocked_user branch_protection_configurations check_run check_suite comment commits definition
deployment deployment_status discussion forkee hook invitation issue key label marketplace_purchase member merge_group
milestone package pages project project_card project_column projects_v2_item pull_request ref release
repositories_added repositories_removed repository_ruleset review rule security_advisory sponsorship starred_at
state target_type team thread workflow_job workflow_run zen
"""
MARKS = frozenset(_SUBJECTS.split())
"""Keys at the top of a body that tell events apart."""
_REPOSITORIES = frozenset({"repositories_added", "repositories_removed"})
_KINDS: dict[str, _Kind] = {
    "push": _Kind(Push, frozenset({"ref", "commits"})),
    "pull_request": _Kind(PullRequest, frozenset({"pull_request"}), more=frozenset({"label", "milestone"})),
    "issue_comment": _Kind(Comment, frozenset({"issue", "comment"})),
    "pull_request_review_comment": _Kind(Comment, frozenset({"pull_request", "comment"})),
    "check_run": _Kind(CheckRun, frozenset({"check_run"})),
    "check_suite": _Kind(CheckSuite, frozenset({"check_suite"})),
    "installation": _Kind(InstallationEvent, frozenset()),
    "installation_repositories": _Kind(InstallationRepositories, _REPOSITORIES),
    "repository": _Kind(RepositoryEvent, frozenset()),
    "ping": _Kind(Ping, frozenset({"zen", "hook"})),
}
EVENTS = frozenset(_KINDS)
"""Names of the events that are read."""


def parse(event: str, body: bytes) -> Event | Ignored | Misshapen:
    """The delivery `body`, sent under the name `event`. Never raises."""
    kind = _KINDS.get(event)
    if kind is None:
        return Ignored("an event we do not listen to")
    try:
        payload = from_json(body, allow_inf_nan=False)
    except ValueError:
        return Misshapen("not JSON")
    if not isinstance(payload, dict):
        return Misshapen("not an object")
    return _of(kind, payload)  # pyright: ignore[reportUnknownArgumentType]  # JSON


def _of(kind: _Kind, payload: dict[str, Any]) -> Event | Ignored | Misshapen:
    # Neither has a mark of its own: whose event it is shows in whether a repository stands in it.
    foreign = kind.model is not Ping and issubclass(kind.model, InRepository) != ("repository" in payload)
    if foreign or MARKS.intersection(payload) - kind.more != kind.marks:
        return Misshapen("the body belongs to another event")
    action = kind.model.model_fields.get("action")
    if action is not None:
        if not isinstance(payload.get("action"), str):
            return Misshapen("action: missing")
        if payload["action"] not in get_args(action.annotation):
            return Ignored("an action we do not listen to")
    try:
        return kind.model.model_validate(payload)
    except ValidationError as error:
        return Misshapen(_place(error))


def _place(error: ValidationError) -> str:
    """Where the first thing was wrong; only names from our models, never what stood there."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    keys = [str(key) for key in first["loc"] if isinstance(key, int) or key.isidentifier()]
    return f"{'.'.join(keys)[:200]}: {first['type']}"
