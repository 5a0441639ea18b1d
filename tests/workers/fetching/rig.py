"""A git host on loopback: real repositories behind real `git http-backend`, and ways in which a host may misbehave."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

TOKEN = "ghs_" + "canary0123456789" * 4


@dataclass(slots=True)
class Host:
    """The host's state; tests set how it behaves."""

    root: Path
    port: int = 0
    redirect_to: str = ""
    """Answer everything with a redirect to this address."""
    silent_s: float = 0.0
    """Wait so long before every answer."""
    asked: list[str] = field(default_factory=list[str])
    """Paths that were asked for with the right token."""
    refused: int = 0

    @property
    def url(self) -> str:
        """As the git host's address in the settings."""
        return f"http://127.0.0.1:{self.port}"

    def repository(self, name: str, files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> str:
        """Make a repository of one commit; its SHA."""
        bare = self.root / f"{name}.git"
        work = self.root / f"{name}.work"
        work.mkdir(parents=True)
        _git(work, "init", "--quiet", "--initial-branch=main")
        for path, raw in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(raw)
        for path, target in (links or {}).items():
            (work / path).symlink_to(target)
        _git(work, "add", "--all")
        _git(work, "commit", "--quiet", "--message=first", "--allow-empty")
        _git(self.root, "clone", "--quiet", "--bare", str(work), str(bare))
        _git(bare, "config", "uploadpack.allowFilter", "true")
        _git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        return _git(bare, "rev-parse", "HEAD")


def _git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@contextmanager
def serving(root: Path) -> Generator[Host]:
    host = Host(root)
    handler = type("Handler", (_Handler,), {"host": host})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        host.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield host
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    host: Host

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        time.sleep(self.host.silent_s)
        if self.host.redirect_to:
            self._head(302, {"Location": self.host.redirect_to})
            return
        if not self._authorised():
            self.host.refused += 1
            self._head(401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Length": "0"})
            return
        self.host.asked.append(self.path)
        head, _, rest = self._backend(body).partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._head(int(fields.pop("Status", "200")[:3]), fields)
        self.wfile.write(rest)

    def _authorised(self) -> bool:
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        return kind == "Basic" and base64.b64decode(rest).decode() == f"x-access-token:{TOKEN}"

    def _head(self, status: int, fields: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()

    def _backend(self, body: bytes) -> bytes:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.host.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "x-access-token",
        }
        return subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False
        ).stdout

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has in the library
        """Say nothing."""
