"""One request to one host, over a connection of its own, and the whole answer, bounded. Redirects are answers like others."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import h11

from workers.network.deciding import Headers, end_to_end

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from workers.network.counting import Totals
    from workers.network.deciding import Asked

HEAD_BYTES = 1 << 16
"""Status line and headers of an answer."""
ANSWER_BYTES = 64 << 20
"""One answer's body, packed and unpacked."""
ANSWER_S = 120.0
"""From the request to the end of the answer."""
_CHUNK_BYTES = 1 << 16
_INTERIM = 20
_DROPPED = ("alt-svc", "strict-transport-security", "content-length", "proxy-connection")
"""Of an answer: they speak of the connection, or of ways around the proxy."""


class AnswerError(Exception):
    """What a host sent is no answer that can be handed on; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a host said."""

    status: int
    headers: Headers
    body: bytes

    def unpacked(self) -> bytes:
        """The body as its reader sees it.

        Raises:
            AnswerError: it is packed in a way that is not understood, or unpacks to too much.
        """
        named = [value.decode("latin-1").strip().lower() for name, value in self.headers if name == b"content-encoding"]
        packed = [name for value in named for name in value.split(",") if name.strip() not in {"", "identity"}]
        if not packed or not self.body:
            return self.body
        if packed not in (["gzip"], ["x-gzip"], ["deflate"]):
            raise AnswerError(f"an answer packed as {', '.join(packed)[:40]} cannot be looked into")
        return _inflated(self.body)


async def ask(
    stream: ByteStream, asked: Asked, headers: Headers, totals: Totals, *, timeout_s: float = ANSWER_S
) -> Answer:
    """Send `asked` with these headers, and read what comes back.

    Raises:
        AnswerError: no answer that can be handed on.
        OSError: the connection broke or took too long.
        UsedUpError: the run's bytes are used up.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    try:
        with anyio.fail_after(timeout_s):
            await _send(stream, connection, asked, headers, totals)
            return await _answer(stream, connection, asked, totals)
    except h11.RemoteProtocolError as error:
        raise AnswerError(f"the host does not speak HTTP as it should: {error}") from error
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
        raise OSError("the connection broke off") from error


async def _send(stream: ByteStream, connection: h11.Connection, asked: Asked, headers: Headers, totals: Totals) -> None:
    framed = [*end_to_end(headers, "host", "content-length", "expect"), (b"connection", b"close")]
    if asked.body or asked.method in {"POST", "PUT", "PATCH"}:
        framed.append((b"content-length", str(len(asked.body)).encode()))
    at = asked.at
    host = (
        at.name
        if asked.url.startswith((f"https://{at.name}:443/", f"http://{at.name}:80/"))
        else f"{at.name}:{at.port}"
    )
    head = h11.Request(method=asked.method, target=asked.target, headers=[(b"host", host.encode()), *framed])
    events = [head, *([h11.Data(data=asked.body)] if asked.body else []), h11.EndOfMessage()]
    raw = b"".join(connection.send(event) or b"" for event in events)
    totals.sent(at.name, len(raw))
    await stream.send(raw)


async def _answer(stream: ByteStream, connection: h11.Connection, asked: Asked, totals: Totals) -> Answer:
    head: h11.Response | None = None
    body, interim = bytearray(), 0
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                connection.receive_data(await _received(stream, asked, totals))
            case h11.InformationalResponse():
                interim += 1
                if interim > _INTERIM:
                    raise AnswerError("the host goes on saying that it will answer")
            case h11.Response() as response:
                head = response
            case h11.Data(data=data):
                body += data
                if len(body) > ANSWER_BYTES:
                    raise AnswerError("the answer is larger than an answer may be")
            case h11.EndOfMessage():
                break
            case other:
                raise AnswerError(f"the host ended without an answer ({type(other).__name__})")
    if head is None:
        raise AnswerError("the host ended without an answer")
    return Answer(status=head.status_code, headers=_headers(head, asked), body=bytes(body))


async def _received(stream: ByteStream, asked: Asked, totals: Totals) -> bytes:
    try:
        chunk = await stream.receive(_CHUNK_BYTES)
    except anyio.EndOfStream:
        return b""
    totals.received(asked.at.name, len(chunk))
    return chunk


def _headers(head: h11.Response, asked: Asked) -> Headers:
    kept = end_to_end(tuple((bytes(name), bytes(value)) for name, value in head.headers), *_DROPPED)
    if asked.method != "HEAD":
        return kept
    # An answer without a body still says how long it would be.
    return (*kept, *((name, value) for name, value in head.headers if name == b"content-length"))


def _inflated(packed: bytes) -> bytes:
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        with suppress(zlib.error):
            unpacking = zlib.decompressobj(window)
            plain = unpacking.decompress(packed, ANSWER_BYTES)
            if unpacking.unconsumed_tail:
                raise AnswerError("the answer unpacks to more than an answer may be")
            if unpacking.unused_data.strip(b"\0"):
                # Another member after the first: what is in it would go by unseen.
                raise AnswerError("the answer is packed in several parts")
            return plain
    raise AnswerError("the answer is not packed as it says")
