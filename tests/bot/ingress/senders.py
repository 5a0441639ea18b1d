"""Sending deliveries as GitHub does, and otherwise; a web process of one's own to send them to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bot import signature
from workers.contract.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

SECRET = "a secret for deliveries"
STARTS_S = 30.0
ANSWER_S = 30.0


def push(number: int = 0, *, padding: int = 0) -> bytes:
    """The body of a push; another one for every number."""
    after = f"{number:040x}"
    return json.dumps(
        {
            "ref": "refs/heads/main",
            "after": after,
            "repository": {"id": 7, "full_name": "octo/demo", "default_branch": "main"},
            "installation": {"id": 3},
            "padding": "x" * padding,
        }
    ).encode()


def headers(body: bytes, *, secret: str = SECRET, event: str = "push", guid: str | None = None) -> dict[str, str]:
    """As GitHub sends them."""
    return {
        "Host": "mendloop.test",
        "User-Agent": "GitHub-Hookshot/0000000",
        "Accept": "*/*",
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid or str(uuid4()),
        "X-Hub-Signature-256": signature.sign(secret.encode(), body).decode(),
    }


def head(fields: Mapping[str, str | None], *, length: int | None) -> bytes:
    """The head of a request; a field that is None is left out."""
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(["POST /webhook HTTP/1.1", *lines, "", ""]).encode()


def request(body: bytes, *, last: bool = False, **kwargs: Any) -> bytes:
    """One delivery, byte by byte; the last one on its connection or not."""
    fields = headers(body, **kwargs) | ({"Connection": "close"} if last else {})
    return head(fields, length=len(body)) + body


def exchange(port: int, sent: bytes, *, timeout_s: float = ANSWER_S) -> bytes:
    """Send bytes, and all that comes until the other side hangs up or says nothing for `timeout_s`."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        # Who is cut off in the middle of a body may have been answered all the same.
        with suppress(OSError):
            connection.sendall(sent)
        return received(connection)


def received(connection: socket.socket) -> bytes:
    """All that comes until the connection ends."""
    answer = b""
    with suppress(ConnectionResetError, TimeoutError):
        while piece := connection.recv(65536):
            answer += piece
    return answer


def status(answer: bytes) -> int:
    """Of the first response; 0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@dataclass(slots=True)
class Receiver:
    """A web process with a ledger of its own, or one that others use too."""

    folder: Path
    ledger: Path
    port: int
    variables: dict[str, str] = field(default_factory=dict[str, str])
    module: str = "bot.web"
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "web.log"

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "MENDLOOP_STATE_DIR": str(self.folder),
            "MENDLOOP_LEDGER_URL": f"sqlite:///{self.ledger}",
            "MENDLOOP_WEBHOOK_SECRET": SECRET,
            "MENDLOOP_PORT": str(self.port),
        } | self.variables
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + STARTS_S
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, "the web process does not start"
            time.sleep(0.02)

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def send(self, body: bytes, **kwargs: Any) -> int:
        """One signed delivery; the answer's status."""
        return status(exchange(self.port, request(body, last=True, **kwargs)))

    def rows(self) -> int:
        return rows(self.ledger)

    def peak_bytes(self) -> int:
        """The most that the process ever held in memory."""
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def rows(ledger: Path) -> int:
    """How many deliveries are stored."""
    connection = sqlite3.connect(ledger, timeout=20)
    try:
        return connection.execute("select count(*) from deliveries").fetchone()[0]
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_ledger(path: Path) -> Path:
    """An empty ledger."""

    async def make() -> None:
        await (await open_ledger(f"sqlite:///{path}", create=True)).close()

    asyncio.run(make())
    return path


@contextmanager
def receiver(
    folder: Path, *, ledger: Path | None = None, module: str = "bot.web", **variables: str
) -> Generator[Receiver]:
    """A started web process, stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    place = ledger or make_ledger(folder / "ledger.sqlite3")
    started = Receiver(folder, place, free_port(), variables, module)
    started.start()
    try:
        yield started
    finally:
        started.stop()


class Sender(asyncio.Protocol):
    """One connection that sends what is left of a shared list, one request after the other."""

    def __init__(self, left: list[bytes], answers: list[tuple[int, float]], done: asyncio.Future[None]) -> None:
        self.left, self.answers, self.done = left, answers, done
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or len(self.buffer) < end + 4 + _length(self.buffer[:end]):
            return
        self.answers.append((status(self.buffer), time.perf_counter() - self.sent_at))
        self.buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _next(self) -> None:
        assert self.transport is not None
        if not self.left:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(self.left.pop())


def _length(response_head: bytes) -> int:
    fields = response_head.lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in fields if line.startswith(b"content-length:")), 0)


async def send_all(ports: list[int], requests: list[bytes], connections: int) -> list[tuple[int, float]]:
    """Send requests over `connections` connections at once, spread over the ports; (status, seconds) of each answer."""
    loop = asyncio.get_running_loop()
    left, answers = list(requests), list[tuple[int, float]]()
    endings = [loop.create_future() for _ in range(connections)]

    async def connect(index: int, done: asyncio.Future[None]) -> None:
        await loop.create_connection(lambda: Sender(left, answers, done), "127.0.0.1", ports[index % len(ports)])
        await done

    async with asyncio.timeout(120):
        await asyncio.gather(*(connect(index, done) for index, done in enumerate(endings)))
    return answers
