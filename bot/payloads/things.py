"""What events speak of: people, repositories, pull requests, checks. Of each the fields that we read, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

# What the ledger's columns hold: a larger number or a longer name is none of GitHub's.
Id = Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
Number = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Name = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Ref = Annotated[str, Field(max_length=len("refs/heads/") + 255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Stamp = Annotated[str, Field(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]
Text = Annotated[str, Field(max_length=300_000)]
Path = Annotated[str, Field(max_length=4096)]


class Model(BaseModel):
    """Fields that we do not read may come, go and change."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class User(Model):
    """Somebody with an account: a person, an organisation or a bot."""

    id: Id
    login: Name = ""
    type: Name = ""


class Installation(Model):
    """Through which installation of the App a delivery came."""

    id: Id


class Repository(Model):
    """A repository as the delivery saw it; its name may be out of date."""

    id: Id
    full_name: Name
    owner: User | None = None
    private: StrictBool = False
    archived: StrictBool = False
    default_branch: Name = ""
    """Empty where the event does not say."""


class Branch(Model):
    """One side of a pull request."""

    class Home(Model):
        """The repository it lies in."""

        id: Id

    ref: Name
    sha: Sha
    repo: Home | None = None
    """None: a fork that was deleted."""


class Label(Model):
    """A label."""

    name: Name


class Pull(Model):
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


class Thread(Model):
    """What a comment stands on: an issue, or a pull request of which an issue comment's delivery tells no commit."""

    number: Number
    state: Name
    locked: StrictBool | None = None
    user: User | None = None
    pull_request: dict[str, Any] | None = None
    """There for the comments in a pull request's conversation."""
    head: Branch | None = None
    """There for the comments on a pull request's lines."""


class Remark(Model):
    """The comment itself."""

    id: Id
    body: Text | None = None
    user: User | None = None
    performed_via_github_app: dict[str, Any] | None = None
    path: Path | None = None
    """The file whose line a review comment is about."""
    created_at: Stamp = ""


class Commit(Model):
    """One commit of a push."""

    id: Sha
    added: tuple[Path, ...] = ()
    modified: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()


class AppOf(Model):
    """The App that made a check."""

    id: Id


class Mentioned(Model):
    """A pull request a check belongs to; none is named for the branch of a fork."""

    class Head(Model):
        """Its branch."""

        ref: Name
        sha: Sha

    number: Number
    head: Head


class Suite(Model):
    """A check suite."""

    id: Id
    head_branch: Name | None = None
    head_sha: Sha
    app: AppOf | None = None
    updated_at: Stamp | None = None
    pull_requests: tuple[Mentioned, ...] | None = None


class Check(Model):
    """A check run."""

    class Of(Model):
        """Its suite."""

        head_branch: Name | None = None

    id: Id
    head_sha: Sha
    app: AppOf | None = None
    check_suite: Of | None = None
    pull_requests: tuple[Mentioned, ...] | None = None


class Button(Model):
    """The button that was pressed."""

    identifier: Name


class Whole(Installation):
    """The installation as only its own events tell it."""

    app_id: Id
    account: User | None = None
    permissions: dict[Name, Name] = Field(default_factory=dict)
