"""GitHub's API as the rest of the process sees it: a repository at a time, errors by what can be done about them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bot import answers, paging
from bot.answers import (
    AccessEnded,
    Conflict,
    Forbidden,
    GitHubError,
    Limited,
    NotFound,
    Refused,
    Unavailable,
    Unprocessable,
    shaped,
)
from bot.api import Api
from bot.app_auth import AppAuth, Key, Purpose, Token, Tokens
from bot.calls import Calls
from bot.pacing import Clock, Pace, Pacer, again
from bot.transport import TIMEOUT_S, transport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from bot.answers import Answer
    from bot.app_auth import Keys

__all__ = [
    "AccessEnded",
    "Api",
    "AppApi",
    "Clock",
    "Conflict",
    "Forbidden",
    "GitHub",
    "GitHubError",
    "Limited",
    "NotFound",
    "Pace",
    "Purpose",
    "Refused",
    "Token",
    "Unavailable",
    "Unprocessable",
    "connect",
    "shaped",
]

APP = 0
"""Where limits of the App's own calls are kept; no installation has this number."""


class AppApi:
    """Calls as the App itself. Paths are absolute: `/app/hook/deliveries`."""

    def __init__(self, calls: Calls, auth: AppAuth) -> None:
        self._calls = calls
        self._auth = auth

    async def get(self, path: str, /, **params: Any) -> Any:
        """Parsed JSON."""
        return answers.parsed(await self._read(path, params))

    async def pages(self, path: str, /, **params: Any) -> list[Any]:
        """The items of all pages, each once; at most `paging.PAGES` pages."""
        return await paging.collect(self._calls.transport.ours, self._read, path, params)

    async def page(self, url: str, /, **params: Any) -> tuple[list[Any], str | None]:
        """One page, and the URL of the next."""
        answer = await self._read(url, params)
        value = answers.parsed(answer)
        return answers.objects(value), paging.next_page(answer)

    async def post(self, path: str, /, json: Any = None) -> Any:
        """Create."""
        await self._calls.pacer.write(APP, content=False)
        return answers.parsed(await self._send("POST", path, json=json))

    async def _read(self, path: str, params: dict[str, Any]) -> Answer:
        return await again(self._calls.clock, lambda: self._send("GET", path, params=params or None))

    async def _send(self, method: str, path: str, *, params: dict[str, Any] | None = None, json: Any = None) -> Answer:
        self._calls.pacer.check(APP)
        if not path.startswith("/") and not self._calls.transport.ours(path):
            raise Unavailable("GitHub points to another host")
        return self._calls.judged(APP, await self._auth.send(method, path, params=params, json=json))


class GitHub:
    """One per process, shared by all its tasks."""

    def __init__(self, calls: Calls, auth: AppAuth) -> None:
        self._calls = calls
        self._auth = auth

    @asynccontextmanager
    async def repository(
        self,
        installation_id: int,
        repository_id: int,
        purpose: Purpose,
        held: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncGenerator[Api]:
        """The repository with this number, seen to be there, whatever its name is by now.

        `held` is asked directly before every write, after its pace: it raises where the caller may not write any more.

        Raises:
            AccessEnded: it is not ours to work on any more.
            Forbidden: the permissions of `purpose` were not granted (yet).
            Limited, Unavailable: later.
        """
        self._calls.pacer.check(installation_id)
        key = Key(installation_id=installation_id, repository_id=repository_id, purpose=purpose)
        token = await self._calls.token(key)
        api = Api(self._calls, key, token.full_name, held)
        await api.verify()
        yield api

    async def app(self) -> AppApi:
        """GitHub with the rights of the App itself."""
        return AppApi(self._calls, self._auth)

    async def fetch_token(self, installation_id: int, repository_id: int) -> Token:
        """A new token that can clone one repository and nothing else. Whoever asked for it revokes it."""
        self._calls.pacer.check(installation_id)
        key = Key(installation_id=installation_id, repository_id=repository_id, purpose=Purpose.FETCH)
        return await again(self._calls.clock, lambda: self._calls.tokens.mint(key))

    async def revoke(self, token: Token) -> None:
        """End a token before its time; never raises."""
        await self._calls.tokens.revoke(token)

    def lock(self, *key: object) -> asyncio.Lock:
        """A lock of this process, for two calls that may not cross: the same one for the same key while it is held."""
        return self._calls.locks.setdefault(key, asyncio.Lock())

    def hold(self, installation_id: int, until: float) -> None:
        """No call for the installation before `until`: what another process, or this one before a restart, learned."""
        self._calls.pacer.hold(installation_id, until)

    async def close(self) -> None:
        """Revoke every token that is kept."""
        await self._calls.tokens.revoke_all()


@asynccontextmanager
async def connect(  # noqa: PLR0913 - one setting each
    *,
    api_url: str,
    app_id: int,
    keys: Keys,
    clock: Clock | None = None,
    pace: Pace | None = None,
    timeout_s: float = TIMEOUT_S,
) -> AsyncGenerator[GitHub]:
    """GitHub at `api_url`, until the block ends; then every token is revoked."""
    clock = clock or Clock()
    async with transport(api_url, timeout_s=timeout_s) as client:
        auth = AppAuth(app_id=app_id, keys=keys, transport=client, clock=clock)
        pacer = Pacer(clock=clock, pace=pace or Pace())
        github = GitHub(Calls(transport=client, tokens=Tokens(auth=auth), clock=clock, pacer=pacer), auth)
        try:
            yield github
        finally:
            await github.close()
