"""Which addresses are of the outside, and what a name leads to at the moment it is dialled. Never a name twice."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            # https://www.iana.org/assignments/iana-ipv4-special-registry
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            # https://www.iana.org/assignments/iana-ipv6-special-registry. The first four hold an IPv4 address in them.
            *("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23", "100::/64"),
            *("2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
        ),
    )
)
"""Addresses of this machine, of networks nobody outside reaches, of clouds' metadata, of many, of nobody, and those that
wrap another address. Whatever else the standard library calls not global is inside too."""

_OUTSIDE_6 = ipaddress.ip_network("2000::/3")
RESOLVE_S = 5.0


class Resolver(Protocol):
    """Asks for the addresses of a name."""

    async def __call__(self, name: str, port: int) -> Sequence[str]:
        """Addresses as text, the best first.

        Raises:
            OSError: there is no such name, or nobody answers.
        """
        ...


class NotOutsideError(Exception):
    """A name leads to no address of the outside; the message says to which it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Names to addresses of the outside."""

    resolver: Resolver
    loopback: bool = False
    """For trials of this very program against servers on this machine. No configuration can ask for it."""

    async def addresses(self, name: str, port: int) -> tuple[str, ...]:
        """The addresses to connect to, and to nothing else: whoever dials asks no second time.

        Raises:
            NotOutsideError: there is none of the outside among them.
            OSError: there is no such name, or nobody answers in time.
        """
        async with asyncio.timeout(RESOLVE_S):
            found = await self.resolver(name, port)
        outside = tuple(text for text in found if self.allows(text))
        if not outside:
            raise NotOutsideError(f"{name} leads to {', '.join(found[:3]) or 'no address'}, which is not outside")
        return outside

    def allows(self, text: str) -> bool:
        """Whether an address may be dialled."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return is_outside(address) or (self.loopback and address.is_loopback)


def is_outside(address: Address) -> bool:
    """Whether an address is one that everybody on the internet reaches as the same."""
    if any(address in network for network in INSIDE if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and (address not in _OUTSIDE_6 or address.scope_id is not None):
        return False
    return address.is_global and not address.is_multicast


async def system_resolver(name: str, port: int) -> Sequence[str]:
    """As this machine resolves names."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))
