"""What we read of each event, and nothing else.

Fields we do not read may come, go and change; owners and users may be null, as those of deleted accounts are.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StrictBool

# What the ledger's columns hold: a larger number or a longer name is none of GitHub's.
Id = Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
Number = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Name = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Ref = Annotated[str, Field(max_length=len("refs/heads/") + 255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Stamp = Annotated[str, Field(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]
Text = Annotated[str, Field(max_length=300_000)]
Path = Annotated[str, Field(max_length=4096)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class User(_Model):
    """Somebody with an account: a person, an organisation or a bot."""

    id: Id
    login: Name = ""
    type: Name = ""


class Installation(_Model):
    """Through which installation of the App a delivery came."""

    id: Id


class Repository(_Model):
    """A repository as the delivery saw it; its name may be out of date."""

    id: Id
    full_name: Name
    owner: User | None = None
    private: StrictBool = False
    archived: StrictBool = False
    default_branch: Name = ""
    """Empty where the event does not say."""


class Branch(_Model):
    """One side of a pull request."""

    class Home(_Model):
        """The repository it lies in."""

        id: Id

    ref: Name
    sha: Sha
    repo: Home | None = None
    """None: a fork that was deleted."""


class Label(_Model):
    """A label."""

    name: Name


class Pull(_Model):
    """A pull request."""

    number: Number
    state: Name
    draft: StrictBool | None = None
    locked: StrictBool | None = None
    title: Text = ""
    user: User | None = None
    labels: tuple[Label, ...] = ()
    updated_at: Stamp = ""
    head: Branch
    base: Branch


class Thread(_Model):
    """What a comment stands on: an issue, or a pull request of which an issue comment's delivery tells no commit."""

    number: Number
    state: Name
    locked: StrictBool | None = None
    user: User | None = None
    pull_request: dict[str, Any] | None = None
    """There for the comments in a pull request's conversation."""
    head: Branch | None = None
    """There for the comments on a pull request's lines."""


class Remark(_Model):
    """The comment itself."""

    id: Id
    body: Text | None = None
    user: User | None = None
    performed_via_github_app: dict[str, Any] | None = None
    path: Path | None = None
    """The file whose line a review comment is about."""
    created_at: Stamp = ""


class Commit(_Model):
    """One commit of a push."""

    id: Sha
    added: tuple[Path, ...] = ()
    modified: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()


class AppOf(_Model):
    """The App that made a check."""

    id: Id


class Mentioned(_Model):
    """A pull request a check belongs to; none is named for the branch of a fork."""

    class Head(_Model):
        """Its branch."""

        ref: Name
        sha: Sha

    number: Number
    head: Head


class Suite(_Model):
    """A check suite."""

    id: Id
    head_branch: Name | None = None
    head_sha: Sha
    app: AppOf | None = None
    updated_at: Stamp | None = None
    pull_requests: tuple[Mentioned, ...] | None = None


class Check(_Model):
    """A check run."""

    class Of(_Model):
        """Its suite."""

        head_branch: Name | None = None

    id: Id
    head_sha: Sha
    app: AppOf | None = None
    check_suite: Of | None = None
    pull_requests: tuple[Mentioned, ...] | None = None


class Button(_Model):
    """The button that was pressed."""

    identifier: Name


class _Event(_Model):
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


class Whole(Installation):
    """The installation as only its own events tell it."""

    app_id: Id
    account: User | None = None
    permissions: dict[Name, Name] = Field(default_factory=dict)


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
