"""The webhook: who sent it is checked, it is stored, and then it is answered. Plain ASGI: every delivery passes here.

What a delivery means is found out later: whatever is signed and looks like an object in JSON is stored, odd as it may be.
The clock over slow senders is held by the connection (`bot.connections`).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from bot import signature
from bot.inbox import Delivery, InboxError, Stored

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from bot.inbox import Inbox
    from bot.metrics import IngressMetrics
    from bot.signature import Secrets

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Scope = MutableMapping[str, Any]

BODY_BYTES = 25 * 1024 * 1024
"""GitHub's own cap: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
SMALL_BYTES = 256 * 1024
HELD_BYTES = 256 * 1024 * 1024
"""What bodies under way may hold together; then those that are not small are sent away, to come again."""
OFF_LOOP_BYTES = 1024 * 1024
"""From this size on a body is hashed in a thread."""
GUID = re.compile(rb"[0-9A-Za-z-]{1,64}")
EVENT = re.compile(rb"[a-z0-9_]{1,64}")
JSON_SPACE = b" \t\r\n"


class Answer(Enum):
    """What a sender can be told: an outcome, its status, and a sentence for the owner's list of deliveries."""

    STORED = ("stored", 202, "")
    DUPLICATE = ("duplicate", 200, "")
    CLASH = ("clash", 409, "another delivery has this X-GitHub-Delivery already")
    MALFORMED = ("malformed", 400, "X-GitHub-Event, X-GitHub-Delivery or Content-Length is missing or malformed")
    NOT_JSON = ("not_json", 400, "the body is not an object in JSON")
    UNSIGNED = ("unsigned", 401, "X-Hub-Signature-256 is missing or is not this body's")
    METHOD = ("method", 405, "deliveries are sent with POST")
    TOO_LARGE = ("too_large", 413, "the body is larger than 25 MB")
    MEDIA_TYPE = ("media_type", 415, "set the webhook's content type to application/json")
    ENCODING = ("encoding", 415, "the body must not be compressed")
    UNAVAILABLE = ("unavailable", 503, "the delivery could not be stored; send it again later")

    def __init__(self, outcome: str, status: int, sentence: str) -> None:
        self.outcome = outcome
        body = f"{sentence}\n".encode() if sentence else b""
        headers = [(b"content-length", str(len(body)).encode())]
        if body:
            headers.append((b"content-type", b"text/plain; charset=utf-8"))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"POST"))
        if status >= HTTPStatus.BAD_REQUEST:
            # The body may not have been read: what follows on this connection must not be taken for a request.
            headers.append((b"connection", b"close"))
        self.start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        self.body: Message = {"type": "http.response.body", "body": body}


OUTCOMES = tuple(answer.outcome for answer in Answer)
_ANSWERS = {Stored.NEW: Answer.STORED, Stored.DUPLICATE: Answer.DUPLICATE, Stored.CLASH: Answer.CLASH}
READ_FIELDS = frozenset(
    {
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"x-hub-signature-256",
        b"x-github-event",
        b"x-github-delivery",
    }
)


class Head(NamedTuple):
    """What the headers of an acceptable delivery say."""

    signature: bytes
    event: str
    guid: str


@dataclass(slots=True)
class Webhook:
    """The ASGI application for deliveries."""

    secrets: Secrets
    inbox: Inbox
    metrics: IngressMetrics
    clock: Callable[[], float] = field(default=time.time)
    """Seconds since 1970."""
    held_bytes: int = 0
    """Of bodies under way that came in more than one piece."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; one whose sender went away is not answered."""
        started = time.perf_counter()
        answer = await self._answer(scope, receive)
        if answer is None:
            return
        await send(answer.start)
        await send(answer.body)
        self.metrics.answered(answer.outcome, time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        head = read_head(scope)
        if isinstance(head, Answer):
            return head
        body = await self._body(receive)
        if body is None or isinstance(body, Answer):
            return body
        keys = self.secrets.live(self.clock())
        if len(body) < OFF_LOOP_BYTES:
            content_key = checked(keys, body, head.signature)
        else:
            content_key = await asyncio.to_thread(checked, keys, body, head.signature)
        if isinstance(content_key, Answer):
            return content_key
        try:
            stored = await self.inbox.store(Delivery(head.guid, content_key, head.event, body, self.clock()))
        except InboxError:
            return Answer.UNAVAILABLE
        return _ANSWERS[stored]

    async def _body(self, receive: Receive) -> bytes | Answer | None:
        """The whole body; None when the sender went away."""
        message = await receive()
        if message["type"] != "http.request":
            return None
        body: bytes = message.get("body", b"")
        if len(body) > BODY_BYTES:
            return Answer.TOO_LARGE
        return await self._rest(body, receive) if message.get("more_body") else body

    async def _rest(self, first: bytes, receive: Receive) -> bytes | Answer | None:
        """The body from its pieces. They are joined once: a buffer that grows moves, and is there twice while it does."""
        pieces, size_bytes, more = [first], len(first), True
        self.held_bytes += size_bytes
        try:
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                piece: bytes = message.get("body", b"")
                more = message.get("more_body", False)
                pieces.append(piece)
                size_bytes += len(piece)
                self.held_bytes += len(piece)
                if size_bytes > BODY_BYTES:
                    return Answer.TOO_LARGE
                if self.held_bytes > HELD_BYTES and size_bytes > SMALL_BYTES:
                    return Answer.UNAVAILABLE
            return b"".join(pieces)
        finally:
            self.held_bytes -= size_bytes


def read_head(scope: Scope) -> Head | Answer:
    """What the request line and the headers say, before a byte of the body is read."""
    if scope["method"] != "POST":
        return Answer.METHOD
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in READ_FIELDS:
            if name in found:
                return Answer.UNSIGNED if name == b"x-hub-signature-256" else Answer.MALFORMED
            found[name] = value
    if not _is_json(found.get(b"content-type", b"")):
        return Answer.MEDIA_TYPE
    if b"content-encoding" in found and found[b"content-encoding"] != b"identity":
        return Answer.ENCODING
    if b"x-hub-signature-256" not in found:
        return Answer.UNSIGNED
    return _named(found, found[b"x-hub-signature-256"])


def _named(found: Mapping[bytes, bytes], given: bytes) -> Head | Answer:
    event, guid = found.get(b"x-github-event", b""), found.get(b"x-github-delivery", b"")
    length = found.get(b"content-length", b"0")
    if not (EVENT.fullmatch(event) and GUID.fullmatch(guid) and length.isdigit()):
        return Answer.MALFORMED
    return Answer.TOO_LARGE if int(length) > BODY_BYTES else Head(given, event.decode(), guid.decode())


def _is_json(content_type: bytes) -> bool:
    return content_type == b"application/json" or content_type.split(b";")[0].strip().lower() == b"application/json"


def checked(keys: tuple[bytes, ...], body: bytes, given: bytes) -> str | Answer:
    """The content key of a body that is signed and looks like an object in JSON.

    No closer look here: parsing took a fifth of the whole request, and is done by who works on the delivery. Who signed
    it is GitHub, and what GitHub signs is JSON; the mistakes that happen (a form, an empty body, half of one) show at the ends.
    """
    if not signature.verified(keys, body, given):
        return Answer.UNSIGNED
    text = body.strip(JSON_SPACE)
    if not (text.startswith(b"{") and text.endswith(b"}")):
        return Answer.NOT_JSON
    return hashlib.sha256(body).hexdigest()
