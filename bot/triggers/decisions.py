"""What may follow from a delivery: a closed union of values, to be written to the ledger in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.job import Trigger

RepositoryState = Literal["active", "archived", "withdrawn"]
InstallationState = Literal["active", "suspended", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Somebody or something asks for work: a row of `requests`, whose columns these are."""

    work_key: str
    """Made of the signed content alone, so that the same ask is the same row however often it is delivered."""
    trigger: Trigger
    installation_id: int
    repository_id: int
    actor_id: int
    actor: str
    verb: str = "repair"
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    number: int | None = None
    comment_id: int | None = None
    comment_kind: Literal["", "issue", "review"] = ""
    check_run_id: int | None = None
    branch: str = ""
    """Empty where the delivery does not tell it, or it lies in another repository."""
    sha: str = ""
    """Empty where the delivery does not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySeen:
    """A repository was mentioned: worth a row if it has none, never worth overwriting what is known."""

    id: int
    installation_id: int
    full_name: str
    default_branch: str
    private: bool
    account: str
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryChange:
    """A repository is otherwise than it was."""

    id: int
    installation_id: int
    full_name: str
    default_branch: str
    """Empty: not told, keep what is known."""
    private: bool
    state: RepositoryState
    owner_id: int = 0
    """0: not told. Differs from the installation's account when the repository went to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationChange:
    """An installation is otherwise than it was."""

    id: int
    account: str
    account_id: int
    state: InstallationState
    permissions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationLook:
    """Something happened to a branch or pull request; if it is one of ours, it has to be looked at now."""

    repository_id: int
    number: int | None = None
    branch: str | None = None
    """Ours, or the base of one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """What was asked for under this key is not wanted any more, even if the asking itself is yet to arrive."""

    work_key: str
    installation_id: int
    repository_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadClosed:
    """A pull request was closed or merged: what was going on for it is to stop."""

    repository_id: int
    number: int
    lane: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing follows, and why."""

    reason: str


Decision = (
    Ask
    | RepositorySeen
    | RepositoryChange
    | InstallationChange
    | PublicationLook
    | CancelRequest
    | ThreadClosed
    | Nothing
)
