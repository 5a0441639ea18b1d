"""Asking the configured indexes, from outside every box: the one place that holds their credentials.

An address is asked only if its source may have it, wherever a page or a redirect leads. Everything is bounded and counted.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from workers.environments.errors import IndexRefused, IndexUnreachable, TooBig
from workers.environments.listing import ACCEPT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from workers.environments.index import Indexes, Source

PAGE_BYTES = 128 * 1024 * 1024
_CHUNK_BYTES = 1 << 18
_REDIRECTS = 5
_TRIES = 3
_PAUSE_S = 0.5
_CONNECTIONS = 16
_TIMEOUT_S = 30.0
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PARTIAL = 206
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """A page or a part of a file."""

    url: str
    """Where it was found, after redirects."""
    content_type: str
    content: bytes
    partial: bool = False
    """True when it is the part that was asked for; False when it is everything."""
    total: int = 0
    """Size of the whole, where it is a part."""


@dataclass(slots=True)
class Upstream:
    """Asks indexes, counting what it reads."""

    client: httpx.AsyncClient
    max_bytes: int
    """Of everything that is read."""
    file_timeout_s: float = 1800.0
    """For one file or page, however slowly it keeps coming."""
    read_bytes: int = 0
    asked: list[str] = field(default_factory=list[str])
    """Every address that was asked, in order, for the log; none holds credentials."""

    async def get(self, source: Source, url: str, *, part: str = "", most: int = PAGE_BYTES) -> Answer | None:
        """What lies at `url`; None when nothing does. `part` is a `Range` such as `bytes=-1000`.

        Raises:
            IndexUnreachable: it does not answer.
            IndexRefused: it, or where it leads, is not allowed.
            TooBig: it is more than `most` bytes, or all together are more than they may.
        """
        headers = {"Accept": ACCEPT, "Accept-Encoding": "identity" if part else "gzip"}
        if part:
            headers["Range"] = part
        async with self._response(source, url, headers) as response:
            if response is None:
                return None
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                self._count(len(chunk))
                if len(content) > most:
                    raise TooBig(f"{urlsplit(url).path!r} of a package index is larger than {most} bytes.")
            return Answer(
                str(response.url),
                response.headers.get("content-type", ""),
                bytes(content),
                partial=response.status_code == _PARTIAL,
                total=_total(response.headers.get("content-range", "")),
            )

    async def stream(self, source: Source, url: str) -> AsyncIterator[bytes]:
        """The bytes of a file, of this machine or of an index.

        Raises:
            IndexUnreachable: as `get`, or it is not there.
        """
        if source.folder is not None:
            async for chunk in _local(path_of(source, url)):
                yield chunk
            return
        async with self._response(source, url, {"Accept-Encoding": "identity"}) as response:
            if response is None:
                raise IndexUnreachable(f"A package index lists {_shown(url)} and does not have it.")
            async for chunk in response.aiter_raw(_CHUNK_BYTES):
                self._count(len(chunk))
                yield chunk

    @asynccontextmanager
    async def _response(
        self, source: Source, url: str, headers: Mapping[str, str]
    ) -> AsyncGenerator[httpx.Response | None]:
        """Redirects followed by us. None: it is not there."""
        for _ in range(_REDIRECTS):
            self._refuse(source, url)
            response = await self._tried(source, url, headers)
            try:
                if not response.has_redirect_location:
                    async with asyncio.timeout(self.file_timeout_s):
                        yield _judged(response, url)
                    return
                url = urljoin(url, response.headers["location"])
            except (httpx.HTTPError, TimeoutError) as error:
                raise IndexUnreachable(f"A package index broke off: {_shown(url)}: {error!r}") from error
            finally:
                await response.aclose()
        raise IndexRefused(f"A package index leads in circles: {_shown(url)}")

    async def _tried(self, source: Source, url: str, headers: Mapping[str, str]) -> httpx.Response:
        auth = httpx.BasicAuth(*source.credentials) if source.credentials and _same(source, url) else None
        why: object = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_PAUSE_S * attempt)
            self.asked.append(url)
            try:
                request = self.client.build_request("GET", url, headers=headers)
                response = await self.client.send(request, auth=auth, stream=True)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                why = repr(error)
                continue
            if response.status_code not in _AGAIN:
                return response
            why = response.status_code
            await response.aclose()
        raise IndexUnreachable(f"A package index does not answer: {_shown(url)}: {why}")

    def _refuse(self, source: Source, url: str) -> None:
        if not source.may_have(url):
            host = urlsplit(url).hostname or urlsplit(url).scheme
            raise IndexRefused(f"The package index {_shown(source.url)} leads to {host!r}, which is not allowed.")

    def _count(self, size: int) -> None:
        self.read_bytes += size
        if self.read_bytes > self.max_bytes:
            raise TooBig(f"More than {self.max_bytes} bytes would have to be downloaded.")


@asynccontextmanager
async def upstream(indexes: Indexes, max_bytes: int) -> AsyncGenerator[Upstream]:
    """Something to ask the indexes with, until the block ends."""
    environ = {name.upper(): value for name, value in indexes.transport}
    needed = any(source.folder is None for source in indexes.sources)
    client = httpx.AsyncClient(
        # What this process has in its environment or its home is nothing to an index.
        trust_env=False,
        follow_redirects=False,
        verify=await asyncio.to_thread(_trust, environ) if needed else False,
        mounts=_proxies(environ),
        timeout=float(environ.get("UV_HTTP_TIMEOUT") or _TIMEOUT_S),
        limits=httpx.Limits(max_connections=_CONNECTIONS),
        headers={"User-Agent": "mendloop"},
    )
    async with client:
        yield Upstream(client, max_bytes)


def path_of(source: Source, url: str) -> Path:
    """The file of this machine that a local source lists.

    Raises:
        IndexRefused: it lists something else.
    """
    split = urlsplit(url)
    if source.folder is None or split.scheme != "file" or split.netloc not in ("", "localhost"):
        raise IndexRefused(f"The package index {_shown(source.url)} leads to {_shown(url)}, which is not allowed.")
    return Path(unquote(split.path))


async def _local(path: Path) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise IndexUnreachable(
            f"The file {path.name!r} of a package index cannot be read: {error.strerror}."
        ) from error
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk


def _judged(response: httpx.Response, url: str) -> httpx.Response | None:
    if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        return None
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise IndexRefused(f"A package index wants other credentials: {_shown(url)}: {response.status_code}")
    if not response.is_success:
        raise IndexUnreachable(f"A package index answers {response.status_code}: {_shown(url)}")
    return response


def _same(source: Source, url: str) -> bool:
    split, own = urlsplit(url), urlsplit(source.url)
    return (split.scheme, split.netloc) == (own.scheme, own.netloc)


def _trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    """What this machine trusts, a company's own authority included, where it says so; else httpx's own list."""
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        return ssl.create_default_context(cafile=file, capath=None if file else folder)
    return ssl.create_default_context(cafile=str(_BUNDLE)) if _BUNDLE.exists() else httpx.create_ssl_context()


def _proxies(environ: Mapping[str, str]) -> dict[str, httpx.AsyncHTTPTransport | None]:
    mounts: dict[str, httpx.AsyncHTTPTransport | None] = {}
    for scheme in ("http", "https"):
        if proxy := environ.get(f"{scheme.upper()}_PROXY") or environ.get("ALL_PROXY"):
            mounts[f"{scheme}://"] = httpx.AsyncHTTPTransport(proxy=httpx.Proxy(proxy))
    for host in filter(None, (part.strip() for part in environ.get("NO_PROXY", "").split(","))):
        mounts["all://*" if host == "*" else f"all://*{host}" if host.startswith(".") else f"all://{host}"] = None
    return mounts


def _total(content_range: str) -> int:
    size = content_range.rpartition("/")[2]
    return int(size) if size.isdigit() else 0


def _shown(url: str) -> str:
    """Host and path: neither credentials nor a query, which may hold a signature."""
    split = urlsplit(url)
    return repr(f"{split.scheme}://{split.hostname or ''}{split.path}"[:300])
