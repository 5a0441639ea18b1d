"""What goes out to a host that was allowed, what does not, and that a proxy which did otherwise would be found out."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.workers.network import rig
from tests.workers.network.rig import CANARIES, NAME, OK
from workers.contract.network import Host
from workers.network.addresses import Lookup
from workers.network.asking import Answer
from workers.network.credentials import Credential
from workers.network.dialing import Dialer
from workers.network.passing import Passage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anyio.abc import ByteStream

    from workers.network.deciding import Asked, Endpoint, Refused

AUTHORITY = rig.authority_of()
KEY = "sesame-Zq81kd77Xw"
CREDENTIAL = {"key": Credential(value=KEY, hosts=frozenset({NAME}))}
CLOSE = b"Connection: close\r\n"


def answer(body: bytes, *more: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, *more, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def test_a_request_arrives_as_it_was_asked_and_its_answer_as_it_was_given(tmp_path: Path) -> None:
    async with rig.host(answer(b"hello", b"X-Kind: a", b"Connection: X-Hop", b"X-Hop: 1"), tls=AUTHORITY) as host:
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port), trusting=AUTHORITY)
        async with out.box() as box:
            got = await box.get("/a?b=c", port=host.port, more=b"X-Mine: 7\r\nProxy-Authorization: Basic eA==\r\n")

    sent = host.heard[0].lower()
    assert sent.startswith(b"get /a?b=c http/1.1\r\n")
    assert b"host: data.example.org:" in sent
    assert b"x-mine: 7" in sent
    assert b"proxy-" not in sent
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"x-kind: a" in got.lower()
    assert b"x-hop" not in got.lower()
    assert got.endswith(b"\r\n\r\nhello")
    assert out.way.totals.hosts[NAME].asked == 1
    assert out.told == []


async def test_several_requests_go_through_one_tunnel(tmp_path: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port), trusting=AUTHORITY)
        async with out.box() as box:
            one = f"GET / HTTP/1.1\r\nHost: {NAME}:{host.port}\r\n".encode()
            got = await box.tunnelled(one + b"\r\n" + one + b"\r\n" + one + CLOSE + b"\r\n", port=host.port)

    assert got.count(b"HTTP/1.1 200 OK") == 3
    assert host.connections == 3


async def test_a_body_arrives_whole_however_it_was_sent(tmp_path: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port, methods=("POST",)), trusting=AUTHORITY)
        async with out.box() as box:
            head = f"POST / HTTP/1.1\r\nHost: {NAME}:{host.port}\r\nConnection: close\r\n".encode()
            await box.tunnelled(
                head + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"3\r\nabc\r\n",
                b"2\r\nde\r\n0\r\n\r\n",
                port=host.port,
            )

    assert host.heard[0].endswith(b"\r\n\r\nabcde")
    assert b"content-length: 5" in host.heard[0].lower()
    assert b"chunked" not in host.heard[0].lower()


async def test_plain_http_goes_out_where_it_was_allowed(tmp_path: Path) -> None:
    async with rig.host() as host:
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port, scheme="http"))
        async with out.box() as box:
            got = await box.raw(
                f"GET http://{NAME}:{host.port}/a HTTP/1.1\r\nHost: {NAME}:{host.port}\r\n".encode() + CLOSE + b"\r\n"
            )

    assert got.endswith(b"hello")
    assert host.heard[0].startswith(b"GET /a HTTP/1.1")


async def test_another_host_is_refused_before_anybody_is_asked_for_its_address(tmp_path: Path) -> None:
    async with rig.sink() as sink:
        out = rig.way_out(tmp_path, Host(name=NAME, port=443))
        async with out.box() as box:
            tunnel = await box.tunnelled(b"", name="evil.example.org", port=sink.port)
            plain = await box.raw(
                f"GET http://evil.example.org:{sink.port}/ HTTP/1.1\r\nHost: evil.example.org:{sink.port}\r\n\r\n".encode()
            )
            address = await box.tunnelled(b"", name="127.0.0.1", port=sink.port)

    assert [each[9:12] for each in (tunnel, plain, address)] == [b"403", b"403", b"403"]
    assert sink.connections == 0
    assert [(kind, refusal.host) for kind, refusal, _ in out.told] == [
        ("refused", "evil.example.org"),
        ("refused", "evil.example.org"),
        ("refused", "127.0.0.1"),
    ]


async def test_a_host_whose_certificate_is_not_its_own_gets_nothing(tmp_path: Path) -> None:
    stranger, other = rig.authority_of(), rig.authority_of("other.example.org")
    for shown, trusted in ((stranger, AUTHORITY), (other, other)):
        async with rig.host(tls=shown) as host:
            out = rig.way_out(tmp_path, Host(name=NAME, port=host.port), trusting=trusted, credentials=CREDENTIAL)
            async with out.box() as box:
                got = await box.get(port=host.port)

        assert got.startswith(b"HTTP/1.1 502")
        assert host.heard == []
        assert out.kinds == ["failed"]


class Rebound:
    """A name that is outside when it is looked at, and inside when it is asked for again."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, name: str, port: int) -> Sequence[str]:
        self.asked += 1
        return ["192.0.2.1"] if self.asked == 1 else ["127.0.0.1"]


class DialsNames(Dialer):
    """A broken proxy: it looks at the address, and then dials the name."""

    async def dial(self, host: Host, at: Endpoint) -> ByteStream:
        await self.lookup.resolver(at.name, at.port)
        address = (await self.lookup.resolver(at.name, at.port))[0]
        return await anyio.connect_tcp(address, at.port)


class LooksAtNothing(Lookup):
    """A broken proxy: every address is well."""

    def allows(self, text: str) -> bool:
        return True


async def reached_inside(tmp_path: Path, *, dialer: type[Dialer] = Dialer, lookup: type[Lookup] = Lookup) -> int:
    """Connections to this machine by way of a name that leads there, once at once and once at the second look."""

    async def inside(name: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with rig.sink() as sink:
        for number, resolver in enumerate((inside, Rebound())):
            host = Host(name=NAME, port=sink.port, scheme="http")
            out = rig.way_out(tmp_path / str(number), host, dialer=dialer, loopback=False)
            out.way.dialer = dialer(lookup=lookup(resolver=resolver), trusted=out.way.dialer.trusted)
            async with out.box() as box:
                await box.raw(
                    f"GET http://{NAME}:{sink.port}/ HTTP/1.1\r\nHost: {NAME}:{sink.port}\r\n".encode()
                    + CLOSE
                    + b"\r\n"
                )
        return sink.connections


async def test_a_name_that_leads_inside_reaches_nobody_at_the_first_look_nor_at_the_second(tmp_path: Path) -> None:
    assert await reached_inside(tmp_path) == 0


@pytest.mark.parametrize("broken", [{"dialer": DialsNames}, {"lookup": LooksAtNothing}])
async def test_a_proxy_that_does_not_look_when_it_dials_is_found_out(tmp_path: Path, broken: dict[str, type]) -> None:
    assert await reached_inside(tmp_path, **broken) > 0


async def test_a_redirect_is_an_answer_and_nobody_goes_there(tmp_path: Path) -> None:
    assert await followed(tmp_path) == 0


class FollowsRedirects(Passage):
    """A broken proxy: it goes wherever an answer points, as so many clients do."""

    async def answer(self, asked: Asked, host: Host) -> Answer | Refused:
        came = await Passage.answer(self, asked, host)
        if isinstance(came, Answer) and came.status == 302:
            port = int(dict(came.headers)[b"location"].rpartition(b":")[2])
            await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
        return came


async def test_a_proxy_that_follows_redirects_is_found_out(tmp_path: Path) -> None:
    assert await followed(tmp_path, FollowsRedirects) == 1


async def followed(tmp_path: Path, passage: type[Passage] = Passage) -> int:
    async with rig.sink() as sink:
        location = b"Location: http://127.0.0.1:%d" % sink.port
        async with rig.host(answer(b"", location, status=b"302 Found"), tls=AUTHORITY) as host:
            out = rig.way_out(tmp_path, Host(name=NAME, port=host.port), trusting=AUTHORITY, passage=passage)
            async with out.box() as box:
                got = await box.get(port=host.port)
        assert got.startswith(b"HTTP/1.1 302")
        assert location.lower() in got.lower()
        return sink.connections


async def test_a_credential_is_added_outside_in_the_place_of_what_the_box_wrote(tmp_path: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        hosts = Host(name=NAME, port=host.port, credential="key")
        out = rig.way_out(tmp_path, hosts, trusting=AUTHORITY, credentials=CREDENTIAL)
        async with out.box() as box:
            got = await box.get(port=host.port, more=b"Authorization: Bearer mine\r\nAccept-Encoding: br\r\n")

    assert host.heard[0].lower().count(b"authorization:") == 1
    assert f"bearer {KEY}".lower().encode() in host.heard[0].lower()
    assert b"accept-encoding: identity" in host.heard[0].lower()
    assert got.endswith(b"hello")
    assert KEY.encode() not in got


async def test_a_credential_goes_to_no_host_but_its_own(tmp_path: Path) -> None:
    name = "other.example.org"
    ours = rig.authority_of(name)
    async with rig.host(tls=ours) as host:
        hosts = Host(name=name, port=host.port, credential="key")
        out = rig.way_out(tmp_path, hosts, trusting=ours, credentials=CREDENTIAL)
        async with out.box() as box:
            got = await box.get(port=host.port, name=name)

    assert got.startswith(b"HTTP/1.1 403")
    assert host.connections == 0


ECHOES = {
    "body": answer(f'{{"headers": {{"authorization": "Bearer {KEY}"}}}}'.encode()),
    "header": answer(b"", b"X-You-Sent: Bearer " + KEY.encode()),
    "redirect": answer(b"", b"Location: https://data.example.org/?key=" + KEY.encode(), status=b"302 Found"),
    "base64": answer(base64.b64encode(b"x" + KEY.encode())),
    "hex": answer(KEY.encode().hex().encode()),
    "packed": answer(gzip.compress(KEY.encode()), b"Content-Encoding: gzip"),
    "packed twice": answer(gzip.compress(b"a") + gzip.compress(KEY.encode()), b"Content-Encoding: gzip"),
    "packed unreadably": answer(b"\x8b\x00\x80" + b"x" * 20, b"Content-Encoding: br"),
    "cookie": answer(b"", b"Set-Cookie: token=" + KEY.encode()),
}


@pytest.mark.parametrize("echo", ECHOES)
async def test_an_answer_that_holds_the_credential_does_not_come_in(tmp_path: Path, echo: str) -> None:
    assert KEY.encode() not in await answered(tmp_path, ECHOES[echo])


class Leaks(Passage):
    """A broken proxy: it hands on whatever a host says."""

    def _echoes(self, answer: Answer, credential: Credential | None) -> bool:
        return False


async def test_a_proxy_that_hands_the_credential_on_is_found_out(tmp_path: Path) -> None:
    assert KEY.encode() in await answered(tmp_path, ECHOES["body"], Leaks)


async def answered(tmp_path: Path, echo: bytes, passage: type[Passage] = Passage) -> bytes:
    """Everything that a box gets to see of an answer, unpacked where it is packed."""
    async with rig.host(echo, tls=AUTHORITY) as host:
        hosts = Host(name=NAME, port=host.port, credential="key")
        out = rig.way_out(tmp_path, hosts, trusting=AUTHORITY, credentials=CREDENTIAL, passage=passage)
        async with out.box() as box:
            got = await box.get(port=host.port)
    assert host.heard
    return got


async def test_a_packed_answer_without_the_credential_comes_in_as_it_is(tmp_path: Path) -> None:
    packed = gzip.compress(b"hello")

    assert (await answered(tmp_path, answer(packed, b"Content-Encoding: gzip"))).endswith(packed)


@pytest.mark.parametrize("where", ["path", "query", "header", "body", "host", "base64"])
async def test_a_canary_does_not_get_out_and_is_told(tmp_path: Path, where: str) -> None:
    canary = CANARIES.values["vault_token"]
    spelt = base64.b64encode(f"k={canary}".encode()).decode() if where == "base64" else canary
    async with rig.host(tls=AUTHORITY) as host:
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port, methods=("POST",)), trusting=AUTHORITY)
        async with out.box() as box:
            if where == "host":
                await box.tunnelled(b"", name=f"{CANARIES.values['netrc_password']}.example.org", port=443)
            else:
                path = {"path": f"/{spelt}", "query": f"/?q={spelt}"}.get(where, "/")
                body = spelt.encode() if where in {"body", "base64"} else b""
                header = f"X-Key: {spelt}\r\n" if where == "header" else ""
                head = f"POST {path} HTTP/1.1\r\nHost: {NAME}:{host.port}\r\n{header}Content-Length: {len(body)}\r\n"
                await box.tunnelled(head.encode() + CLOSE + b"\r\n" + body, port=host.port)

    assert host.heard == []
    assert [kind for kind, _, _ in out.told] == ["stolen"]


async def test_the_totals_tell_hosts_and_counts_and_no_path(tmp_path: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        out = rig.way_out(tmp_path, Host(name=NAME, port=host.port), trusting=AUTHORITY)
        async with out.box() as box:
            await box.get("/secret-path?token=1234", port=host.port)
            await box.tunnelled(b"", name="evil.example.org", port=443)

    told = {name: (count.asked, count.refused) for name, count in out.way.totals.hosts.items()}
    assert told == {NAME: (1, 0), "evil.example.org": (0, 1)}
    assert out.way.totals.hosts[NAME].received_bytes == len(OK)
    assert "secret-path" not in json.dumps(list(out.way.totals.hosts))
