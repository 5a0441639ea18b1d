"""The index that an install box sees: pages and metadata of the configured ones, and not a byte more.

Listens on a unix socket that is bound into the box; nothing that is asked goes anywhere as it is. A request is taken apart
into the number of a source and a normalised name or a file's name that a page has shown, and what is asked outside is
written by us. No query passes, no file's content is given out: the files of a lock are fetched by who holds the lock.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h11

from workers.contract.errors import EnvironmentBuildError
from workers.environments import listing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from workers.environments.catalogue import Catalogue
    from workers.environments.listing import File

_CHUNK_BYTES = 1 << 16
_IDLE_S = 60.0
_REQUEST_BYTES = 4096
_REQUESTS = 50_000
_PATH = re.compile(r"/(\d{1,3})/(?:simple/([a-z0-9-]{1,100})/|files/([A-Za-z0-9._+!-]{1,260})\.metadata|(links)/?)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    content: bytes = b""
    content_type: str = "text/plain"


@dataclass(slots=True)
class Mirror:
    """Answers requests out of a catalogue."""

    catalogue: Catalogue
    failures: list[EnvironmentBuildError] = field(default_factory=list[EnvironmentBuildError])
    """What went wrong outside, in order: the resolver only learns that something did."""
    refused: list[str] = field(default_factory=list[str])
    """Requests that were not followed, capped, for the log."""
    answered: int = 0

    async def reply(self, method: str, target: str) -> Reply:
        """The answer to one request. Never raises for what is asked or for what an index does."""
        self.answered += 1
        match = _PATH.fullmatch(target)
        if method != "GET" or match is None or self.answered > _REQUESTS:
            self.refused = [*self.refused[-99:], f"{method} {target[:200]}"]
            return Reply(400)
        at, name, filename, links = int(match[1]), match[2], match[3], match[4]
        sources = self.catalogue.indexes.sources
        if at >= len(sources) or (name and not listing.is_name(name)):
            return Reply(404)
        if not filename and (sources[at].kind == "links") != bool(links):
            return Reply(404)
        try:
            return await (self._metadata(at, filename) if filename else self._page(at, name or "", flat=bool(links)))
        except EnvironmentBuildError as error:
            self.failures.append(error)
            return Reply(502)

    async def _page(self, at: int, name: str, *, flat: bool) -> Reply:
        files = await self.catalogue.files(at, name)
        if flat:
            return Reply(200, _html(files, at).encode(), "text/html")
        if not files:
            return Reply(404)
        return Reply(200, json.dumps(_json(name, files, at)).encode(), listing.JSON)

    async def _metadata(self, at: int, filename: str) -> Reply:
        content = await self.catalogue.metadata(at, filename)
        return Reply(404) if content is None else Reply(200, content)


@asynccontextmanager
async def listening(mirror: Mirror, folder: Path) -> AsyncGenerator[None]:
    """Answer on the unix socket `socket` in a new directory at `folder`, for whoever can reach it, until the block ends."""
    await asyncio.to_thread(folder.mkdir)
    connections: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_connection(mirror, reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # By a short name: a socket's path ends at 108 bytes, and a cache may lie deep.
        server = await asyncio.start_unix_server(accepted, f"/proc/self/fd/{descriptor}/socket")
    finally:
        os.close(descriptor)
    try:
        # The box's user is none of this machine's: that the file can be reached is what lets it in.
        await asyncio.to_thread(os.chmod, folder / "socket", 0o666)
        yield
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _connection(mirror: Mirror, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=_REQUEST_BYTES)
    try:
        while await _answered(mirror, http, reader, writer):
            http.start_next_cycle()
    except (ConnectionError, TimeoutError, h11.RemoteProtocolError):
        # Whoever speaks so is not the resolver, or is gone: there is nothing to be said.
        return
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _answered(
    mirror: Mirror, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Take one request and answer it; whether another may follow."""
    request = await _request(http, reader)
    if request is None:
        return False
    reply = await mirror.reply(request.method.decode(), request.target.decode("ascii", "replace"))
    head = [("Content-Length", str(len(reply.content))), ("Content-Type", reply.content_type)]
    for event in (
        h11.Response(status_code=reply.status, headers=head),
        h11.Data(data=reply.content),
        h11.EndOfMessage(),
    ):
        writer.write(http.send(event) or b"")
    async with asyncio.timeout(_IDLE_S):
        await writer.drain()
    return http.our_state is h11.DONE and http.their_state is h11.DONE


async def _request(http: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    """The next request, read to its end; None when there is none any more. A body is no part of one."""
    found: h11.Request | None = None
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(_IDLE_S):
                http.receive_data(await reader.read(_CHUNK_BYTES))
        elif isinstance(event, h11.Request):
            found = event
        elif isinstance(event, h11.EndOfMessage):
            return found
        else:
            return None


def _json(name: str, files: tuple[File, ...], at: int) -> dict[str, object]:
    return {"meta": {"api-version": "1.1"}, "name": name, "files": [_entry(file, at) for file in files], "versions": []}


def _entry(file: File, at: int) -> dict[str, object]:
    entry: dict[str, object] = {
        "filename": file.filename,
        "url": f"/{at}/files/{file.filename}",
        "hashes": {"sha256": file.sha256} if file.sha256 else {},
        "yanked": file.yanked,
        # Ours, always: no resolver ever needs a file's content.
        "core-metadata": file.is_wheel,
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.uploaded is not None:
        entry["upload-time"] = file.uploaded.isoformat()
    return entry


def _html(files: tuple[File, ...], at: int) -> str:
    lines = [
        f'<a href="/{at}/files/{file.filename}"'
        + (' data-core-metadata="true"' if file.is_wheel else "")
        + (f' data-requires-python="{html.escape(file.requires_python)}"' if file.requires_python else "")
        + f">{html.escape(file.filename)}</a>"
        for file in files
    ]
    return "<!DOCTYPE html><html><body>\n" + "\n".join(lines) + "\n</body></html>"
