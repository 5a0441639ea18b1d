"""The unchanged artifact asks; its repair is told the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.network import rig
from tests.workers.network.rig import NAME
from tests.workers.network.test_allowed_hosts import CREDENTIAL, KEY, answer
from workers.contract.network import Host
from workers.network.cassette import Cassette, CassetteError, key
from workers.network.deciding import Asked, Endpoint

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.network.rig import Client, HostUnderTest, WayOut
    from workers.contract.network import Misses

AUTHORITY = rig.authority_of()


def one(method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> Asked:
    told = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Asked(method=method, scheme="https", at=Endpoint(NAME, 443), target=path, headers=told, body=body)


def recorded(tmp_path: Path, host: HostUnderTest, *, misses: Misses = "record", credential: str = "") -> WayOut:
    allowed = Host(name=NAME, port=host.port, credential=credential, methods=("GET", "POST"))
    return rig.way_out(
        tmp_path / "out",
        allowed,
        trusting=AUTHORITY,
        recording=tmp_path / "recorded",
        misses=misses,
        credentials=CREDENTIAL,
    )


async def got(box: Client, host: HostUnderTest, path: str = "/", more: bytes = b"") -> bytes:
    return (await box.get(path, port=host.port, more=more)).partition(b"\r\n\r\n")[2]


async def test_the_second_run_is_told_what_the_first_was_and_nobody_is_asked_again(tmp_path: Path) -> None:
    async with rig.host(answer(b"first"), answer(b"second"), tls=AUTHORITY) as host:
        out = recorded(tmp_path, host)
        async with out.box() as base:
            before = [await got(base, host), await got(base, host)]
        async with out.box() as head:
            after = [await got(head, host), await got(head, host), await got(head, host)]

    assert before == [b"first", b"second"]
    assert after == [b"first", b"second", b"second"]
    assert host.connections == 2
    assert (out.way.totals.hosts[NAME].asked, out.way.totals.hosts[NAME].replayed) == (2, 3)


async def test_another_artifacts_answers_are_its_own(tmp_path: Path) -> None:
    async with rig.host(answer(b"first"), answer(b"second"), tls=AUTHORITY) as host:
        out = recorded(tmp_path, host)
        async with out.box("a.ipynb") as box:
            first = await got(box, host)
        async with out.box("b.ipynb") as box:
            second = await got(box, host)

    assert (first, second) == (b"first", b"second")


async def test_a_later_run_is_told_the_same_from_the_file_alone(tmp_path: Path) -> None:
    async with rig.host(answer(b"\x00\xff", b"X-Kind: a"), tls=AUTHORITY) as host:
        async with recorded(tmp_path, host).box() as box:
            await got(box, host)
        later = recorded(tmp_path, host, misses="replay")
        async with later.box() as box:
            told = await box.get(port=host.port)

    assert told.endswith(b"\r\n\r\n\x00\xff")
    assert b"x-kind: a" in told.lower()
    assert host.connections == 1


@pytest.mark.parametrize(
    ("misses", "asked", "status", "kinds"),
    [("record", 2, b"200", []), ("replay", 1, b"504", ["refused"]), ("fail", 1, b"504", ["missed"])],
)
async def test_what_was_not_recorded_goes_by_the_owners_word(
    tmp_path: Path, misses: Misses, asked: int, status: bytes, kinds: list[str]
) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        out = recorded(tmp_path, host, misses=misses)
        async with out.box() as base:
            await got(base, host, "/old")
        async with out.box() as head:
            told = await head.get("/new", port=host.port)
            again = await got(head, host, "/old")

    assert told[9:12] == status
    assert again == b"hello"
    assert host.connections == asked
    assert out.kinds == kinds


async def test_no_credential_and_no_cookie_stands_in_the_file(tmp_path: Path) -> None:
    cookie = b"Set-Cookie: session=s3ss10n; Path=/; HttpOnly"
    async with rig.host(answer(b"hello", cookie), tls=AUTHORITY) as host:
        out = recorded(tmp_path, host, credential="key")
        async with out.box() as box:
            told = await box.get("/path?token=mine", port=host.port, more=b"X-Mine: 5ecret\r\n")
        async with out.box() as box:
            again = await box.get("/path?token=mine", port=host.port)

    file = (tmp_path / "recorded").read_bytes()
    assert b"session=s3ss10n" in told
    assert b"session=[masked]; Path=/; HttpOnly" in again
    assert not any(secret in file for secret in (KEY.encode(), b"s3ss10n", b"5ecret", b"mine", b"/path"))
    assert (tmp_path / "recorded").stat().st_size > 0


async def test_an_answer_that_did_not_come_is_not_recorded(tmp_path: Path) -> None:
    async with rig.host(b"nonsense\r\n\r\n", answer(b"well"), tls=AUTHORITY) as host:
        out = recorded(tmp_path, host)
        async with out.box() as base:
            first = await base.get(port=host.port)
        async with out.box() as head:
            second = await got(head, host)

    assert first.startswith(b"HTTP/1.1 502")
    assert second == b"well"


def test_what_was_asked_tells_answers_apart() -> None:
    asked = [
        one(),
        one(path="/a"),
        one("POST"),
        one("POST", body=b"1"),
        one(accept="text/html"),
        one(range="bytes=0-1"),
    ]

    assert len({key("a.ipynb", each) for each in asked} | {key("b.ipynb", one())}) == 7


def test_what_does_not_change_an_answer_does_not_tell_them_apart() -> None:
    assert key("a", one(user_agent="a/1", cookie="x")) == key("a", one(user_agent="a/2"))


def test_a_form_is_the_same_whatever_stands_between_its_parts() -> None:
    forms = [
        one(
            "POST",
            body=b"--%s\r\n\r\nx\r\n--%s--" % (cut, cut),
            content_type=f"multipart/form-data; boundary={cut.decode()}",
        )
        for cut in (b"3f1b9c", b"a88d0e")
    ]

    assert key("a", forms[0]) == key("a", forms[1])


@pytest.mark.parametrize("content", [b"nonsense\n", b"{}\n", b'{"key": "x"}\n', b"\xff\n"])
def test_a_file_of_something_else_is_not_added_to(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "recorded").write_bytes(content)

    with (tmp_path / "recorded").open("r+b") as file, pytest.raises(CassetteError):
        Cassette.opened(file.fileno())
