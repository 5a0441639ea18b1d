"""The fake as a test starts it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fake_github import lifecycle, pages
from tests.fake_github.api import Api
from tests.fake_github.audit import Audit
from tests.fake_github.faults import Faults
from tests.fake_github.people import Installation, Person
from tests.fake_github.repository import Repository
from tests.fake_github.server import Door, Server
from tests.fake_github.webhooks import Webhooks
from tests.fake_github.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.fake_github.clock import Clock
    from tests.fake_github.description import Violation
    from tests.fake_github.limits import Limits
    from tests.fake_github.records import App


class ViolationsError(AssertionError):
    """The fake answered what GitHub would not have; the test proved nothing."""


@dataclass
class Hub:
    """A GitHub of one's own. Everything may be called from any thread; nothing blocks for longer than git takes."""

    world: World
    api: Api
    audit: Audit
    faults: Faults
    webhooks: Webhooks
    app: App

    @classmethod
    @asynccontextmanager
    async def serve(
        cls,
        webhook_url: str | None = None,
        secret: str = "it is a secret to everybody",
        **options: Any,
    ) -> AsyncGenerator[Hub, None]:
        """See `run`; for tests with a loop."""
        started = cls.run(webhook_url, secret, **options)
        hub = await asyncio.to_thread(started.__enter__)
        try:
            yield hub
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)

    @classmethod
    @contextmanager
    def run(
        cls,
        webhook_url: str | None = None,
        secret: str = "it is a secret to everybody",
        *,
        name: str = "Mendloop",
        permissions: dict[str, str] | None = None,
        events: list[str] | None = None,
        port: int = 0,
    ) -> Generator[Hub, None, None]:
        """Serve until the block ends.

        Args:
            webhook_url: where the App listens; may be set later (`hub.listen`).
            secret: of its webhooks.
            name: of the App.
            permissions: what it asks for.
            events: what it subscribes to.
            port: 0 takes a free one.

        Raises:
            ViolationsError: at the end, if an answer broke GitHub's description.
        """
        root = Path(tempfile.mkdtemp(prefix="fake-github-"))
        hub = cls._wired(root, webhook_url, secret, name, permissions, events)
        server = Server(Door(hub.world, hub.api, hub.faults, hub.audit, pages.pages(hub)), port)
        hub.world.url = f"http://127.0.0.1:{server.port}"
        server.start()
        hub.webhooks.start()
        try:
            yield hub
        finally:
            hub.webhooks.stop()
            server.stop()
            shutil.rmtree(root, ignore_errors=True)
        if hub.violations:
            raise ViolationsError("\n".join(map(str, hub.violations)))

    @classmethod
    def _wired(
        cls,
        root: Path,
        webhook_url: str | None,
        secret: str,
        name: str,
        permissions: dict[str, str] | None,
        events: list[str] | None,
    ) -> Hub:
        world = World(root)
        webhooks = Webhooks(world)
        world.herald = webhooks
        manifest: dict[str, Any] = {"webhook_secret": secret, "hook_attributes": {"url": webhook_url}}
        manifest |= {} if permissions is None else {"default_permissions": permissions}
        manifest |= {} if events is None else {"default_events": events}
        app = lifecycle.create_app(world, name, manifest)
        return cls(world, Api(world, webhooks), Audit(), Faults(), webhooks, app)

    # Addresses

    @property
    def url(self) -> str:
        return self.world.url

    @property
    def api_url(self) -> str:
        """REST; GraphQL is `/graphql` below it. `url + "/api/v3"` works too, with GraphQL at `/api/graphql`."""
        return self.world.url

    @property
    def git_url(self) -> str:
        """Clone `<git_url>/<owner>/<name>.git`."""
        return self.world.url

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def limits(self) -> Limits:
        return self.api.limits

    @property
    def violations(self) -> list[Violation]:
        """Answers of this fake that GitHub would not have given; a test with any has failed."""
        return self.api.violations

    @property
    def unknown(self) -> list[str]:
        """Calls for which there is no operation."""
        return self.api.unknown

    # What there is

    def install(
        self,
        login: str,
        *,
        type_: str = "Organization",
        everywhere: bool = False,
        repositories: list[Repository] | None = None,
    ) -> Installation:
        """The App on an account; on chosen repositories unless `everywhere`."""
        with self.world.lock:
            account = self.world.account(login, type_)
            chosen = [repository.state for repository in repositories or []]
            state = lifecycle.install(self.world, self.app, account, everywhere=everywhere, repos=chosen)
            return Installation(self.world, state)

    def user(self, login: str) -> Person:
        with self.world.lock:
            return Person(self.world, self.world.account(login))

    def bot(self, login: str) -> Person:
        """Somebody else's bot, `dependabot[bot]` say."""
        with self.world.lock:
            return Person(self.world, self.world.account(login, "Bot", app_id=0))

    def repository(
        self,
        full_name: str,
        files: dict[str, bytes] | None = None,
        installation: Installation | None = None,
        *,
        private: bool = True,
        default_branch: str = "main",
    ) -> Repository:
        """With one commit of the files, if any; its installation is told that there is one more.

        Private unless asked otherwise: what a token may not see is then refused, not shown as public.
        """
        login, _, name = full_name.partition("/")
        with self.world.lock:
            owner = self.world.accounts.get(login.lower()) or self.world.account(login, "Organization")
            made = lifecycle.create_repository(self.world, owner, name, default_branch, private=private)
            repository = Repository(self.world, made)
            if files:
                repository.push(default_branch, dict(files), message="Begin")
            if installation is not None and not installation.state.all_repositories:
                installation.add(repository)
            return repository

    def permit(self, repository: Repository, person: Person, level: str) -> None:
        repository.permit(person, level)

    def listen(self, webhook_url: str, *, ping: bool = False) -> None:
        """From now on webhooks go there."""
        with self.world.lock:
            self.app.webhook_url = webhook_url
            if ping:
                self.webhooks.ping(self.app)

    def manifest(self, manifest: dict[str, Any]) -> str:
        """Somebody pressed "Create GitHub App": the code to convert."""
        with self.world.lock:
            code = f"code{self.world.new_id()}"
            self.world.manifests[code] = manifest
            return code
