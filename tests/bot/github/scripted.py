"""A GitHub that answers what a test tells it to, over real HTTP: for answers that a well-behaved one never gives."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.app_auth import keys_of
from bot.github import Clock, Pace, connect

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from bot.github import GitHub

NAME = "octo-org/demo"
ID = 7
INSTALLATION = 3


def new_pem() -> str:
    """A key as GitHub makes them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


PEM = new_pem()


@dataclass(kw_only=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cut: bool = False
    """The connection ends in the middle of the body."""


@dataclass(kw_only=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Time:
    """A clock that only waiting moves."""

    at: float = 1_750_000_000.0
    waited: list[float] = field(default_factory=list[float])

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


@dataclass(kw_only=True)
class Scripted:
    """Answers calls by `METHOD /path`: one reply after the other, the last one for ever."""

    time: Time = field(default_factory=Time)
    skew_s: float = 0.0
    """Its clock minus ours."""
    replies: dict[str, list[Reply | Callable[[Call], Reply]]] = field(
        default_factory=dict[str, "list[Reply | Callable[[Call], Reply]]"]
    )
    calls: list[Call] = field(default_factory=list[Call])
    minted: int = 0
    url: str = ""

    def on(self, what: str, *replies: Reply | Callable[[Call], Reply]) -> None:
        self.replies[what] = list(replies)

    def seen(self, what: str) -> list[Call]:
        return [call for call in self.calls if f"{call.method} {call.path.partition('?')[0]}" == what]

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        what = f"{call.method} {call.path.partition('?')[0]}"
        planned = self.replies.get(what)
        if planned:
            reply = planned.pop(0) if len(planned) > 1 else planned[0]
            return reply if isinstance(reply, Reply) else reply(call)
        if call.path.endswith("/access_tokens"):
            return self.mint(call)
        if what == f"GET /repos/{NAME}":
            return Reply(body={"id": ID, "full_name": NAME})
        return Reply(status=404, body={"message": "Not Found"})

    def mint(self, call: Call, name: str = NAME) -> Reply:
        """A token, to whoever signs within the window that GitHub allows."""
        claims = jwt.decode(call.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
        now = self.time.now() + self.skew_s
        if claims["iat"] > now or not now < claims["exp"] <= now + 600:
            return Reply(status=401, body={"message": "'Expiration time' claim ('exp') is too far in the future"})
        self.minted += 1
        expires = datetime.fromtimestamp(self.time.now() + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        repositories = [{"id": repository, "full_name": name} for repository in call.json["repository_ids"]]
        token = f"ghs_{self.minted:036d}"
        return Reply(status=201, body={"token": token, "expires_at": expires, "repositories": repositories})

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (call := await self._read(reader)) is not None:
                reply = self.answer(call)
                writer.write(self._bytes(reply))
                await writer.drain()
                if reply.cut:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Call | None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Call(method=method, path=path, headers=headers, body=body, at=self.time.now())

    def _bytes(self, reply: Reply) -> bytes:
        body = (
            reply.body
            if isinstance(reply.body, bytes)
            else b""
            if reply.body is None
            else json.dumps(reply.body).encode()
        )
        headers = {
            "Date": formatdate(self.time.now() + self.skew_s, usegmt=True),
            "Content-Length": str(len(body) + (10 if reply.cut else 0)),
        } | reply.headers
        head = f"HTTP/1.1 {reply.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return head.encode() + b"\r\n" + body


@asynccontextmanager
async def scripted(*pems: str, pace: Pace | None = None) -> AsyncGenerator[tuple[Scripted, GitHub]]:
    """The scripted GitHub and a client of it, on one clock."""
    hub = Scripted()
    server = await asyncio.start_server(hub.handle, "127.0.0.1", 0)
    hub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    clock = Clock(now=hub.time.now, sleep=hub.time.sleep)
    keys = tuple(key for pem in pems or (PEM,) for key in keys_of(pem))
    async with connect(
        api_url=hub.url, app_id=1, keys=lambda: keys, clock=clock, pace=pace or Pace(gap_s=0), timeout_s=5
    ) as github:
        yield hub, github
    server.close()
