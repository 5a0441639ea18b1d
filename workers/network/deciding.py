"""May this request go out? Decided from its words and the owner's alone, before any name is looked up. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workers.contract.network import PORTS, outside_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.network import Host

Headers = tuple[tuple[bytes, bytes], ...]
"""Names in lower case, in the order in which they came."""

DOOR = "a model API is reached through the model door, and this installation has none"
_AUTHORITY = re.compile(r"([A-Za-z0-9._-]{1,253}):([0-9]{1,5})")
_TARGET = re.compile(r"[\x21-\x7e]{1,8192}")
_UNCLEAR = re.compile(r"%(?:2[ef]|5c|00)|\\|//|;|/\.{1,2}(?:/|$)", re.IGNORECASE)
"""What two servers read as two paths."""
_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "http2-settings"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that does not go out."""

    status: int
    why: str
    host: str = ""
    """As it was asked for; empty where that could not be read."""
    port: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port as a request names them."""

    name: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came out of the box, its body read."""

    method: str
    scheme: str
    at: Endpoint
    target: str
    """Path and query."""
    headers: Headers
    body: bytes = b""

    @property
    def url(self) -> str:
        """With its port, which makes it one way to write it."""
        return f"{self.scheme}://{self.at.name}:{self.at.port}{self.target}"


def endpoint(authority: str) -> Endpoint | Refused:
    """What `CONNECT` names: a name and a port."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return Refused(status=400, why="not a host and a port", host=_shown(authority))
    return Endpoint(found[1].lower().removesuffix("."), int(found[2]))


def allowed_host(at: Endpoint, hosts: Sequence[Host], scheme: str) -> Host | Refused:
    """The host that the owner allowed."""
    if not outside_name(at.name):
        return Refused(status=403, why="not the name of a host of the outside", host=_shown(at.name), port=at.port)
    host = next((each for each in hosts if each.scheme == scheme and each.holds(at.name, at.port)), None)
    if host is None:
        return Refused(status=403, why="the owner did not allow this host", host=at.name, port=at.port)
    if host.door:
        return Refused(status=501, why=DOOR, host=at.name, port=at.port)
    return host


def plain_request(method: str, target: str, headers: Headers) -> Asked | Refused:
    """A request to the proxy itself, which has to name the whole address: `GET http://host/path`."""
    parts = urlsplit(target) if _TARGET.fullmatch(target) else None
    if parts is None or parts.scheme.lower() != "http" or "@" in parts.netloc or parts.fragment:
        return Refused(status=400, why="not an address that a proxy is asked for")
    at = endpoint(parts.netloc if ":" in parts.netloc else f"{parts.netloc}:{PORTS['http']}")
    if isinstance(at, Refused):
        return at
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _same_host(Asked(method=method, scheme="http", at=at, target=path, headers=headers))


def tunnelled_request(method: str, target: str, headers: Headers, at: Endpoint) -> Asked | Refused:
    """A request inside a tunnel to `at`: to that host and no other."""
    if not target.startswith("/") or not _TARGET.fullmatch(target) or "#" in target:
        return Refused(status=400, why="not a path", host=at.name, port=at.port)
    return _same_host(Asked(method=method, scheme="https", at=at, target=target, headers=headers))


def _same_host(asked: Asked) -> Asked | Refused:
    """One host in all that a request says, one length, and no wish to speak another protocol."""
    named = [value.decode("latin-1").lower() for name, value in asked.headers if name == b"host"]
    default = asked.at.port == PORTS[asked.scheme]
    mine = {f"{asked.at.name}:{asked.at.port}", *((asked.at.name,) if default else ())}
    names = {name for name, _ in asked.headers}
    why = ""
    if len(named) > 1 or any(name not in mine for name in named):
        why = "the Host header names another host"
    elif {b"transfer-encoding", b"content-length"} <= names:
        why = "two lengths"
    elif b"upgrade" in names:
        why = "no other protocol is spoken here"
    return Refused(status=400, why=why, host=asked.at.name, port=asked.at.port) if why else asked


def within(asked: Asked, host: Host) -> Refused | None:
    """Why a request to an allowed host may not go out; None when it may."""
    path = asked.target.partition("?")[0]
    why = ""
    if asked.method not in host.methods:
        why = f"the owner did not allow {_shown(asked.method)} for this host"
    elif host.paths and (_UNCLEAR.search(path) or not any(_matches(path, pattern) for pattern in host.paths)):
        why = "the owner did not allow this path"
    return Refused(status=403, why=why, host=asked.at.name, port=asked.at.port) if why else None


def end_to_end(headers: Headers, *more: str) -> Headers:
    """The headers that are for the other end, less those named in `Connection` and in `more`."""
    named = {
        part.strip().lower()
        for name, value in headers
        if name == b"connection"
        for part in value.decode("latin-1").split(",")
    }
    left_out = {name.encode("latin-1") for name in _HOP | named | set(more)}
    return tuple((name, value) for name, value in headers if name not in left_out)


def _matches(path: str, pattern: str) -> bool:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(expression, path) is not None


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:100])
