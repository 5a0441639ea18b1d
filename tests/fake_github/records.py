"""What the fake remembers of each thing beside the git repositories: people, conversations, checks, installations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fake_github.refusals import not_found

if TYPE_CHECKING:
    from tests.fake_github.git import Git


@dataclass(kw_only=True, eq=False)
class Account:
    id: int
    login: str
    type: str = "User"
    """User, Organization or Bot."""
    app_id: int | None = None
    """Whose bot this is."""


@dataclass(kw_only=True, eq=False)
class App:
    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    private_key_pem: str
    public_key_pem: str
    webhook_secret: str
    webhook_url: str | None
    permissions: dict[str, str]
    events: list[str]
    client_id: str
    client_secret: str
    created_at: float
    hook_id: int


@dataclass(kw_only=True, eq=False)
class Install:
    """An installation."""

    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    events: list[str]
    created_at: float
    all_repositories: bool = False
    repository_ids: set[int] = field(default_factory=set[int])
    suspended_at: float | None = None
    suspended_by: Account | None = None


@dataclass(kw_only=True, eq=False)
class Token:
    """An installation's token, or (no installation) a person's."""

    id: int
    value: str = field(repr=False)
    install: Install | None
    person: Account | None
    repository_ids: frozenset[int] | None
    """None: all of the installation's."""
    permissions: dict[str, str]
    expires_at: float
    revoked: bool = False


@dataclass(kw_only=True, eq=False)
class Protection:
    """What a protected branch asks."""

    pulls_only: bool = True
    signatures: bool = False
    checks: tuple[str, ...] = ()


@dataclass(kw_only=True, eq=False)
class Reaction:
    id: int
    content: str
    user: Account
    created_at: float


@dataclass(kw_only=True, eq=False)
class Comment:
    id: int
    number: int
    """The issue or pull request it stands under."""
    body: str
    user: Account
    app: App | None
    created_at: float
    updated_at: float
    reactions: list[Reaction] = field(default_factory=list[Reaction])
    review: dict[str, Any] | None = None
    """path, line, commit_id and so on of a comment on a diff; None: an issue comment."""


@dataclass(kw_only=True, eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(kw_only=True, eq=False)
class Pull:
    """What a pull request has and an issue has not."""

    head_repo: Repo
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged_at: float | None = None
    merged_by: Account | None = None
    merge_sha: str | None = None
    reviewers: list[Account] = field(default_factory=list[Account])
    maintainer_can_modify: bool = False
    reviews: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tested: tuple[str, str, str | None] | None = None
    """(base, head, merge commit) of the last try to merge."""


@dataclass(kw_only=True, eq=False)
class Issue:
    """An issue, or a pull request."""

    id: int
    number: int
    title: str
    body: str | None
    user: Account
    app: App | None
    created_at: float
    updated_at: float
    state: str = "open"
    closed_at: float | None = None
    locked: str | None = None
    """The reason; "" is a lock without one."""
    labels: list[Label] = field(default_factory=list[Label])
    assignees: list[Account] = field(default_factory=list[Account])
    reactions: list[Reaction] = field(default_factory=list[Reaction])
    pull: Pull | None = None


@dataclass(kw_only=True, eq=False)
class CheckSuite:
    id: int
    app: App
    head_sha: str
    head_branch: str | None
    before: str | None
    created_at: float
    updated_at: float


@dataclass(kw_only=True, eq=False)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    head_sha: str
    status: str
    created_at: float
    started_at: float
    conclusion: str | None = None
    completed_at: float | None = None
    external_id: str = ""
    details_url: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    actions: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


@dataclass(kw_only=True, eq=False)
class Repo:
    id: int
    owner: Account
    name: str
    git: Git
    created_at: float
    pushed_at: float
    private: bool
    default_branch: str
    description: str | None = None
    parent: Repo | None = None
    archived: bool = False
    blocked: bool = False
    """Made unavailable for legal reasons: 451."""
    deleted: bool = False
    people: dict[int, str] = field(default_factory=dict[int, str])
    """Account id -> level."""
    protected: dict[str, Protection] = field(default_factory=dict[str, Protection])
    labels: list[Label] = field(default_factory=list[Label])
    issues: dict[int, Issue] = field(default_factory=dict[int, Issue])
    comments: dict[int, Comment] = field(default_factory=dict[int, Comment])
    suites: dict[int, CheckSuite] = field(default_factory=dict[int, CheckSuite])
    runs: dict[int, CheckRun] = field(default_factory=dict[int, CheckRun])
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    authors: dict[str, Account] = field(default_factory=dict[str, Account])
    """Commit -> who made it through the API."""

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def head(self, branch: str) -> str | None:
        """The tip of a branch."""
        return self.git.sha(f"refs/heads/{branch}")

    def issue(self, number: int | str) -> Issue:
        """Raises a 404."""
        found = self.issues.get(int(number)) if str(number).isdigit() else None
        if found is None:
            raise not_found()
        return found

    def pull(self, number: int | str) -> tuple[Issue, Pull]:
        """Raises a 404, also for an issue."""
        issue = self.issue(number)
        if issue.pull is None:
            raise not_found()
        return issue, issue.pull

    def pulls(self) -> list[tuple[Issue, Pull]]:
        """By number, rising."""
        return [(issue, issue.pull) for issue in self.issues.values() if issue.pull is not None]
