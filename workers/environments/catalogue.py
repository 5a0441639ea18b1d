"""What the configured indexes offer, as it was asked during one resolution: the same to the resolver and to who downloads."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from packaging.version import InvalidVersion, Version

from workers.environments import listing, metadata
from workers.environments.errors import IndexUnreachable
from workers.environments.upstream import path_of

if TYPE_CHECKING:
    from datetime import date

    from workers.environments.index import Indexes, Source
    from workers.environments.listing import File
    from workers.environments.pieces import Wheel
    from workers.environments.upstream import Upstream

MAX_NAMES = 5_000
"""How many different names one resolution may ask for."""


@dataclass(slots=True)
class Catalogue:
    """Files by index and name, each page asked once."""

    indexes: Indexes
    upstream: Upstream
    as_of: date | None = None
    """Nothing that was published after this day is shown; what has no date of publication is."""
    names: dict[str, None] = field(default_factory=dict[str, None])
    """Every name that was asked for, in order."""
    undated: bool = False
    """True when a day was asked for and an index did not say when its files were published."""
    built: dict[str, Wheel] = field(default_factory=dict[str, "Wheel"])
    """Wheels that were built here from source distributions, by filename: shown as if an index had them."""
    _pages: dict[tuple[int, str], asyncio.Task[tuple[File, ...]]] = field(
        default_factory=dict[tuple[int, str], "asyncio.Task[tuple[File, ...]]"]
    )
    _metadata: dict[str, asyncio.Task[bytes]] = field(default_factory=dict[str, "asyncio.Task[bytes]"])
    _shown: dict[tuple[int, str], File] = field(default_factory=dict[tuple[int, str], "File"])

    async def files(self, at: int, name: str = "") -> tuple[File, ...]:
        """What source number `at` has of `name`, a normalised name; empty: of all names, for a page or folder of files.

        Raises:
            EnvironmentBuildError: as `Upstream.get`.
        """
        if (at, name) not in self._pages:
            if name and len(self.names) >= MAX_NAMES:
                raise IndexUnreachable(f"More than {MAX_NAMES} packages were asked for.")
            if name:
                self.names[name] = None
            self._pages[at, name] = asyncio.create_task(self._asked(self.indexes.sources[at], name))
        found = await asyncio.shield(self._pages[at, name])
        built = (wheel.file for wheel in self.built.values() if wheel.file.name == name or not name)
        kept = (*(file for file in found if self._in_time(file)), *(built if found else ()))
        self._shown |= {(at, file.filename): file for file in kept}
        return kept

    async def metadata(self, at: int, filename: str) -> bytes | None:
        """Of a wheel that was shown before; None for anything else."""
        file = self._shown.get((at, filename))
        if file is None or not file.is_wheel:
            return None
        if filename in self.built:
            return await asyncio.to_thread(metadata.read, self.built[filename].path, file)
        if file.url not in self._metadata:
            asked = metadata.metadata(self.upstream, self.indexes.sources[at], file)
            self._metadata[file.url] = asyncio.create_task(asked)
        return await asyncio.shield(self._metadata[file.url])

    async def of_name(self, name: str) -> list[tuple[int, File]]:
        """Every file of a distribution with the number of its source, in the order of the sources."""
        found: list[tuple[int, File]] = []
        for at, source in enumerate(self.indexes.sources):
            page = await self.files(at, "" if source.kind == "links" else name)
            found += [(at, file) for file in page if file.name == name]
        return found

    async def of_version(self, name: str, version: str) -> list[tuple[int, File]]:
        """Those of one version."""
        return [(at, file) for at, file in await self.of_name(name) if _same(file.version, version)]

    async def close(self) -> None:
        """End what is still being asked."""
        tasks: list[asyncio.Task[Any]] = [*self._pages.values(), *self._metadata.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _in_time(self, file: File) -> bool:
        if self.as_of is None:
            return True
        if file.uploaded is None:
            self.undated = True
            return True
        return file.uploaded < datetime.combine(self.as_of + timedelta(days=1), time(), UTC)

    async def _asked(self, source: Source, name: str) -> tuple[File, ...]:
        if source.kind == "links":
            return await self._linked(source)
        url = f"{source.url}/{name}/"
        if source.folder is not None:
            return await asyncio.to_thread(_local_page, source, url, name)
        answer = await self.upstream.get(source, url)
        if answer is None:
            return ()
        files = await asyncio.to_thread(_parsed, answer.content, answer.content_type, answer.url)
        return tuple(file for file in files if file.name == name)

    async def _linked(self, source: Source) -> tuple[File, ...]:
        if source.folder is not None and await asyncio.to_thread(source.folder.is_dir):
            return listing.from_names(await asyncio.to_thread(os.listdir, source.folder), source.url)
        if source.folder is not None:
            return await asyncio.to_thread(_local_page, source, source.url, "")
        answer = await self.upstream.get(source, source.url)
        return () if answer is None else _parsed(answer.content, answer.content_type, answer.url)


def _local_page(source: Source, url: str, name: str) -> tuple[File, ...]:
    split = urlsplit(url)
    for page in ("index.html", "index.json") if name else ("",):
        path = path_of(source, urlunsplit(split._replace(path=split.path + page)))
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise IndexUnreachable(f"The package index {source.url} cannot be read: {error.strerror}.") from error
        files = _parsed(content, "json" if page.endswith(".json") else "html", url)
        return tuple(file for file in files if not name or file.name == name)
    return ()


def _parsed(content: bytes, content_type: str, url: str) -> tuple[File, ...]:
    try:
        return listing.parse(content, content_type, url)
    except ValueError as error:
        raise IndexUnreachable(f"A package index answers with what is no page of one: {error}") from error


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
