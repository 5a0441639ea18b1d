"""The webhook as an ASGI application: what each request is told, and what is stored."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import signature
from bot import webhook as module
from bot.inbox import Delivery, InboxError, Stored
from bot.metrics import IngressMetrics
from bot.signature import Secrets
from bot.webhook import BODY_BYTES, OUTCOMES, Webhook
from tests.bot.ingress.senders import SECRET, headers, push

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Box:
    """An inbox in memory."""

    stored: list[Delivery] = field(default_factory=list[Delivery])
    full: bool = False

    async def store(self, delivery: Delivery) -> Stored:
        if self.full:
            raise InboxError("full")
        if any(each.content_key == delivery.content_key for each in self.stored):
            return Stored.DUPLICATE
        if any(each.guid == delivery.guid for each in self.stored):
            return Stored.CLASH
        self.stored.append(delivery)
        return Stored.NEW

    async def probe(self) -> None:
        """Always fine."""


def webhook(box: Box, *, secrets: Secrets | None = None, now: float = 0.0) -> Webhook:
    return Webhook(secrets or Secrets(current=SECRET), box, IngressMetrics(OUTCOMES), clock=lambda: now)


async def ask(
    app: Webhook, pieces: Sequence[bytes], fields: Sequence[tuple[bytes, bytes]], *, method: str = "POST"
) -> tuple[int, dict[bytes, bytes], bytes]:
    """What the application says to a body that comes in pieces."""
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    coming[-1]["more_body"] = False
    sent: list[Any] = []

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/webhook", "headers": list(fields)}
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def fields(body: bytes, *extra: tuple[bytes, bytes], without: str = "", **kwargs: Any) -> list[tuple[bytes, bytes]]:
    named = {name.lower(): value for name, value in headers(body, **kwargs).items()}
    return [(name.encode(), value.encode("utf-8")) for name, value in named.items() if name != without] + list(extra)


async def test_a_signed_delivery_is_stored_and_accepted() -> None:
    box, body = Box(), push(1)

    status, _, _ = await ask(webhook(box, now=12.5), [body], fields(body, guid="g-1"))

    assert status == 202
    (stored,) = box.stored
    assert (stored.guid, stored.event, bytes(stored.body), stored.received_at) == ("g-1", "push", body, 12.5)


async def test_a_body_in_pieces_is_the_same_delivery() -> None:
    box, body = Box(), push(1, padding=5000)

    whole, _, _ = await ask(webhook(box), [body], fields(body))
    again, _, _ = await ask(webhook(box), [body[:7], b"", body[7:3000], body[3000:]], fields(body))

    assert (whole, again) == (202, 200)


async def test_w1_w2_an_unsigned_or_wrongly_signed_body_is_refused_and_not_stored() -> None:
    box, body = Box(), push(1)
    wrong = (b"x-hub-signature-256", b"sha256=" + b"0123456789abcdef" * 4)

    without, _, _ = await ask(webhook(box), [body], fields(body, without="x-hub-signature-256"))
    random, _, _ = await ask(webhook(box), [body], fields(body, wrong, without="x-hub-signature-256"))
    other, _, _ = await ask(webhook(box), [body], fields(body, secret="another secret"))

    assert (without, random, other) == (401, 401, 401)
    assert box.stored == []


@pytest.mark.parametrize("value", ["sha256=é" + "0" * 63, "é", "\xff", "sha256=" + "\x80" * 64])
async def test_w5_a_signature_that_is_not_ascii_is_refused_not_an_error(value: str) -> None:
    box, body = Box(), push(1)
    given_header = (b"x-hub-signature-256", value.encode("latin-1"))

    status, _, _ = await ask(webhook(box), [body], fields(body, given_header, without="x-hub-signature-256"))

    assert status == 401


async def test_w4_two_signature_headers_are_refused_even_if_one_is_right() -> None:
    box, body = Box(), push(1)
    right = (b"x-hub-signature-256", signature.sign(SECRET.encode(), body))

    twice, _, _ = await ask(webhook(box), [body], fields(body, right))
    first_wrong, _, _ = await ask(webhook(box), [body], [(b"x-hub-signature-256", b"sha256=0"), *fields(body)])

    assert (twice, first_wrong) == (401, 401)
    assert box.stored == []


@pytest.mark.parametrize(
    ("field_name", "value", "status"),
    [
        ("content-type", b"application/x-www-form-urlencoded", 415),
        ("content-type", b"text/plain", 415),
        ("content-type", b"", 415),
        ("content-type", b"application/json; charset=utf-8", 202),
        ("content-type", b"Application/JSON", 202),
        ("content-encoding", b"gzip", 415),
        ("content-encoding", b"identity", 202),
        ("x-github-event", b"", 400),
        ("x-github-event", b"Push!", 400),
        ("x-github-event", b"p" * 65, 400),
        ("x-github-delivery", b"", 400),
        ("x-github-delivery", b"../../etc", 400),
        ("x-github-delivery", b"0" * 65, 400),
        ("x-github-delivery", b"a\x00b", 400),
        ("content-length", b"-5", 400),
        ("content-length", b"26214401", 413),
    ],
)
async def test_headers_decide_before_the_body_is_read(field_name: str, value: bytes, status: int) -> None:
    box, body = Box(), push(1)

    said, answered, words = await ask(
        webhook(box), [body], fields(body, (field_name.encode(), value), without=field_name)
    )

    assert said == status
    assert (status == 202) == bool(box.stored)
    if status >= 400:
        assert answered[b"connection"] == b"close"
        assert words.endswith(b"\n")


async def test_w22_a_form_is_told_what_to_set() -> None:
    body = b"payload=%7B%7D"
    form = (b"content-type", b"application/x-www-form-urlencoded")

    status, _, words = await ask(webhook(Box()), [body], fields(body, form, without="content-type"))

    assert (status, words) == (415, b"set the webhook's content type to application/json\n")


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"])
async def test_only_post_is_a_delivery(method: str) -> None:
    status, answered, _ = await ask(webhook(Box()), [push(1)], fields(push(1)), method=method)

    assert (status, answered[b"allow"]) == (405, b"POST")


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'"text"', b"null", b'{"a": 1', b"\xff\xfe{}", b"{" * 100_000, b"payload=%7B%7D"]
)
async def test_signed_garbage_is_refused(body: bytes) -> None:
    box = Box()

    status, _, _ = await ask(webhook(box), [body], fields(body))

    assert (status, box.stored) == (400, [])


@pytest.mark.parametrize("body", [b" \r\n\t{}\n", b'{"a": }', b'{"a": "\xff"}'])
async def test_signed_oddities_are_stored_to_be_judged_later(body: bytes) -> None:
    box = Box()

    status, _, _ = await ask(webhook(box), [body], fields(body))

    assert (status, [bytes(each.body) for each in box.stored]) == (202, [body])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=6), st.from_regex(r"[a-z_]{1,40}", fullmatch=True))
def test_w16_any_signed_object_is_stored_whatever_its_event_and_fields(content: dict[str, Any], event: str) -> None:
    box, body = Box(), json.dumps(content, ensure_ascii=False).encode("utf-8", errors="replace")

    status, _, _ = asyncio.run(ask(webhook(box), [body], fields(body, event=event)))

    assert (status, len(box.stored)) == (202, 1)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(module.READ_FIELDS)), st.binary(max_size=80)), max_size=8),
    st.binary(max_size=80),
)
def test_w16_no_header_or_body_makes_an_error(given_fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    box = Box()

    status, _, _ = asyncio.run(ask(webhook(box), [body], given_fields))

    assert 400 <= status < 500
    assert box.stored == []


async def test_w13_a_body_under_another_event_is_stored_to_be_judged_later() -> None:
    """The event's name is not signed; what does not fit it is found by its parser, and the content stays known."""
    box, body = Box(), push(1)

    first, _, _ = await ask(webhook(box), [body], fields(body, event="installation"))
    second, _, _ = await ask(webhook(box), [body], fields(body, event="push"))

    assert (first, second, len(box.stored)) == (202, 200, 1)


async def test_w7_both_secrets_count_in_the_overlap_and_the_old_one_ends_at_the_cut() -> None:
    secrets = Secrets(current="new secret", previous="old secret", previous_until=100.0)
    said: dict[tuple[str, float], int] = {}
    for number, secret in enumerate(("new secret", "old secret")):
        for now in (99.0, 101.0):
            body = push(number * 1000 + int(now))
            said[secret, now], _, _ = await ask(
                webhook(Box(), secrets=secrets, now=now), [body], fields(body, secret=secret)
            )

    assert said == {
        ("new secret", 99.0): 202,
        ("new secret", 101.0): 202,
        ("old secret", 99.0): 202,
        ("old secret", 101.0): 401,
    }


async def test_w24_what_cannot_be_stored_is_not_acknowledged() -> None:
    box, body = Box(full=True), push(1)

    status, _, _ = await ask(webhook(box), [body], fields(body))

    assert status == 503


async def test_a_guid_that_belongs_to_another_content_is_not_acknowledged() -> None:
    box, app = Box(), None
    app = webhook(box)

    await ask(app, [push(1)], fields(push(1), guid="g-1"))
    status, _, _ = await ask(app, [push(2)], fields(push(2), guid="g-1"))

    assert (status, len(box.stored)) == (409, 1)


async def test_w17_the_cap_is_25_mb_to_the_byte_however_it_comes() -> None:
    box, piece = Box(), b"x" * (1 << 20)
    largest = b'{"a": "' + b"x" * (BODY_BYTES - 9) + b'"}'
    unsigned = [(name, value) for name, value in fields(b"") if name != b"content-length"]

    exact, _, _ = await ask(webhook(box), [largest[:100], largest[100:]], fields(largest))
    whole, _, _ = await ask(webhook(box), [b"x" * (BODY_BYTES + 1)], unsigned)
    pieces, _, _ = await ask(webhook(box), [piece] * 25 + [b"x"], unsigned)

    assert (len(largest), exact, whole, pieces) == (BODY_BYTES, 202, 413, 413)
    assert len(box.stored) == 1


async def test_large_bodies_beyond_what_is_held_at_once_are_sent_away_and_small_ones_are_not() -> None:
    box = Box()
    app = webhook(box)
    app.held_bytes = module.HELD_BYTES
    large, small = push(1, padding=module.SMALL_BYTES), push(2, padding=1000)

    refused, _, _ = await ask(app, [large[:50], large[50:]], fields(large))
    taken, _, _ = await ask(app, [small[:50], small[50:]], fields(small))

    assert (refused, taken) == (503, 202)
    assert app.held_bytes == module.HELD_BYTES


async def test_who_hangs_up_within_the_body_is_not_answered_and_holds_nothing() -> None:
    app, sent = webhook(Box()), list[Any]()
    coming = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/webhook", "headers": fields(b"{")}
    await app(scope, receive, send)

    assert (sent, app.held_bytes) == ([], 0)


async def test_every_answer_is_counted_by_its_outcome() -> None:
    app = webhook(Box())

    await ask(app, [push(1)], fields(push(1)))
    await ask(app, [push(1)], fields(push(1)))
    await ask(app, [push(1)], [])

    counted = {
        outcome: app.metrics.registry.get_sample_value("mendloop_deliveries_total", {"outcome": outcome})
        for outcome in ("stored", "duplicate", "media_type", "unsigned")
    }
    assert counted == {"stored": 1.0, "duplicate": 1.0, "media_type": 1.0, "unsigned": 0.0}
