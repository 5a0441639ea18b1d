"""One connection to an allowed host: to an address that was looked at, with the host's own certificate verified."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import certifi
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from workers.network.addresses import NotOutsideError

if TYPE_CHECKING:
    from workers.contract.network import Host
    from workers.network.addresses import Lookup
    from workers.network.deciding import Endpoint

CONNECT_S = 10.0
_TRIES = 3
"""Addresses of one name that are tried."""


def trust(more: str = "") -> ssl.SSLContext:
    """Whose certificates are believed: this machine's authorities and the usual ones; `more` is PEM, for trials.

    To be made while this process may still read where they stand.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if more:
        context.load_verify_locations(cadata=more)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialer:
    """Connects."""

    lookup: Lookup
    trusted: ssl.SSLContext

    async def dial(self, host: Host, at: Endpoint) -> ByteStream:
        """A connection to speak HTTP on.

        Raises:
            NotOutsideError: the name leads to no address of the outside, now.
            OSError: nobody is there in time, or it is somebody else.
        """
        last: OSError = OSError("no address")
        for address in (await self.lookup.addresses(at.name, at.port))[:_TRIES]:
            try:
                return await self._connected(address, host, at)
            except OSError as error:
                last = error
        raise last

    async def _connected(self, address: str, host: Host, at: Endpoint) -> ByteStream:
        with anyio.fail_after(CONNECT_S):
            # An address, never the name: a second look-up could say something else.
            stream = await anyio.connect_tcp(address, at.port)
            try:
                self._same(stream, at)
                if host.scheme == "http":
                    return stream
                return await TLSStream.wrap(
                    stream, hostname=at.name, ssl_context=self.trusted, server_side=False, standard_compatible=False
                )
            except BaseException:
                await anyio.aclose_forcefully(stream)
                raise

    def _same(self, stream: ByteStream, at: Endpoint) -> None:
        """Look once more at where the connection ended up."""
        peer = str(stream.extra(SocketAttribute.remote_address)[0])  # noqa: S610 - an attribute of a stream, no query
        if not self.lookup.allows(peer):
            raise NotOutsideError(f"{at.name} is {peer}, which is not outside")
