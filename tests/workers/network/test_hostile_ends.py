"""Boxes and hosts that mean harm, or speak no HTTP: they cost a bounded amount and get nobody else's answer."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.workers.network import rig
from tests.workers.network.rig import NAME, OK
from tests.workers.network.test_allowed_hosts import CREDENTIAL, answer
from workers.contract.network import Host
from workers.network.asking import ANSWER_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.network.rig import WayOut

AUTHORITY = rig.authority_of()
MEGABYTE = 1 << 20


def allowed(tmp_path: Path, port: int, **more: object) -> WayOut:
    host = Host(name=NAME, port=port, methods=("GET", "POST"))
    return rig.way_out(tmp_path, host, trusting=AUTHORITY, **more)  # pyright: ignore[reportArgumentType]  # by name


BOXES = {
    "garbage": b"\x00\x01\x02\x03\r\n\r\n",
    "http/0.9": b"GET /\r\n\r\n",
    "socks": b"\x05\x01\x00",
    "a long line": b"GET http://data.example.org/" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    "many headers": b"GET http://data.example.org/ HTTP/1.1\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
    "a name with a space": b"GET http://data.example.org/ HTTP/1.1\r\nHost : data.example.org\r\n\r\n",
    "no host": b"GET http://data.example.org/ HTTP/1.1\r\n\r\n",
    "two lengths": b"POST http://data.example.org/ HTTP/1.1\r\nHost: data.example.org\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": (
        b"POST http://data.example.org/ HTTP/1.1\r\nHost: data.example.org\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET http://evil.example.org/ HTTP/1.1\r\n\r\n"
    ),
    "chunks in disguise": (
        b"POST http://data.example.org/ HTTP/1.1\r\nHost: data.example.org\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
    ),
    "a tunnel by address": b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n",
    "a tunnel to six": b"CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "an upgrade": (
        b"GET http://data.example.org/ HTTP/1.1\r\nHost: data.example.org\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    ),
    "speaks before it was answered": b"CONNECT data.example.org:1 HTTP/1.1\r\nHost: data.example.org:1\r\n\r\nGET / HTTP/1.1\r\n",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("sent", BOXES)
async def test_a_box_that_does_not_speak_as_it_should_reaches_nobody(tmp_path: Path, sent: str) -> None:
    async with rig.host() as host:
        named = BOXES[sent].replace(b"data.example.org", f"{NAME}:{host.port}".encode()).replace(b":1 HTTP", b" HTTP")
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port, scheme="http", methods=("GET", "POST")))
        async with out.box() as box:
            got = await box.raw(named)

    assert host.connections == 0
    assert not got.startswith(b"HTTP/1.1 2")
    assert b"hello" not in got


async def test_what_can_be_read_in_two_ways_goes_out_in_one(tmp_path: Path) -> None:
    async with rig.host() as host:
        at = f"{NAME}:{host.port}"
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port, scheme="http"))
        async with out.box() as box:
            head = f"GET http://{at}/ HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n"
            await box.raw(f"{head}A: b\r\n c\r\n\r\n".encode())
            await box.raw(f"{head}A: b\nX: c\r\n\r\n".encode())

    assert [b"\n" in heard.replace(b"\r\n", b"") for heard in host.heard] == [False, False]
    assert b"\r\na: b c\r\n" in host.heard[0]
    assert b"\r\na: b\r\nx: c\r\n" in host.heard[1]


async def test_what_comes_after_a_request_is_another_request_and_is_judged_like_one(tmp_path: Path) -> None:
    async with rig.host() as host:
        at = f"{NAME}:{host.port}"
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port, scheme="http"))
        async with out.box() as box:
            first = f"GET http://{at}/ HTTP/1.1\r\nHost: {at}\r\n\r\n"
            second = f"GET http://evil.example.org/ HTTP/1.1\r\nHost: {at}\r\n\r\n"
            got = await box.raw(first.encode() + second.encode())

    assert got.count(b"HTTP/1.1 200 OK") == 1
    assert b"HTTP/1.1 400" in got
    assert len(host.heard) == 1


async def test_inside_a_tunnel_no_other_host_and_no_second_tunnel_is_reached(tmp_path: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        out = allowed(tmp_path, host.port)
        async with out.box() as box:
            other = await box.tunnelled(b"GET / HTTP/1.1\r\nHost: evil.example.org\r\n\r\n", port=host.port)
            whole = await box.tunnelled(
                f"GET https://evil.example.org/ HTTP/1.1\r\nHost: {NAME}:{host.port}\r\n\r\n".encode(), port=host.port
            )
            again = await box.tunnelled(b"CONNECT data.example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n", port=host.port)

    assert [each[9:12] for each in (other, whole, again)] == [b"400", b"400", b"400"]
    assert host.connections == 0


async def test_a_request_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        out = allowed(tmp_path, host.port)
        async with out.box() as box:
            head = f"POST / HTTP/1.1\r\nHost: {NAME}:{host.port}\r\nContent-Length: {64 * MEGABYTE}\r\n\r\n".encode()
            try:
                got = await box.tunnelled(head, *[b"x" * MEGABYTE] * 20, port=host.port)
            except ConnectionError:
                got = b""

    assert host.connections == 0
    assert not got.startswith(b"HTTP/1.1 2")


HOSTS = {
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "nothing": b"",
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "endless promises": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100 + OK,
    "a header of two lines": b"HTTP/1.1 200 OK\r\nA: b\rHTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("said", HOSTS)
async def test_a_host_that_does_not_answer_as_it_should_is_no_answer(tmp_path: Path, said: str) -> None:
    async with rig.host(HOSTS[said], tls=AUTHORITY) as host:
        out = allowed(tmp_path, host.port)
        async with out.box() as box:
            got = await box.get(port=host.port)

    assert got.startswith(b"HTTP/1.1 502")
    assert out.kinds == ["failed"]


async def test_answers_are_taken_apart_and_put_together_again(tmp_path: Path) -> None:
    smuggled = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\nevil"
    async with rig.host(smuggled, tls=AUTHORITY) as host:
        out = allowed(tmp_path, host.port)
        async with out.box() as box:
            got = await box.get(port=host.port)

    assert got.endswith(b"\r\n\r\nhello")
    assert b"content-length: 5" in got.lower()
    assert b"chunked" not in got.lower()
    assert b"evil" not in got


async def test_an_answer_without_a_body_has_none(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    async with rig.host(head, b"HTTP/1.1 304 Not Modified\r\n\r\n", tls=AUTHORITY) as host:
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port), trusting=AUTHORITY)
        async with out.box() as box:
            first = await box.get(port=host.port, method="HEAD")
            second = await box.get(port=host.port)

    assert b"content-length: 5000" in first.lower()
    assert first.endswith(b"\r\n\r\n")
    assert second.startswith(b"HTTP/1.1 304")
    assert second.endswith(b"\r\n\r\n")


async def test_an_endless_answer_ends_with_the_runs_bytes(tmp_path: Path) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent += 65536
        except OSError:
            writer.close()

    async with rig.host(tls=AUTHORITY, handler=flood) as host:
        out = allowed(tmp_path, host.port, cap_bytes=2 * MEGABYTE)
        async with out.box() as box:
            got = await box.get(port=host.port)
            after = await box.get(port=host.port)

    assert got.startswith(b"HTTP/1.1 403")
    assert after.startswith(b"HTTP/1.1 403")
    assert out.way.totals.spent_bytes <= 2 * MEGABYTE
    assert sent < 64 * MEGABYTE


async def test_a_bomb_from_a_host_with_a_credential_is_no_answer(tmp_path: Path) -> None:
    squeezed = zlib.compressobj(1, wbits=31)
    bomb = b"".join(squeezed.compress(bytes(MEGABYTE)) for _ in range(ANSWER_BYTES // MEGABYTE + 2)) + squeezed.flush()
    async with rig.host(answer(bomb, b"Content-Encoding: gzip"), tls=AUTHORITY) as host:
        hosts = Host(name=NAME, port=host.port, credential="key")
        out = rig.way_out(tmp_path, hosts, trusting=AUTHORITY, credentials=CREDENTIAL)
        async with out.box() as box:
            got = await box.get(port=host.port)

    assert got.startswith(b"HTTP/1.1 502")


async def test_a_connection_that_says_nothing_keeps_nobody_from_anything(tmp_path: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        out = allowed(tmp_path, host.port)
        async with out.box() as box:
            silent = [await asyncio.open_unix_connection(box.socket) for _ in range(40)]
            got = await box.get(port=host.port)
            for _, writer in silent:
                writer.close()

    assert got.endswith(b"hello")


async def test_a_host_that_never_comes_to_an_end_is_not_waited_for(tmp_path: Path) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        except OSError:
            pass
        finally:
            writer.close()

    async with rig.host(tls=AUTHORITY, handler=drip) as host:
        out = allowed(tmp_path, host.port, patience_s=0.5)
        async with out.box() as box:
            got = await box.get(port=host.port)

    assert got.startswith(b"HTTP/1.1 502") or got == b""
    assert out.kinds == ["failed"]


async def test_a_box_that_never_comes_to_an_end_is_not_waited_for(tmp_path: Path) -> None:
    out = allowed(tmp_path, 443, patience_s=0.3)
    async with out.box() as box:
        reader, writer = await asyncio.open_unix_connection(box.socket)
        writer.write(b"GET http://data.example.org/ HTTP/1.1\r\nHost: data")
        got = await asyncio.wait_for(reader.read(), 20)
        writer.close()

    assert b"HTTP/1.1 2" not in got
