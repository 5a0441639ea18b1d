"""Everything together under one lock: finding things, who may do what, who is told."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.fake_github.clock import Clock
from tests.fake_github.records import Account, Repo
from tests.fake_github.refusals import Refusal, not_found

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.fake_github.records import App, Install, Token

LEVELS = ("none", "read", "triage", "write", "maintain", "admin")
"""What a person may do in a repository, rising."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something: a person, or an App through an installation."""

    account: Account
    app: App | None = None
    install: Install | None = None
    permissions: dict[str, str] | None = None
    """Of the token; None: a person, whose level in the repository counts."""

    def may(self, permission: str, level: str) -> bool:
        """Whether the token has it; people are judged elsewhere."""
        order = ("none", "read", "write", "admin")
        held = "admin" if self.permissions is None else self.permissions.get(permission, "none")
        return order.index(held) >= order.index(level)


class Dated(Protocol):
    """Has a time of birth."""

    @property
    def created_at(self) -> float: ...


class Herald(Protocol):
    """Tells Apps what happened."""

    def tell(self, event: str, action: str | None, repo: Repo | None, actor: Account, **parts: Any) -> None: ...


class World:
    """Everything, under one lock: who reads or writes holds `lock`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.RLock()
        self.clock = Clock()
        self.url = ""
        """Base of REST, GraphQL, git and pages alike; set once the port is known."""
        self.herald: Herald
        self.accounts: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installs: dict[int, Install] = {}
        self.repos: dict[int, Repo] = {}
        self.moved: dict[str, int] = {}
        """Former full names, lower case."""
        self.tokens: dict[str, Token] = {}
        self.manifests: dict[str, dict[str, Any]] = {}
        """One-time codes of the manifest flow."""
        self.lazy_mergeable = False
        """Whether the first look at a pull request after a change finds `mergeable` unknown, as at GitHub."""
        self.list_lag_s = 0.0
        """How long a new pull request, comment or check run stays out of lists."""
        self._ids = itertools.count(1001)

    def new_id(self) -> int:
        return next(self._ids)

    def now(self) -> float:
        return self.clock.now()

    def account(self, login: str, type_: str = "User", *, app_id: int | None = None) -> Account:
        """The account of that name, made when there is none."""
        key = login.lower()
        if key not in self.accounts:
            self.accounts[key] = Account(id=self.new_id(), login=login, type=type_, app_id=app_id)
        return self.accounts[key]

    def account_of(self, id_: int) -> Account:
        """Raises a 404."""
        for account in self.accounts.values():
            if account.id == id_:
                return account
        raise not_found()

    def repo(self, full_name: str) -> Repo | None:
        """By its present name."""
        for repo in self.repos.values():
            if repo.full_name.lower() == full_name.lower() and not repo.deleted:
                return repo
        return None

    def repo_of(self, id_: int) -> Repo:
        """By id; raises a 404."""
        repo = self.repos.get(id_)
        if repo is None or repo.deleted:
            raise not_found()
        return repo

    def level(self, repo: Repo, account: Account) -> str:
        """What a person may do; the owner and the App's bot by what they are."""
        if account is repo.owner:
            return "admin"
        held = repo.people.get(account.id)
        return held or ("none" if repo.private else "read")

    def allows(self, repo: Repo, account: Account, level: str) -> bool:
        return LEVELS.index(self.level(repo, account)) >= LEVELS.index(level)

    def installs_on(self, repo: Repo) -> list[Install]:
        """Those that see the repository, suspended ones too."""
        return [
            install
            for install in self.installs.values()
            if install.account is repo.owner and (install.all_repositories or repo.id in install.repository_ids)
        ]

    def covered(self, install: Install) -> list[Repo]:
        """The repositories of an installation."""
        return [repo for repo in self.repos.values() if not repo.deleted and install in self.installs_on(repo)]

    def listed(self, things: Iterable[Dated]) -> list[Any]:
        """Those old enough to be in a list (see `list_lag_s`)."""
        return [thing for thing in things if thing.created_at + self.list_lag_s <= self.now() or not self.list_lag_s]


def writable(repo: Repo) -> None:
    """Raises what GitHub answers to a write on an archived repository."""
    if repo.archived:
        raise Refusal(403, "Repository was archived so is read-only.")
