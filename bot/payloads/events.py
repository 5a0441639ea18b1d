"""What we read of each event, and nothing else.

Fields we do not read may come, go and change; owners and users may be null, as those of deleted accounts are.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field, StrictBool

from bot.payloads.things import (
    Button,
    Check,
    Commit,
    Installation,
    Model,
    Pull,
    Ref,
    Remark,
    Repository,
    Sha,
    Suite,
    Text,
    Thread,
    User,
    Whole,
)


class _Event(Model):
    sender: User | None = None
    """Who did it; None: their account is gone."""


class InRepository(_Event):
    """What happens in one repository."""

    repository: Repository
    installation: Installation | None = None
    """None: sent by a webhook of the repository, not by the App's."""


class Push(InRepository):
    """Commits were pushed, or a branch or tag was made or removed."""

    ref: Ref
    before: Sha
    after: Sha
    created: StrictBool = False
    deleted: StrictBool = False
    forced: StrictBool = False
    commits: tuple[Commit, ...]


class PullRequest(InRepository):
    """Something happened to a pull request."""

    action: Literal["opened", "synchronize", "reopened", "ready_for_review", "converted_to_draft", "closed", "edited"]
    pull_request: Pull


class Comment(InRepository):
    """A comment in a conversation, or on a line of a pull request."""

    action: Literal["created", "edited", "deleted"]
    comment: Remark
    thread: Thread = Field(validation_alias=AliasChoices("issue", "pull_request"))

    @property
    def kind(self) -> Literal["issue", "review"]:
        """Which of GitHub's two kinds it is: each has its own route."""
        return "review" if self.thread.head else "issue"


class CheckRun(InRepository):
    """Somebody pressed a button of a check run, or asked for it again."""

    action: Literal["rerequested", "requested_action"]
    check_run: Check
    requested_action: Button | None = None


class CheckSuite(InRepository):
    """Somebody asked for all checks of a commit again."""

    action: Literal["rerequested"]
    check_suite: Suite


class OfInstallation(_Event):
    """What happens to the installation."""

    installation: Whole


class InstallationEvent(OfInstallation):
    """The App was installed, suspended, taken away, or given other permissions."""

    action: Literal["created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"]
    repositories: tuple[Repository, ...] | None = None


class InstallationRepositories(OfInstallation):
    """The owner gave the App repositories, or took them away."""

    action: Literal["added", "removed"]
    repositories_added: tuple[Repository, ...] = ()
    repositories_removed: tuple[Repository, ...] = ()


class RepositoryEvent(InRepository):
    """A repository was renamed, moved, archived, hidden, shown, removed, or has another default branch."""

    action: Literal["renamed", "transferred", "archived", "unarchived", "privatized", "publicized", "edited", "deleted"]


class Ping(_Event):
    """The webhook was set up."""

    zen: Text


Event = (
    Push
    | PullRequest
    | Comment
    | CheckRun
    | CheckSuite
    | InstallationEvent
    | InstallationRepositories
    | RepositoryEvent
    | Ping
)
