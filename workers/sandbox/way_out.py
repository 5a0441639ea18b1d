"""A box with a way out: to a proxy outside and nothing else, over a socket that it is shown.

The box keeps its own network with nothing in it but itself. What runs inside finds a proxy at a port of `lo`, told by the
variables that programs look at; the driver carries what comes there through the socket.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from workers.contract.domain import Execution, NetworkAttempt
    from workers.protocols import Answer, Completed, Document, Environment, Question
    from workers.sandbox.bubblewrap import BubblewrapBox

FOLDER = "/opt/mendloop/way-out"
"""Where a box is shown the socket and the certificate; as `guest/forward.py` has it."""
PORT = 3128
_CERTIFICATE = f"{FOLDER}/authority.pem"
_PROXY = f"http://127.0.0.1:{PORT}"
_TRUST = (
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT"),
    *("NODE_EXTRA_CA_CERTS", "HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CARGO_HTTP_CAINFO"),
)
VARIABLES = {
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _PROXY),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1,::1"),
    **dict.fromkeys(_TRUST, _CERTIFICATE),
}
"""By which programs find the proxy and trust it. Its certificate is the only one there: nobody else can be reached."""


class Outlet(Protocol):
    """The way out of one box."""

    @property
    def folder(self) -> Path:
        """With the socket `out` and the certificate `authority.pem`, to be shown inside."""
        ...

    @property
    def refusals(self) -> Sequence[NetworkAttempt]:
        """What did not pass; complete when the outlet is closed."""
        ...


class Network(Protocol):
    """Opens ways out; the proxy of a run does."""

    def box(self, artifact: str) -> AbstractAsyncContextManager[Outlet]:
        """For one box that runs `artifact`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachingBox:
    """A box whose runs may reach the hosts that a network lets them. Questions and commands may not."""

    box: BubblewrapBox
    network: Network

    @property
    def name(self) -> str:
        """Of the box."""
        return self.box.name

    @property
    def environment(self) -> Environment:
        """Of the box."""
        return self.box.environment

    @property
    def digest(self) -> str:
        """Of the box."""
        return self.box.digest

    async def execute(self, document: Document) -> Execution:
        """Run the code cells in order in a fresh box with a way out of its own.

        Raises:
            SandboxUnavailableError: the box could not be started, or its way out ended before it did.
        """
        async with self.network.box(document.path) as outlet:
            run = await self.box.reaching(outlet.folder).execute(document)
        return replace(run, attempts=tuple(outlet.refusals))

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """As the box does."""
        return await self.box.resolve(questions)

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        """As the box does."""
        return await self.box.run(argv, document)
