"""One HTTP client for the whole process: githubkit's, without its retries, its cache and its sleeping.

githubkit repeats a POST after a 5xx and sleeps through a rate limit inside the coroutine; both are decided elsewhere here.
"""

from __future__ import annotations

import asyncio
import json as json_
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from githubkit.auth import UnauthAuthStrategy
from githubkit.core import GitHubCore
from githubkit.exception import GitHubException

from bot.answers import Answer, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from githubkit.response import Response

TIMEOUT_S = 20.0
"""For one call, from the first byte out to the last byte in."""
ANSWER_BYTES = 64 * 2**20
API_VERSION = "2022-11-28"
ACCEPT = "application/vnd.github+json"


class _Core(GitHubCore[UnauthAuthStrategy]):
    """githubkit with one client, whichever task asks; and with every answer handed over as it is."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__(base_url=client.base_url, http_cache=False, auto_retry=False)
        self._client = client

    @asynccontextmanager
    async def get_async_client(self) -> AsyncGenerator[httpx.AsyncClient, None]:
        # githubkit keeps its client in a context variable, which tasks started earlier do not see.
        yield self._client

    def _check_is_error(self, response: httpx.Response) -> bool:  # noqa: ARG002 - whatever it is
        return False

    def _check_rate_limit(self, response: Response[Any]) -> None:
        """Limits are read from the answer by us: githubkit's reading raises on a header that is no number."""


class Transport:
    """Sends a call and gives the whole answer back, whatever its status."""

    def __init__(self, client: httpx.AsyncClient, api_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self.api_url = api_url.rstrip("/")
        self._core = _Core(client)
        self._timeout_s = timeout_s

    @property
    def graphql_url(self) -> str:
        """Enterprise Server has it beside the REST API, not below."""
        base = self.api_url.removesuffix("/v3") if self.api_url.endswith("/api/v3") else self.api_url
        return f"{base}/graphql"

    async def send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        url: str,
        *,
        authorization: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
    ) -> Answer:
        """Send once. `url` is absolute or starts with `/` below the API's.

        Raises:
            Unavailable: no whole answer came; whether the call was applied is unknown.
        """
        url = f"{self.api_url}{url}" if url.startswith("/") else url
        wanted = {"Accept": ACCEPT, "X-GitHub-Api-Version": API_VERSION, "Authorization": authorization}
        if json is not None:
            wanted["Content-Type"] = "application/json"
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._core.arequest(  # pyright: ignore[reportUnknownMemberType] - its `data: dict`
                    method, url, params=params, content=_body(json), headers=wanted | dict(headers or {}), stream=True
                )
                return await _whole(response.raw_response)
        except (GitHubException, httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            failed = type(error).__name__
        # Raised here, not there: the error's chain would hold the request, and the request its token.
        raise Unavailable(f"{method} {urlsplit(url).path}: {failed}")

    def ours(self, url: str) -> bool:
        """Whether `url` is of the API's own host."""
        there, here = urlsplit(url), urlsplit(self.api_url)
        return (there.scheme, there.netloc) == (here.scheme, here.netloc)


def _body(value: Any) -> bytes | None:
    """JSON in UTF-8. Half of a surrogate pair, which a notebook may hold, has no place there and becomes a `?`."""
    return None if value is None else json_.dumps(value, ensure_ascii=False).encode(errors="replace")


async def _whole(response: httpx.Response) -> Answer:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > ANSWER_BYTES:
                raise Unavailable(f"GitHub's answer is larger than {ANSWER_BYTES} bytes")
    finally:
        await response.aclose()
    return Answer(status=response.status_code, headers=response.headers, body=bytes(body))


@asynccontextmanager
async def transport(api_url: str, *, timeout_s: float = TIMEOUT_S) -> AsyncGenerator[Transport]:
    """A transport with a connection pool and one TLS context, until the block ends."""
    client = httpx.AsyncClient(
        base_url=api_url,
        verify=ssl.create_default_context(),
        timeout=timeout_s,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
        headers={"User-Agent": "mendloop"},
    )
    async with client:
        yield Transport(client, api_url, timeout_s=timeout_s)
