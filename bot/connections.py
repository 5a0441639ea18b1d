"""Connections that nobody can hold open or fill: what uvicorn leaves open on time, number and size, closed.

uvicorn waits for ever for a header or a body and puts no bound on headers. Here every connection waiting for its sender has a
deadline, kept by one look around every half second instead of a timer each.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a sender may take."""

    request_s: float = 9.0
    """From a request's first byte to its last. GitHub itself hangs up after ten seconds."""
    idle_s: float = 9.0
    """From the opening of a connection, or from an answer, to the first byte of a request."""
    look_s: float = 0.5
    """How often the clocks are looked at."""
    connections: int = 4000
    """Open at once; one more, and the one that has kept us waiting longest goes."""
    head_bytes: int = 64 * 1024
    """Of the request line and headers, and of trailers; chunks may have as much framing again as they have content."""


@dataclass(slots=True, eq=False)
class Connections:
    """The connections of one server."""

    limits: Limits = field(default_factory=Limits)
    waiting: dict[GuardedProtocol, float] = field(default_factory=dict["GuardedProtocol", float])
    """Connections whose sender has to say something -> the loop's time when it becomes too late. In order of time
    roughly: the first has waited longest."""
    closing: set[GuardedProtocol] = field(default_factory=set["GuardedProtocol"])
    """Closed by us at the last look; who is still there then does not read, and is cut off."""

    def protocol(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> GuardedProtocol:
        """One more connection, called by uvicorn as it would call the protocol's class."""
        return GuardedProtocol(self, config, server_state, app_state, _loop)

    async def watch(self) -> None:
        """Close connections whose time is up, for ever."""
        while True:
            await asyncio.sleep(self.limits.look_s)
            self._look(asyncio.get_running_loop().time())

    def _look(self, now: float) -> None:
        for connection in self.closing:
            connection.transport.abort()
        self.closing = {connection for connection, late in self.waiting.items() if late <= now}
        for connection in self.closing:
            self.waiting.pop(connection)
            connection.transport.close()

    def make_room(self) -> None:
        """Close the connection that has waited longest, if there are too many."""
        if len(self.waiting) > self.limits.connections:
            oldest = next(iter(self.waiting))
            self.waiting.pop(oldest)
            oldest.transport.abort()


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a clock and bounds."""

    def __init__(
        self,
        guard: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        super().__init__(config, server_state, app_state, loop)
        self.guard = guard
        self.reading = False
        """Within a request: its first byte has come, its last has not."""
        self.read_bytes = 0
        """Of the request, framing included, the first piece left out: it is bounded by the loop's buffer."""
        self.content_bytes = 0
        """Of the request's body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A sender has opened it and owes us a request."""
        super().connection_made(transport)
        self._wait(self.guard.limits.idle_s)
        self.guard.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone; nobody waits for it."""
        self.guard.waiting.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a request that is mostly headers, framing or trailers is refused."""
        self.read_bytes += len(data)
        super().data_received(data)
        framing_bytes = self.read_bytes - self.content_bytes
        if self.reading and framing_bytes > self.guard.limits.head_bytes + self.content_bytes:
            self.refuse()

    def refuse(self) -> None:
        """Say so and hang up; the parser is fed nothing more."""
        self.reading = False
        if not self.transport.is_closing():
            self.send_400_response("Request header fields too large.")

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self.reading = True
        self.read_bytes = self.content_bytes = 0
        if self in self.guard.waiting:
            self._wait(self.guard.limits.request_s)

    def on_headers_complete(self) -> None:
        """The application starts. Trailers go to a list that nobody reads, for they would pass for headers."""
        super().on_headers_complete()
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self.content_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The last byte of a request: now it is we who owe something."""
        self.reading = False
        self.guard.waiting.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered; the sender owes us the rest of a request that came early, or a new one.

        In place of uvicorn's own, which starts and stops a timer for every request.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self.reading:
            self._wait(self.guard.limits.idle_s)
        if self.reading:
            self.guard.waiting.setdefault(self, self.loop.time() + self.guard.limits.request_s)

    def _wait(self, seconds: float) -> None:
        self.guard.waiting[self] = self.loop.time() + seconds
