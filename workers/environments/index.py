"""Where packages come from: the indexes and folders that this machine's owner configured, and nobody else."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote, urlsplit

from workers.contract.errors import EnvironmentBuildError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PYPI = "https://pypi.org/simple"
COMPANIONS = {
    "pypi.org": ("files.pythonhosted.org",),
    "test.pypi.org": ("test-files.pythonhosted.org",),
    "download.pytorch.org": ("download-r2.pytorch.org",),
}
"""Hosts that well-known indexes keep their files on."""

OPTIONS = ("UV_INDEX_STRATEGY", "UV_EXCLUDE_NEWER", "UV_PRERELEASE")
"""What else decides which version is taken."""
TRANSPORT = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "UV_HTTP_TIMEOUT")

_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
_NAMED = re.compile(r"([A-Za-z0-9_.-]+)=(.+)")
_SCHEMES = ("http", "https", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One index, or one page or folder of files."""

    url: str
    """`http`, `https` or `file`, without credentials and without a slash at its end."""
    kind: Literal["extra", "default", "links"]
    """`links` lists files of any name (`--find-links`); the `default` index is asked after the extra ones."""
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    """User and password, sent to this very scheme, host and port only."""
    hosts: frozenset[str] = frozenset()
    """Where its pages and files may lie, its own host included."""

    @property
    def folder(self) -> Path | None:
        """The directory of this machine that it is; None when it is asked over a network."""
        split = urlsplit(self.url)
        return Path(unquote(split.path)) if split.scheme == "file" else None

    @property
    def origin(self) -> tuple[str, str]:
        """Scheme, and host with port."""
        return _origin(self.url)

    def may_have(self, url: str) -> bool:
        """Whether a page or file of this source may lie at `url`. A source on this machine stays in its folder's tree."""
        split = urlsplit(url)
        if split.scheme not in ("http", "https"):
            return False
        return _origin(url) == self.origin or (split.scheme == "https" and split.hostname in self.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """All places packages come from, in the order in which they are asked."""

    sources: tuple[Source, ...]
    options: tuple[tuple[str, str], ...] = ()
    """Variables for the resolver."""
    transport: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Variables that say how to get there: proxies, certificates, patience."""

    @property
    def digest(self) -> str:
        """Of what decides which files an installation gets; credentials and proxies are no part of it."""
        told = [[(source.url, source.kind) for source in self.sources], self.options]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def configured(environ: Mapping[str, str], hosts: tuple[str, ...] = ()) -> Indexes:
    """What the variables say, pip's and uv's own, uv's first; without any it is the Python Package Index.

    `hosts` are further hosts that pages and files may lie on.

    Raises:
        EnvironmentBuildError: an address is none.
    """
    found = [*_indexes(environ, hosts), *_links(environ, hosts)]
    if _is_on(environ, "UV_OFFLINE"):
        found = [source for source in found if source.folder is not None]
    return Indexes(
        sources=tuple(found),
        options=tuple((name, environ[name]) for name in OPTIONS if environ.get(name)),
        transport=tuple(
            (name, value) for name, value in sorted(environ.items()) if name.upper() in TRANSPORT and value
        ),
    )


def _indexes(environ: Mapping[str, str], hosts: tuple[str, ...]) -> Iterator[Source]:
    if _is_on(environ, "UV_NO_INDEX"):
        return
    for text in (
        _first(environ, "UV_INDEX", "PIP_EXTRA_INDEX_URL").split() + environ.get("UV_EXTRA_INDEX_URL", "").split()
    ):
        yield _source(text, "extra", environ, hosts)
    yield _source(
        _first(environ, "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL") or PYPI, "default", environ, hosts
    )


def _links(environ: Mapping[str, str], hosts: tuple[str, ...]) -> Iterator[Source]:
    # uv parts them by commas, pip by blanks.
    texts = (
        environ.get("UV_FIND_LINKS", "").split(",")
        if environ.get("UV_FIND_LINKS")
        else environ.get("PIP_FIND_LINKS", "").split()
    )
    for text in filter(None, texts):
        yield _source(text, "links", environ, hosts)


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() in _TRUE


def _source(
    text: str, kind: Literal["extra", "default", "links"], environ: Mapping[str, str], hosts: tuple[str, ...]
) -> Source:
    named = None if urlsplit(text).scheme in _SCHEMES else _NAMED.fullmatch(text)
    address = named.group(2) if named else text
    if address.startswith("/"):
        return Source(url=f"file://{quote(address.rstrip('/'))}", kind=kind)
    split = urlsplit(address)
    if split.scheme not in _SCHEMES or (split.scheme != "file" and not split.hostname):
        raise EnvironmentBuildError(
            f"A package index is configured as {split._replace(netloc='').geturl()!r}; name an address."
        )
    bare = split._replace(netloc=split.netloc.rpartition("@")[2], query="", fragment="")
    host = split.hostname or ""
    return Source(
        url=bare.geturl().rstrip("/"),
        kind=kind,
        credentials=_credentials(split.username, split.password, named.group(1) if named else "", environ),
        hosts=frozenset((*COMPANIONS.get(host, ()), *hosts)),
    )


def _credentials(
    user: str | None, password: str | None, name: str, environ: Mapping[str, str]
) -> tuple[str, str] | None:
    variable = "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    user = environ.get(f"{variable}_USERNAME") if name and not user else unquote(user or "")
    password = environ.get(f"{variable}_PASSWORD") if name and not password else unquote(password or "")
    return (user or "", password or "") if user or password else None


def _origin(url: str) -> tuple[str, str]:
    split = urlsplit(url)
    port = split.port or {"http": 80, "https": 443}.get(split.scheme, 0)
    return split.scheme, f"{split.hostname}:{port}"
