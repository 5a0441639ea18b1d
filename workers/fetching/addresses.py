"""Where git may connect to: the configured host, at an address that is not one of the inside."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}")
PORTS = {"https": 443, "http": 80}


class AddressError(Exception):
    """The git host cannot be used; the message says why."""


def clone_url(git_url: str, repository: str) -> str:
    """The address of `repository` (`owner/name`) at the configured git host, built by us from checked parts.

    Raises:
        AddressError: one of the parts is not what it should be. Plain http is for loopback alone.
    """
    parts = urlsplit(git_url)
    host = parts.hostname or ""
    if parts.scheme not in PORTS or not HOST.fullmatch(host) or parts.username or parts.query or parts.fragment:
        raise AddressError(f"{git_url!r} is not the address of a git host like https://github.com")
    if parts.scheme == "http" and not _is_loopback(host):
        raise AddressError(f"{git_url!r} would send tokens unencrypted; use https")
    if not REPOSITORY.fullmatch(repository) or repository.rpartition("/")[2] in {".", ".."}:
        raise AddressError(f"{repository!r} is not a repository's name like owner/name")
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}/{repository}.git"


def pinned(url: str, *, private: bool) -> str:
    """The host of `url` with an address it has now, as curl's `host:port:address`; git connects there and nowhere else.

    A name that leads inside (a private or link-local address) is refused unless the operator said `private`, as for
    a GitHub Enterprise Server of their own. Loopback is for loopback names.

    Raises:
        AddressError: no such host, or it leads inside.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressError(f"the git host {host} cannot be found: {error}") from error
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    allowed = [each for each in addresses if _may_connect(each, host, private=private)]
    if not allowed:
        raise AddressError(f"the git host {host} leads to {addresses[0]}, which is not an address of the outside")
    address = f"[{allowed[0]}]" if allowed[0].version == 6 else str(allowed[0])  # noqa: PLR2004 - of the protocol
    return f"{host}:{port}:{address}"


def _may_connect(address: ipaddress.IPv4Address | ipaddress.IPv6Address, host: str, *, private: bool) -> bool:
    if address.is_loopback:
        return _is_loopback(host)
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return private or address.is_global


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
