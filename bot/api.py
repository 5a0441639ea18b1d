"""One repository over GitHub's API, with the rights of one purpose.

Reads are repeated a few times; a write is never repeated unless GitHub said that it was not applied.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from bot import answers, paging
from bot.answers import AccessEnded, Limited, NotFound, Unavailable
from bot.pacing import again

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.answers import Answer
    from bot.app_auth import Key, Token
    from bot.calls import Calls

VERIFIED_S = 5.0
"""How long a repository is taken to be the one under its name."""
HOPS = 3
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?=/|\?|#|$)", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 307, 308})


class _Named(BaseModel):
    id: int
    full_name: str


class Api:
    """One repository with the rights of one purpose. Paths are relative to the repository: `/pulls`, or nothing."""

    def __init__(
        self, calls: Calls, key: Key, full_name: str, held: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self.repository_id = key.repository_id
        self.installation_id = key.installation_id
        self.full_name = full_name
        """As GitHub says now; seen to be of `repository_id`."""
        self._calls = calls
        self._key = key
        self._held = held

    async def get(self, path: str, /, **params: Any) -> Any:
        """Parsed JSON."""
        return answers.parsed(await self._read(path, params))

    async def pages(self, path: str, /, **params: Any) -> list[Any]:
        """The items of all pages, each once; at most `paging.PAGES` pages."""
        return await paging.collect(self._calls.transport.ours, self._read, path, params)

    async def post(self, path: str, /, json: Any = None) -> Any:
        """Create."""
        return await self._write("POST", path, json)

    async def patch(self, path: str, /, json: Any = None) -> Any:
        """Change."""
        return await self._write("PATCH", path, json)

    async def put(self, path: str, /, json: Any = None) -> Any:
        """Set."""
        return await self._write("PUT", path, json)

    async def delete(self, path: str, /, json: Any = None) -> Any:
        """Remove."""
        return await self._write("DELETE", path, json)

    async def graphql(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a query or mutation; an error in the answer is raised as one."""
        url, body = self._calls.transport.graphql_url, {"query": query, "variables": variables}
        if query.lstrip().startswith("mutation"):
            await self._turn(content=True)
            answer = await self._send("POST", url, json=body)
        else:
            answer = await again(self._calls.clock, lambda: self._send("POST", url, json=body))
        try:
            return answers.check_graphql(answers.parsed(answer), now=self._calls.clock.now())
        except Limited as limit:
            raise self._calls.pacer.limited(self.installation_id, limit) from None

    async def verify(self) -> None:
        """See that the repository under our name is still ours by number; learn its new name where it was renamed.

        Raises:
            AccessEnded: it is not, or cannot be seen any more.
        """
        names, key = self._calls.names, (self.installation_id, self.repository_id)
        name, seen = names.get(key, ("", 0.0))
        if not name or not 0 <= self._calls.clock.now() - seen < VERIFIED_S:
            name = await self._name() or await self._name_by_number()
            names[key] = (name, self._calls.clock.now())
        self.full_name = name

    async def _name(self) -> str | None:
        """The name of the repository under the name we know; None where it is another one, or none."""
        try:
            about = answers.shaped(_Named, answers.parsed(await self._about()))
        except NotFound:
            return None
        return about.full_name if about.id == self.repository_id and _NAME.fullmatch(about.full_name) else None

    async def _name_by_number(self) -> str:
        """A new token is made by number and tells the name. Where there is none, access has ended."""
        self._calls.tokens.evict(self._key, await self._calls.token(self._key))
        self.full_name = (await self._calls.token(self._key)).full_name
        name = await self._name()
        if name is None:
            raise AccessEnded(f"repository {self.repository_id} cannot be seen any more")
        return name

    async def _about(self) -> Answer:
        """The repository, through a rename."""
        answer = await again(self._calls.clock, lambda: self._conditional(f"/repos/{self.full_name}", {}))
        for _ in range(HOPS):
            if answer.status not in _REDIRECTS:
                return answer
            there = answer.headers.get("location", "")
            if not self._calls.transport.ours(there):
                raise AccessEnded(f"repository {self.repository_id} moved to another host")
            answer = await self._send("GET", there)
        raise Unavailable("GitHub redirects in a circle")

    async def _read(self, path: str, params: dict[str, Any]) -> Answer:
        async def once() -> Answer:
            return await self._conditional(path if self._calls.transport.ours(path) else self._url(path), params)

        answer = await again(self._calls.clock, once)
        if answer.status in _REDIRECTS:
            await self._renamed()
            answer = await again(self._calls.clock, once)
        return _not_moved(answer)

    async def _write(self, method: str, path: str, json: Any) -> Any:
        content = method != "DELETE" and "/git/" not in path and not (method == "PATCH" and "/check-runs/" in path)
        await self._turn(content=content)
        answer = await self._send(method, self._url(path), json=json)
        if answer.status in _REDIRECTS:
            # GitHub answers a write under an old name with a redirect: nothing was applied.
            await self._renamed()
            answer = await self._send(method, self._url(path), json=json)
        return answers.parsed(_not_moved(answer))

    async def _turn(self, *, content: bool) -> None:
        """Wait until it is time for this write; whoever lost its claim meanwhile learns it here, before the call."""
        await self._calls.pacer.write(self.installation_id, content=content)
        if self._held is not None:
            await self._held()

    def _url(self, path: str) -> str:
        """Below the repository, and not out of it: the HTTP client would follow dots."""
        if (path and not path.startswith("/")) or _DOTS.search(path):
            raise ValueError(f"{path!r} is not a path below a repository")
        return f"/repos/{self.full_name}{path}"

    async def _renamed(self) -> None:
        self._calls.names.pop((self.installation_id, self.repository_id), None)
        await self.verify()

    async def _conditional(self, url: str, params: dict[str, Any]) -> Answer:
        key = (self._key, url, tuple(sorted((name, str(value)) for name, value in params.items())))
        answer = await self._send("GET", url, params=params or None, headers=self._calls.etags.headers(key))
        if answer.status == HTTPStatus.OK:
            answers.parsed(answer)  # garbage is asked for again, and not kept
        return self._calls.etags.answer(key, answer)

    async def _send(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, Any] | None = None,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Once, and once more with a new token where GitHub did not take this one: then nothing was applied."""

        async def with_token() -> tuple[Answer, Token]:
            token = await self._calls.token(self._key)
            send = self._calls.transport.send
            authorization = token.authorization
            return await send(
                method, url, authorization=authorization, params=params, json=json, headers=headers
            ), token

        self._calls.pacer.check(self.installation_id)
        answer, token = await with_token()
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._calls.tokens.evict(self._key, token)
            answer, token = await with_token()
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._calls.tokens.evict(self._key, token)
            raise AccessEnded("GitHub does not take a token that it just made")
        return answer if answer.status in _REDIRECTS else self._calls.judged(self.installation_id, answer)


def _not_moved(answer: Answer) -> Answer:
    if answer.status in _REDIRECTS:
        raise Unavailable("GitHub redirects although the name is right")
    return answer
