"""A package index on loopback, made of a folder of wheels, that can also lie, dawdle, lead astray and keep a log."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from packaging.utils import parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@dataclass
class LocalIndex:
    """What it serves and how; changed by tests while it runs."""

    folder: Path
    port: int = 0
    redirects: dict[str, str] = field(default_factory=dict[str, str])
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    hashes: dict[str, str] = field(default_factory=dict[str, str])
    """Filename -> what the page says instead of the truth."""
    links: dict[str, str] = field(default_factory=dict[str, str])
    """Filename -> where the page says it lies."""
    uploaded: dict[str, str] = field(default_factory=dict[str, str])
    delay_s: float = 0.0
    authorization: str = ""
    metadata: bool = True
    log: list[str] = field(default_factory=list[str])
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """(path, Authorization) of every request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple"

    @property
    def settings(self) -> dict[str, str]:
        """Variables that choose it."""
        return {"UV_DEFAULT_INDEX": self.url}

    def answer(self, path: str, authorization: str, ranged: str) -> tuple[int, dict[str, str], bytes]:
        self.log.append(path)
        self.headers.append((path, authorization))
        time.sleep(self.delay_s)
        if self.authorization and authorization != self.authorization:
            return 401, {}, b""
        if path in self.redirects:
            return 302, {"Location": self.redirects[path]}, b""
        if path in self.statuses:
            return self.statuses[path], {}, b""
        part = path.strip("/").split("/")
        if part[0] == "simple" and len(part) == 2:
            return self._page(part[1])
        return self._file(path.rpartition("/")[2], ranged)

    def _page(self, name: str) -> tuple[int, dict[str, str], bytes]:
        files = [self._entry(path) for path in sorted(self.folder.iterdir()) if _name(path) == name]
        page = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()
        kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
        return (200, kind, page) if files else (404, {}, b"")

    def _entry(self, path: Path) -> dict[str, object]:
        digest = self.hashes.get(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
        entry: dict[str, object] = {
            "filename": path.name,
            "url": self.links.get(path.name, f"/files/{path.name}"),
            "hashes": {"sha256": digest},
        }
        if path.name in self.uploaded:
            entry["upload-time"] = self.uploaded[path.name]
        return entry

    def _file(self, name: str, ranged: str) -> tuple[int, dict[str, str], bytes]:
        path = self.folder / name
        if not path.is_file():
            return 404, {}, b""
        content = path.read_bytes()
        if not ranged:
            return 200, {}, content
        start, _, end = ranged.removeprefix("bytes=").partition("-")
        first = len(content) - int(end) if not start else int(start)
        first, last = max(0, first), len(content) if not start else int(end) + 1
        return 206, {"Content-Range": f"bytes {first}-{last - 1}/{len(content)}"}, content[first:last]


def _name(path: Path) -> str:
    parse = parse_wheel_filename if path.suffix == ".whl" else parse_sdist_filename
    return parse(path.name)[0]


@contextmanager
def serving(folder: Path) -> Generator[LocalIndex]:
    """Until the block ends."""
    index = LocalIndex(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Authorization", ""), self.headers.get("Range", "")
            status, headers, content = index.answer(self.path, *asked)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
