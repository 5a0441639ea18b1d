"""The HTTP side: sorts API, git and pages, carries out planned faults, keeps the audit log."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tests.fake_github import git_http
from tests.fake_github.api import Reply
from tests.fake_github.audit import Audit, Line
from tests.fake_github.auth import Caller
from tests.fake_github.faults import BEFORE, Fault, Faults
from tests.fake_github.limits import secondary_refusal
from tests.fake_github.refusals import Refusal
from tests.fake_github.routing import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from tests.fake_github.api import Api
    from tests.fake_github.faults import Planned
    from tests.fake_github.git_http import GitCall
    from tests.fake_github.world import World

START_S = 10
PAGE = "<!DOCTYPE html><html><body><h1>Unicorn!</h1></body></html>"


class Door:
    """The ASGI application."""

    def __init__(
        self, world: World, api: Api, faults: Faults, audit: Audit, pages: Callable[[str, str, bytes], Reply | None]
    ) -> None:
        self._world, self._api, self._faults, self._audit, self._pages = world, api, faults, audit, pages
        self.connections: dict[tuple[str, int], asyncio.Transport] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        path = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode()
        # The addresses of an Enterprise Server, told as those of github.com.
        path = "/graphql" if path == "/api/graphql" else path.removeprefix("/api/v3") or "/"
        fault = self._faults.take(scope["method"], path)
        headers = {key.decode().lower(): value.decode("latin-1") for key, value in scope["headers"]}
        request = Request(
            method=scope["method"],
            path=path,
            query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            headers=headers,
            body=_parsed(body),
        )
        reply = await self._faulty(fault, request, scope["query_string"].decode(), body)
        self._note(request, body, reply, fault)
        await self._deliver(scope, send, reply, fault)

    async def _faulty(self, fault: Planned | None, request: Request, query: str, body: bytes) -> Reply:
        """What the server makes of the call; what then reaches the caller is another matter (`_deliver`)."""
        if fault is not None and fault.kind in BEFORE:
            return self._instead(fault)
        if fault is not None and fault.kind is Fault.SLOW:
            await asyncio.sleep(fault.seconds)
        return await self._answer(request, query, body)

    def _instead(self, fault: Planned) -> Reply:
        if fault.kind is Fault.GARBAGE:
            return Reply(status=200, content=PAGE.encode(), headers={"Content-Type": "text/html"})
        if fault.kind in {Fault.REFUSED, Fault.RESET}:
            return bad_gateway()
        if fault.kind is Fault.PRIMARY_LIMIT:
            return self._api.refused(
                self._api.limits.primary_refusal(Caller(), reset=self._world.now() + fault.seconds)
            )
        return self._api.refused(secondary_refusal(fault.seconds if fault.kind is Fault.SECONDARY_LIMIT else None))

    async def _answer(self, request: Request, query: str, body: bytes) -> Reply:
        git = git_http.git_call(request.method, unquote(request.path), query, request.headers, body)
        if git is not None:
            return await self._git(git)
        return await asyncio.to_thread(self._page_or_api, request, body)

    def _page_or_api(self, request: Request, body: bytes) -> Reply:
        return self._pages(request.method, unquote(request.path), body) or self._api.reply(request)

    async def _git(self, call: GitCall) -> Reply:
        operation = f"git {call.service}"
        try:
            repo, caller = await asyncio.to_thread(git_http.admitted, self._world, call)
        except Refusal as refusal:
            return Reply(
                status=refusal.status, content=str(refusal).encode(), headers=refusal.headers, operation=operation
            )
        status, headers, content = await git_http.run(self._world, call, repo, caller)
        return Reply(status=status, content=content, headers=headers, caller=caller, operation=operation)

    def _note(self, request: Request, body: bytes, reply: Reply, fault: Planned | None) -> None:
        self._audit.add(
            Line(
                at=self._world.now(),
                method=request.method,
                path=unquote(request.path),
                query=request.query,
                operation=reply.operation,
                scope=reply.caller.scope,
                body=request.body,
                digest=hashlib.sha256(body).hexdigest(),
                status=reply.status,
                fault=fault.kind if fault else None,
                failed=reply.failed,
            )
        )

    async def _deliver(self, scope: Scope, send: Send, reply: Reply, fault: Planned | None) -> None:
        kind = fault.kind if fault else None
        if kind in {Fault.RESET, Fault.RESET_AFTER}:
            self._transport(scope).abort()
            await asyncio.sleep(0)  # uvicorn learns of it first, or it would complain that nothing was answered
            return
        if kind is Fault.APPLIED:
            reply = bad_gateway()
        headers = [(key.encode(), value.encode("latin-1")) for key, value in reply.headers.items()]
        if reply.status not in {204, 304}:
            headers.append((b"content-length", str(len(reply.content)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if kind is Fault.TRUNCATED:
            half = reply.content[: len(reply.content) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            self._transport(scope).close()
            return
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.content})

    def _transport(self, scope: Scope) -> asyncio.Transport:
        return self.connections[tuple(scope["client"])]


class Server:
    """uvicorn on a free port of the loopback, in a thread of its own."""

    def __init__(self, door: Door, port: int = 0) -> None:
        connections = door.connections

        class Watched(HttpToolsProtocol):
            """Remembers its connection, so that a fault can reset it."""

            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                connections[transport.get_extra_info("peername")] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        # asyncio switches Nagle's algorithm off only where the protocol is named; with it every answer takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(1024)
        self.port: int = self._socket.getsockname()[1]
        self._connections = connections
        self._config = uvicorn.Config(door, log_config=None, access_log=False, date_header=False, server_header=False)
        self._config.load()
        self._protocol = Watched
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name="fake-github", daemon=True)
        self._ready = threading.Event()

    def start(self) -> None:
        """Returns once requests are taken."""
        self._thread.start()
        if not self._ready.wait(START_S):
            raise TimeoutError("the fake did not start")

    def stop(self) -> None:
        """Open connections are cut."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(START_S)

    async def _serve(self) -> None:
        # uvicorn's protocol without its server: that one looks only ten times a second whether it should end.
        self._loop, state = asyncio.get_running_loop(), ServerState()
        server = await self._loop.create_server(lambda: self._protocol(self._config, state, {}), sock=self._socket)
        self._ready.set()
        await self._over.wait()
        server.close()
        for transport in list(self._connections.values()):
            transport.abort()


def bad_gateway() -> Reply:
    return Reply(status=502, content=b'{"message":"Server Error"}', headers={"Content-Type": "application/json"})


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
