"""The port itself: raw bytes against the running web process."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from bot.connections import Limits
from tests.bot.ingress.brisk import BRISK
from tests.bot.ingress.senders import exchange, head, headers, push, received, request, status

if TYPE_CHECKING:
    from tests.bot.ingress.senders import Receiver

PATIENCE_S = 20.0
"""A loaded machine looks at its clocks late."""


def heads(answer: bytes) -> int:
    """How many responses there are in what came."""
    return answer.count(b"HTTP/1.1 ")


def smuggled(body: bytes) -> bytes:
    """A second request that must not be seen."""
    return b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + body


def lines(fields: list[bytes]) -> bytes:
    return b"\r\n".join([b"POST /webhook HTTP/1.1", b"Host: x", b"Content-Type: application/json", *fields, b"", b""])


@pytest.mark.parametrize(
    "framing",
    [
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
        [b"Content-Length: -5"],
        [b"Content-Length: +5"],
        [b"Content-Length: 5, 5"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: 0x5"],
        [b"Content-Length: 99999999999999999999999999"],
        [b"Transfer-Encoding: xchunked"],
        [b"Transfer-Encoding: chunked, identity"],
        [b"Transfer-Encoding: identity"],
        [b"Transfer-Encoding : chunked"],
        [b"Transfer-Encoding:\x0bchunked"],
        [b"Content-Length : 5"],
        [b"X-Folded: a", b" folded"],
        [b" X-Leading: a"],
        [b"X-Null: a\x00b"],
        [b"X Space: a"],
    ],
)
def test_w18_framing_that_two_servers_could_read_differently_is_refused(
    shared_receiver: Receiver, framing: list[bytes]
) -> None:
    answer = exchange(shared_receiver.port, lines(framing) + smuggled(b"0\r\n\r\n"))

    assert heads(answer) == 1
    assert status(answer) == 400


@pytest.mark.parametrize("ending", [b"\n", b"\r"])
def test_w18_lines_that_end_otherwise_show_no_second_request(shared_receiver: Receiver, ending: bytes) -> None:
    head_ = lines([b"Content-Length: 5"]).replace(b"\r\n", ending)

    answer = exchange(shared_receiver.port, head_ + b"{}   " + smuggled(b""), timeout_s=1)

    assert heads(answer) <= 1
    assert status(answer) in {0, 400, 401}


def test_w18_what_follows_a_refused_delivery_is_not_taken_for_a_request(shared_receiver: Receiver) -> None:
    unsigned = lines([b"Content-Length: 70"])

    answer = exchange(shared_receiver.port, unsigned + smuggled(b""))

    assert (heads(answer), status(answer)) == (1, 401)


@pytest.mark.parametrize("size", [300_000, 1_000_000])
def test_w18_a_header_without_end_is_refused(shared_receiver: Receiver, size: int) -> None:
    one_line = lines([b"X-Long: " + b"a" * size])
    many = lines([f"X-{number}: a".encode() for number in range(size // 12)])

    for sent in (one_line, many, b"POST /" + b"a" * size):
        with socket.create_connection(("127.0.0.1", shared_receiver.port), timeout=20) as connection:
            with suppress(OSError):
                connection.sendall(sent[:-2])
            answer = received(connection)
        assert status(answer) in {0, 400}
        assert heads(answer) <= 1


def test_trailers_are_not_headers(shared_receiver: Receiver) -> None:
    body = push(50_001)
    fields = headers(body) | {"Transfer-Encoding": "chunked", "Connection": "close"}
    signed = fields.pop("X-Hub-Signature-256")
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n"

    answer = exchange(
        shared_receiver.port, head(fields, length=None) + chunk + f"X-Hub-Signature-256: {signed}\r\n\r\n".encode()
    )

    assert status(answer) == 401


def test_a_chunked_delivery_is_one_like_any_other(shared_receiver: Receiver) -> None:
    body = push(50_002, padding=200_000)
    sent = head(headers(body) | {"Transfer-Encoding": "chunked", "Connection": "close"}, length=None)
    for start in range(0, len(body), 999):
        piece = body[start : start + 999]
        sent += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"

    assert status(exchange(shared_receiver.port, sent + b"0\r\n\r\n")) == 202


def test_framing_may_not_outweigh_what_it_frames(shared_receiver: Receiver) -> None:
    """Chunk extensions and trailers are no body, so the body's cap does not hold them."""
    body = push(50_003)
    sent = head(headers(body) | {"Transfer-Encoding": "chunked"}, length=None)
    extension = b"1;" + b"x" * 2_000_000

    with socket.create_connection(("127.0.0.1", shared_receiver.port), timeout=20) as connection:
        with suppress(OSError):
            connection.sendall(sent + extension)
        answer = received(connection)

    assert status(answer) in {0, 400}


def test_pipelined_deliveries_are_answered_in_order(shared_receiver: Receiver) -> None:
    bodies = [push(50_010 + number) for number in range(3)]
    sent = b"".join(request(body) for body in bodies) + request(bodies[0], last=True)

    answer = exchange(shared_receiver.port, sent)

    assert heads(answer) == 4
    assert [part.split(b" ", 1)[0] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"202", b"202", b"202", b"200"]


def test_w20_a_compressed_body_is_refused_and_not_inflated(shared_receiver: Receiver) -> None:
    body = b"\x1f\x8b" + b"\x00" * 10_000
    before = shared_receiver.peak_bytes()

    answer = exchange(shared_receiver.port, head(headers(body) | {"Content-Encoding": "gzip"}, length=len(body)) + body)

    assert status(answer) == 415
    assert shared_receiver.peak_bytes() - before < 64 << 20


@pytest.mark.parametrize("upgrade", ["h2c", "websocket"])
def test_an_upgrade_is_not_taken(shared_receiver: Receiver, upgrade: str) -> None:
    sent = f"GET /webhook HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n".encode()

    assert status(exchange(shared_receiver.port, sent)) == 405


def is_closed_in_time(port: int, first: bytes, drip: bytes) -> bool:
    """Whether a sender that says `first` and then one piece at a time is hung up on."""
    until = time.monotonic() + PATIENCE_S
    with socket.create_connection(("127.0.0.1", port), timeout=0.2) as connection:
        connection.sendall(first)
        while time.monotonic() < until:
            try:
                with suppress(TimeoutError):
                    if not connection.recv(4096):
                        return True
                connection.sendall(drip)
            except OSError:
                return True
    return False


BODY = push(50_020)
SLOW = {
    "headers": (b"POST /webhook HTTP/1.1\r\nX-Slow: ", b"a"),
    "body": (head(headers(BODY), length=len(BODY)) + BODY[:10], b"a"),
    "chunks": (head(headers(BODY) | {"Transfer-Encoding": "chunked"}, length=None), b"1\r\na\r\n"),
    "nothing": (b"", b""),
    "nothing after an answer": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    "one request and half of the next": (request(BODY) + b"POST /webhook HTTP/1.1\r\nX-Slow: ", b"a"),
}


@pytest.mark.parametrize("sender", SLOW)
def test_w19_who_is_slow_is_hung_up_on(brisk_receiver: Receiver, sender: str) -> None:
    assert is_closed_in_time(brisk_receiver.port, *SLOW[sender])


def test_w19_our_patience_ends_within_ten_seconds() -> None:
    limits = Limits()

    assert max(limits.request_s, limits.idle_s) + 2 * limits.look_s <= 10


def test_a_connection_is_used_again_and_again(brisk_receiver: Receiver) -> None:
    with socket.create_connection(("127.0.0.1", brisk_receiver.port), timeout=10) as connection:
        said: list[int] = []
        for number in range(5):
            connection.sendall(request(push(50_030 + number)))
            said.append(status(connection.recv(65536)))
            time.sleep(0.1)

    assert said == [202] * 5


def test_one_connection_too_many_costs_the_one_that_waited_longest(brisk_receiver: Receiver) -> None:
    with ExitStack() as stack:
        crowd = [
            stack.enter_context(socket.create_connection(("127.0.0.1", brisk_receiver.port), timeout=5))
            for _ in range(BRISK.connections + 50)
        ]
        # Whoever comes after a crowd that says nothing is served.
        assert brisk_receiver.send(push(50_040)) == 202
        assert crowd[0].recv(1) == b""
