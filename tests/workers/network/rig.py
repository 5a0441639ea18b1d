"""What the tests of the network share: hosts on loopback with certificates of their own, and clients that stand for a box."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.contract.canaries import Canaries
from workers.contract.network import Network
from workers.network.addresses import Lookup
from workers.network.authority import Authority, authority
from workers.network.cassette import Cassette
from workers.network.counting import Totals
from workers.network.dialing import Dialer, trust
from workers.network.passing import Passage, Way
from workers.network.serving import Door, serve
from workers.network.talk import Trial

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from workers.contract.network import Host, Misses
    from workers.network.addresses import Resolver
    from workers.network.credentials import Credential
    from workers.network.deciding import Refused
    from workers.network.passing import Kind

NAME = "data.example.org"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class HostUnderTest:
    """A server that keeps what it is sent and answers with bytes as they are."""

    answers: list[bytes] = field(default_factory=lambda: [OK])
    """In turn; the last again and again."""
    port: int = 0
    heard: list[bytes] = field(default_factory=list[bytes])
    """One request each: its head and what of its body came along."""
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            self.heard.append(head + await reader.readexactly(length))
            writer.write(self.answers[min(len(self.heard), len(self.answers)) - 1])
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def host(
    *answers: bytes, tls: Authority | None = None, handler: Callable[..., Awaitable[None]] | None = None
) -> AsyncGenerator[HostUnderTest]:
    """A host on loopback; with `tls` it speaks TLS by that authority."""
    made = HostUnderTest(list(answers) or [OK])
    server = await asyncio.start_server(handler or made.serve, "127.0.0.1", 0, ssl=tls.context if tls else None)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


def authority_of(*names: str) -> Authority:
    """Somebody's authority on the internet, as far as these tests know it."""
    return authority(names or (NAME,))


def trial(*authorities: Authority, **addresses: str) -> Trial:
    """Every name of these tests on this machine, by these authorities."""
    named = {NAME: ["127.0.0.1"]} | {name.replace("_", "."): [address] for name, address in addresses.items()}
    return Trial(addresses=named, certificates="".join(each.certificate.decode() for each in authorities))


@dataclass
class Client:
    """A box's side: a raw connection to the socket that it is shown."""

    socket: Path
    certificate: str

    async def raw(self, *parts: bytes) -> bytes:
        """Send as it is; everything that comes back until the other end closes or falls silent."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await _rest(reader, writer)

    async def tunnelled(self, *parts: bytes, name: str = NAME, port: int, sni: str | None = None) -> bytes:
        """Open a tunnel and send inside it; the proxy's own words where there is none."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        writer.write(f"CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            return head + await _rest(reader, writer)
        context = ssl.create_default_context(cadata=self.certificate)
        await writer.start_tls(context, server_hostname=sni or name)
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await _rest(reader, writer)

    async def get(
        self, path: str = "/", *, port: int, name: str = NAME, more: bytes = b"", method: str = "GET"
    ) -> bytes:
        """One request inside a tunnel."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n".encode()
        return await self.tunnelled(head + more + b"\r\n", port=port, name=name)


async def _rest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@dataclass
class Sink:
    """An attacker's server: any connection to it fails the case."""

    port: int = 0
    connections: int = 0


@asynccontextmanager
async def sink() -> AsyncGenerator[Sink]:
    """A listener that has to stay silent."""
    made = Sink()

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@dataclass
class WayOut:
    """A proxy in this process: the parts as they are, put together as the proxy does."""

    way: Way
    tls: Authority
    folder: Path
    passage: type[Passage] = Passage
    patience_s: float = 60.0
    told: list[tuple[Kind, Refused, str]] = field(default_factory=list[tuple["Kind", "Refused", str]])
    boxes: int = 0

    @asynccontextmanager
    async def box(self, scope: str = "a.ipynb") -> AsyncGenerator[Client]:
        """A box's end of it."""
        self.boxes += 1
        path = self.folder / f"out-{self.boxes}"
        listener = socket.socket(socket.AF_UNIX)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own way
        listener.bind(str(path))
        listener.listen()
        first = scope not in self.way.begun
        self.way.begun.add(scope)
        passage = self.passage(way=self.way, box=self.boxes, scope=scope, first=first, tell=self._tell)
        hosts = self.way.network.hosts
        door = Door(
            tls=self.tls.context,
            hosts=hosts,
            answer=passage.answer,
            refused=passage.refused,
            idle_s=self.patience_s,
        )
        task = asyncio.create_task(serve(listener, door))
        try:
            yield Client(path, self.tls.certificate.decode())
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            path.unlink()

    def _tell(self, kind: Kind, refusal: Refused, method: str) -> None:
        self.told.append((kind, refusal, method))

    @property
    def kinds(self) -> list[Kind]:
        """Why nothing came of requests, in order."""
        return [kind for kind, _, _ in self.told]


def way_out(
    folder: Path,
    *hosts: Host,
    trusting: Authority | None = None,
    resolver: Resolver | None = None,
    loopback: bool = True,
    credentials: Mapping[str, Credential] | None = None,
    recording: Path | None = None,
    misses: Misses = "record",
    cap_bytes: int = 64 << 20,
    passage: type[Passage] = Passage,
    dialer: type[Dialer] = Dialer,
    patience_s: float = 60.0,
) -> WayOut:
    """A proxy for these hosts, which are all on this machine."""
    folder.mkdir(exist_ok=True)
    certificates = "" if trusting is None else trusting.certificate.decode()
    lookup = Lookup(resolver=resolver or _here, loopback=loopback)
    way = Way(
        network=Network(hosts=hosts, misses=misses),
        credentials=credentials or {},
        canaries=CANARIES,
        dialer=dialer(lookup=lookup, trusted=trust(certificates)),
        totals=Totals(cap_bytes),
        answer_s=patience_s,
        cassette=None
        if recording is None
        else Cassette.opened(os.open(recording, os.O_RDWR | os.O_CREAT | os.O_APPEND)),
    )
    return WayOut(way, authority([host.name for host in hosts] or [NAME]), folder, passage, patience_s)


async def _here(name: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


CANARIES = Canaries.fresh()
