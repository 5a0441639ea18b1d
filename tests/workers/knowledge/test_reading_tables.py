"""A public table over https: from a host on this machine, by an authority of the test's own."""

from __future__ import annotations

import asyncio
import ssl
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.workers.network import rig
from workers.knowledge.reading_tables import MAX_BYTES, content
from workers.knowledge.refreshing import RefreshError, refresh

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY = rig.authority_of("localhost")
TABLE = b'{"gpt-9-x": {"litellm_provider": "openai", "deprecation_date": "2027-01-01"}}'


def trust() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=AUTHORITY.certificate.decode())


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    head = "".join(f"{each}\r\n" for each in (f"Content-Length: {len(body)}", "Connection: close", *headers))
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


async def test_a_table_is_read_over_https_and_merged(tmp_path: Path) -> None:
    async with rig.host(answer("200 OK", TABLE), tls=AUTHORITY) as host:
        url = f"https://localhost:{host.port}/table.json"
        done = await asyncio.to_thread(
            refresh, url, into=tmp_path / "models.yml", today=date(2026, 11, 20), tls=trust()
        )

    assert done.changes == ("+ gpt-9-x (openai): ends 2027-01-01 at the earliest",)
    assert done.changed[0].source == url


async def test_a_redirect_is_followed_as_long_as_it_is_https() -> None:
    async with rig.host(answer("302 Found", b"", "Location: /there"), answer("200 OK", TABLE), tls=AUTHORITY) as host:
        assert await asyncio.to_thread(content, f"https://localhost:{host.port}/", trust()) == TABLE

    async with rig.host(answer("302 Found", b"", "Location: http://localhost/x"), tls=AUTHORITY) as host:
        with pytest.raises(RefreshError, match="https"):
            await asyncio.to_thread(content, f"https://localhost:{host.port}/", trust())


@pytest.mark.parametrize(
    "said",
    [
        answer("404 Not Found", b"gone"),
        answer("200 OK", b" " * (MAX_BYTES + 1)),
        answer("302 Found", b"", "Location: /"),
        b"nonsense",
    ],
    ids=["404", "large", "circle", "nonsense"],
)
async def test_what_does_not_come_as_a_table_is_refused(said: bytes) -> None:
    async with rig.host(said, tls=AUTHORITY) as host:
        with pytest.raises(RefreshError):
            await asyncio.to_thread(content, f"https://localhost:{host.port}/", trust())


async def test_a_certificate_of_nobody_we_know_is_not_trusted() -> None:
    async with rig.host(answer("200 OK", TABLE), tls=AUTHORITY) as host:
        with pytest.raises(RefreshError):
            await asyncio.to_thread(content, f"https://localhost:{host.port}/")
