"""One connection out of a box, from its first byte to its last: HTTP to the proxy, or a tunnel in which HTTP is spoken."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from ssl import SSLError
from typing import TYPE_CHECKING

import anyio
import h11
from anyio.abc import UNIXSocketStream
from anyio.streams.tls import TLSStream

from workers.network.asking import Answer
from workers.network.deciding import (
    Asked,
    Endpoint,
    Refused,
    allowed_host,
    endpoint,
    plain_request,
    tunnelled_request,
)

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Awaitable, Callable, Sequence

    from anyio.abc import ByteStream

    from workers.contract.network import Host
    from workers.network.deciding import Headers

    Answerer = Callable[[Asked, Host], Awaitable[Answer | Refused]]

HEAD_BYTES = 1 << 15
"""Request line and headers."""
BODY_BYTES = 16 << 20
CONNECTIONS = 64
"""Of one box at a time; more wait."""
IDLE_S = 60.0
"""Until the next request begins on an open connection, and for a whole request to arrive."""
SEND_S = 60.0
_CHUNK_BYTES = 1 << 16
_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What all connections of one box meet."""

    tls: ssl.SSLContext
    hosts: Sequence[Host]
    answer: Answerer
    refused: Callable[[Refused, str], None]
    """Told of everything that does not go out, with the method; what `answer` refuses it tells itself."""
    idle_s: float = IDLE_S


async def serve(listener: socket.socket, door: Door) -> None:
    """Take connections until cancelled; they end with this."""
    slots, loop = anyio.Semaphore(CONNECTIONS), asyncio.get_running_loop()
    with listener:
        async with anyio.create_task_group() as group:
            while True:
                await slots.acquire()
                sock, _ = await loop.sock_accept(listener)
                group.start_soon(_hold, sock, door, slots)


async def _hold(sock: socket.socket, door: Door, slots: anyio.Semaphore) -> None:
    try:
        stream = await UNIXSocketStream.from_socket(sock)
        await Conversation(stream=stream, door=door).hold()
    except (OSError, ValueError):
        # It went away before it was looked at.
        sock.close()
    finally:
        slots.release()


@dataclass(slots=True, kw_only=True)
class Conversation:
    """A connection, and who answers on it."""

    stream: ByteStream
    door: Door
    _tunnel: Endpoint | None = field(default=None)

    async def hold(self) -> None:
        """Until either end is done. Raises nothing for what the box sends."""
        try:
            at = await self._spoken()
            if at is not None:
                with anyio.fail_after(self.door.idle_s):
                    self.stream = await TLSStream.wrap(
                        self.stream, ssl_context=self.door.tls, server_side=True, standard_compatible=False
                    )
                self._tunnel = at
                await self._spoken()
        except (h11.ProtocolError, TimeoutError, SSLError, OSError):
            return
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return
        finally:
            await anyio.aclose_forcefully(self.stream)

    async def _spoken(self) -> Endpoint | None:
        """Answer requests until there are no more; an endpoint when a tunnel to it was asked for and opened."""
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        while True:
            try:
                with anyio.fail_after(self.door.idle_s):
                    request = await self._next(connection)
                    if not isinstance(request, h11.Request):
                        return None
                    body = await self._body(connection)
            except h11.RemoteProtocolError as error:
                await self._told(connection, _refusal(Refused(status=error.error_status_hint, why="not HTTP")))
                return None
            if request.method == b"CONNECT":
                return await self._tunnelled(connection, request)
            method = request.method.decode("latin-1")
            await self._told(connection, await self._answered(request, method, body), method)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return None
            connection.start_next_cycle()

    async def _answered(self, request: h11.Request, method: str, body: bytes | None) -> Answer:
        asked = self._asked(request, method)
        if isinstance(asked, Asked) and body is None:
            asked = Refused(status=413, why="more than a request may hold", host=asked.at.name, port=asked.at.port)
        if isinstance(asked, Asked):
            host = allowed_host(asked.at, self.door.hosts, asked.scheme)
            if not isinstance(host, Refused):
                whole = Asked(
                    method=asked.method,
                    scheme=asked.scheme,
                    at=asked.at,
                    target=asked.target,
                    headers=asked.headers,
                    body=body or b"",
                )
                answer = await self.door.answer(whole, host)
                return _refusal(answer) if isinstance(answer, Refused) else answer
            asked = host
        self.door.refused(asked, method)
        return _refusal(asked)

    def _asked(self, request: h11.Request, method: str) -> Asked | Refused:
        target, headers = request.target.decode("latin-1"), _lowered(request)
        if self._tunnel is not None:
            return tunnelled_request(method, target, headers, self._tunnel)
        return plain_request(method, target, headers)

    async def _tunnelled(self, connection: h11.Connection, request: h11.Request) -> Endpoint | None:
        at = (
            Refused(status=400, why="a tunnel in a tunnel")
            if self._tunnel
            else endpoint(request.target.decode("latin-1"))
        )
        host = at if isinstance(at, Refused) else allowed_host(at, self.door.hosts, "https")
        if isinstance(host, Refused) or isinstance(at, Refused):
            refusal = host if isinstance(host, Refused) else at
            assert isinstance(refusal, Refused)  # noqa: S101 - one of them is
            self.door.refused(refusal, "CONNECT")
            await self._told(connection, _refusal(refusal))
            return None
        # A box that speaks before it was answered means somebody else.
        if connection.trailing_data[0]:
            return None
        await self._send(connection.send(h11.Response(status_code=200, headers=[], reason=b"Connection established")))
        return at

    async def _next(self, connection: h11.Connection) -> object:
        while (event := connection.next_event()) is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                await self._send(connection.send(h11.InformationalResponse(status_code=100, headers=[])))
            try:
                connection.receive_data(await self.stream.receive(_CHUNK_BYTES))
            except anyio.EndOfStream:
                connection.receive_data(b"")
        return event

    async def _body(self, connection: h11.Connection) -> bytes | None:
        """The request's body; None for one that is too large, of which the rest is not read."""
        body = bytearray()
        while True:
            event = await self._next(connection)
            if isinstance(event, h11.Data):
                body += event.data
                if len(body) > BODY_BYTES:
                    return None
            else:
                # The end, or a tunnel from here on.
                return bytes(body)

    async def _told(self, connection: h11.Connection, answer: Answer, method: str = "") -> None:
        headers = list(answer.headers)
        if method != "HEAD" and answer.status not in _NO_BODY:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        raw = (
            connection.send(h11.Response(status_code=answer.status, headers=headers, reason=_phrase(answer.status)))
            or b""
        )
        if answer.body and method != "HEAD" and answer.status not in _NO_BODY:
            raw += connection.send(h11.Data(data=answer.body)) or b""
        await self._send(raw + (connection.send(h11.EndOfMessage()) or b""))

    async def _send(self, raw: bytes | None) -> None:
        with anyio.fail_after(SEND_S):
            await self.stream.send(raw or b"")


def _lowered(request: h11.Request) -> Headers:
    return tuple((bytes(name), bytes(value)) for name, value in request.headers)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def _refusal(refused: Refused) -> Answer:
    """What the box is told: enough to understand it, as a person reads it."""
    body = json.dumps({"error": f"refused by mendloop: {refused.why}", "host": refused.host}).encode() + b"\n"
    headers = ((b"content-type", b"application/json"), (b"x-mendloop", b"refused"), (b"connection", b"close"))
    return Answer(status=refused.status, headers=headers, body=body)
