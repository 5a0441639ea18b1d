"""What a test holds in its hands: people, an installation, a pull request, a comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_github import (
    auth,
    lifecycle,
    pulls,
    shapes_talk,
    talk,
)
from tests.fake_github.records import Account
from tests.fake_github.world import Actor

if TYPE_CHECKING:
    from tests.fake_github import records
    from tests.fake_github.records import Account
    from tests.fake_github.repository import Repository
    from tests.fake_github.world import World


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    world: World
    account: Account

    @property
    def login(self) -> str:
        return self.account.login

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def token(self) -> str:
        """For git and the API in this person's name."""
        with self.world.lock:
            return auth.personal(self.world, self.account).value


@dataclass(frozen=True)
class Installation:
    """The App installed on an account."""

    world: World
    state: records.Install

    @property
    def id(self) -> int:
        return self.state.id

    def suspend(self) -> None:
        self._do(lifecycle.suspend)

    def unsuspend(self) -> None:
        self._do(lifecycle.unsuspend)

    def delete(self) -> None:
        self._do(lifecycle.uninstall)

    def accept_permissions(self, **permissions: str) -> None:
        """Grant what the App newly asks, for example `workflows="write"`."""
        with self.world.lock:
            lifecycle.accept(self.world, self.state, permissions, self.state.account)

    def restrict_permissions(self, **permissions: str) -> None:
        """What this installation granted of old, less than the App asks now; nobody is told."""
        with self.world.lock:
            self.state.permissions |= permissions

    def add(self, repository: Repository) -> None:
        with self.world.lock:
            lifecycle.choose(self.world, self.state, repository.state, self.state.account, added=True)

    def remove(self, repository: Repository) -> None:
        with self.world.lock:
            lifecycle.choose(self.world, self.state, repository.state, self.state.account, added=False)

    def token(self, repositories: list[Repository] | None = None, **permissions: str) -> str:
        """A token without the call that mints it."""
        wanted: dict[str, Any] = {"permissions": permissions} if permissions else {}
        wanted |= {} if repositories is None else {"repository_ids": [repository.id for repository in repositories]}
        with self.world.lock:
            return auth.mint(self.world, self.state, wanted).value

    def _do(self, act: Any) -> None:
        with self.world.lock:
            act(self.world, self.state, self.state.account)


@dataclass(frozen=True)
class Said:
    """A comment, and what its author may still do with it."""

    repository: Repository
    state: records.Comment
    by: Person

    @property
    def id(self) -> int:
        return self.state.id

    @property
    def body(self) -> str:
        return self.state.body

    def edit(self, body: str, by: Person | None = None) -> None:
        with self.repository.world.lock:
            talk.edit(self.repository.world, self.repository.state, actor_of(by or self.by), self.state, body)

    def delete(self, by: Person | None = None) -> None:
        with self.repository.world.lock:
            talk.unsay(self.repository.world, self.repository.state, actor_of(by or self.by), self.state)


@dataclass(frozen=True)
class PullRequest:
    """A pull request as people handle it."""

    repository: Repository
    number: int

    @property
    def state(self) -> records.Issue:
        return self.repository.state.issues[self.number]

    def look(self) -> dict[str, Any]:
        """As the API shows it."""
        repo, world = self.repository.state, self.repository.world
        with world.lock:
            return shapes_talk.pull(world, repo, *repo.pull(self.number))

    def merge(self, by: Person | None = None, method: str = "merge") -> str:
        """The new commit on the base."""
        repository = self.repository
        with repository.world.lock:
            actor = repository.actor(by, "write")
            return pulls.merge_pull(repository.world, repository.state, actor, self.state, {"merge_method": method})

    def close(self, by: Person | None = None) -> None:
        self._change(by, state="closed")

    def reopen(self, by: Person | None = None) -> None:
        self._change(by, state="open")

    def edit(self, by: Person | None = None, **fields: Any) -> None:
        """title, body, base."""
        self._change(by, **fields)

    def ready(self, by: Person | None = None) -> None:
        self._draft(by, draft=False)

    def to_draft(self, by: Person | None = None) -> None:
        self._draft(by, draft=True)

    def label(self, *names: str, by: Person | None = None) -> None:
        repository = self.repository
        with repository.world.lock:
            given = [label.name for label in self.state.labels] + list(names)
            talk.put_labels(repository.world, repository.state, repository.actor(by), self.state, given)

    def lock(self, reason: str = "") -> None:
        with self.repository.world.lock:
            self.state.locked = reason

    def unlock(self) -> None:
        with self.repository.world.lock:
            self.state.locked = None

    def _change(self, by: Person | None, **fields: Any) -> None:
        repository = self.repository
        with repository.world.lock:
            pulls.change(repository.world, repository.state, repository.actor(by), self.state, fields)

    def _draft(self, by: Person | None, *, draft: bool) -> None:
        repository = self.repository
        with repository.world.lock:
            pulls.set_draft(repository.world, repository.state, repository.actor(by), self.state, draft=draft)


def actor_of(by: Person) -> Actor:
    """The person, acting."""
    return Actor(account=by.account)
