"""A package index on loopback that says when its files were published."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path


def write_pages(folder: Path, published: Mapping[Path, str]) -> None:
    """A page for every package under `folder`/simple, for wheels that lie under `folder`."""
    for name in {wheel.name.partition("-")[0] for wheel in published}:
        page = folder / "simple" / name / "index.json"
        page.parent.mkdir(parents=True)
        files = [
            {
                "filename": wheel.name,
                "url": f"/{wheel.relative_to(folder).as_posix()}",
                "hashes": {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()},
                "upload-time": day,
            }
            for wheel, day in published.items()
            if wheel.name.startswith(f"{name}-")
        ]
        page.write_text(json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}))


class _Pages(SimpleHTTPRequestHandler):
    index_pages = ("index.json",)

    def translate_path(self, path: str) -> str:
        place = super().translate_path(path)
        return f"{place}/index.json" if path.startswith("/simple/") else place

    def guess_type(self, path: object) -> str:
        return "application/vnd.pypi.simple.v1+json" if str(path).endswith(".json") else "application/octet-stream"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def serving(folder: Path) -> Generator[dict[str, str]]:
    """The variable that puts the index in `folder` before the others, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield {"UV_INDEX": f"http://127.0.0.1:{server.server_address[1]}/simple"}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
