"""A request in the ledger as a value: who asked for what, where and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.job import Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping

PEOPLE = frozenset({Trigger.COMMAND, Trigger.BUTTON, Trigger.RERUN, Trigger.FOLLOW_UP})
"""Triggers behind which a person stands whose authority counts."""


class Arguments(BaseModel):
    """What `requests.arguments` holds."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    paths: tuple[str, ...] = ()
    """Empty: not said, or all."""
    iterations: int | None = Field(default=None, ge=1, le=100)
    engine: str | None = None
    guidance: str = ""
    finding: str = ""
    at: float = 0.0
    """The moment of a sweep, in seconds since 1970."""
    problem: str = ""
    """Why a command could not be read, or what has to be asked back."""
    pull: bool = False
    """Whether the comment stands at a pull request."""
    asked_at: str = ""
    """When the comment was written, as GitHub writes times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One row of `requests`."""

    id: int
    installation_id: int
    repository_id: int
    trigger: Trigger
    verb: str
    arguments: Arguments
    actor_id: int
    actor: str
    number: int | None
    comment_id: int | None
    check_run_id: int | None
    branch: str
    sha: str
    created_at: float
    row: Mapping[str, Any]
    """All of it, as the ledger has it."""

    @property
    def by_person(self) -> bool:
        """Whether somebody's authority stands behind it."""
        return self.trigger in PEOPLE


def of(row: Mapping[str, Any]) -> Ask:
    """The request in a row."""
    try:
        arguments = Arguments.model_validate_json(row["arguments"] or "{}")
    except ValidationError:
        arguments = Arguments()
    return Ask(
        id=row["id"],
        installation_id=row["installation_id"],
        repository_id=row["repository_id"],
        trigger=Trigger(row["trigger"]),
        verb=row["verb"],
        arguments=arguments,
        actor_id=row["actor_id"],
        actor=row["actor"],
        number=row["number"],
        comment_id=row["comment_id"],
        check_run_id=row["check_run_id"],
        branch=row["branch"],
        sha=row["sha"],
        created_at=row["created_at"],
        row=row,
    )
