"""Earlier releases of the packages of an environment, looked up for what they say of a name that is gone since.

The files are those that the configured indexes offer, fetched and checked as for any environment, and read as text: nothing
of a release is installed, imported or run, so any release can be asked, for whatever Python it was made.
"""

from __future__ import annotations

import asyncio
import json
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from workers.contract.errors import EnvironmentBuildError
from workers.environments.catalogue import Catalogue
from workers.environments.index import configured
from workers.environments.store import Store
from workers.environments.upstream import upstream
from workers.knowledge.distributions import distribution
from workers.review.whereto import looking
from workers.review.whereto.library import LARGEST, Library
from workers.review.whereto.series import Series, last_of_each
from workers.review.whereto.sighting import from_plain, plain
from workers.sandbox.layers import key
from workers.sandbox.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from workers.environments.index import Source
    from workers.environments.listing import File
    from workers.environments.supplier import Supplier
    from workers.review.whereto.sighting import Sighting

T = TypeVar("T")
FORMAT = 3
"""Of what is kept; another number forgets what was kept before."""
_FILE_BYTES = 160 * MIB
_TOTAL_BYTES = 2048 * MIB
_RELEASES = 16
"""Files that may be fetched for one question."""
_KEPT = 12
"""Libraries whose modules stay parsed."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A wheel as sources."""

    file: zipfile.ZipFile
    paths: frozenset[str]

    @classmethod
    def at(cls, path: Path) -> Archive:
        """Open one.

        Raises:
            OSError: it is not there.
            zipfile.BadZipFile: it is none.
        """
        file = zipfile.ZipFile(path)
        return cls(file, frozenset(file.namelist()))

    def read(self, path: str) -> str | None:
        """See `library.Sources`."""
        try:
            if self.file.getinfo(path).file_size > LARGEST:
                return None
            return self.file.read(path).decode("utf-8", errors="replace")
        except (KeyError, zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, EOFError):
            return None


@dataclass(slots=True, kw_only=True)
class Bridges:
    """Implements `following.Releases`. Off for good once the index cannot be had or the time is used up."""

    supplier: Supplier
    packages: Mapping[str, str]
    """Normalised name -> installed version."""
    seconds: float
    """For everything that is asked; 0: only what is known already is told."""
    _off: bool = False
    _files: dict[str, dict[str, tuple[Source, File]]] = field(
        default_factory=dict[str, "dict[str, tuple[Source, File]]"]
    )
    _libraries: dict[tuple[str, str], Library | None] = field(default_factory=dict[tuple[str, str], "Library | None"])
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    def package(self, name: str) -> str:
        """The distribution that a name belongs to."""
        return canonicalize_name(distribution(name))

    async def now(self, name: str) -> Sighting | None:
        """The name in the release that is installed."""
        package = self.package(name)
        installed = self.packages.get(package)
        return None if installed is None else await self.then(name, installed)

    async def before(self, name: str, keyword: str = "") -> Sighting | None:
        """The name, or the callable with that keyword, in the last release before the installed one that has it."""
        package = self.package(name)
        installed = self.packages.get(package)
        if installed is None:
            return None
        asked = ("before", package, installed, name, keyword)
        return await self._known(asked, lambda: self._searched(package, installed, name, keyword))

    async def then(self, name: str, version: str) -> Sighting | None:
        """The name in a release of its package."""
        package = self.package(name)
        if package not in self.packages:
            return None
        return await self._known(("then", package, version, name), lambda: self._at(package, version, name))

    async def elsewhere(self, name: str) -> tuple[str, ...]:
        """Public names, in the installed release, of other objects with the same last part."""
        package = self.package(name)
        library = await self._timed(lambda: self._library(package, self.packages.get(package, "")))
        return () if library is None else await asyncio.to_thread(looking.elsewhere, library, name)

    async def _known(self, asked: tuple[str, ...], find: Callable[[], Awaitable[Sighting | None]]) -> Sighting | None:
        """What was found out before; a release does not change, so it is found out once for ever."""
        indexes = configured(self.supplier.index, self.supplier.hosts)
        path = self.supplier.folder / "bridges" / f"{key('bridge', FORMAT, asked, indexes.digest)}.json"
        async with self._locks.setdefault(asked[1], asyncio.Lock()):
            with suppress(OSError, ValueError):
                return from_plain(await asyncio.to_thread(path.read_bytes))
            found = await self._timed(find)
            if not self._off:
                await asyncio.to_thread(_kept, path, json.dumps(plain(found)))
            return found

    async def _timed(self, find: Callable[[], Awaitable[T | None]]) -> T | None:
        if self._off or self.seconds <= 0:
            self._off = True
            return None
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.seconds):
                return await find()
        except (EnvironmentBuildError, TimeoutError, OSError):
            # Whatever it is, nothing is learned here and nobody has to wait for it again.
            self._off = True
            return None
        finally:
            self.seconds -= time.monotonic() - started

    async def _searched(self, package: str, installed: str, name: str, keyword: str) -> Sighting | None:
        """The last release of a series that has it; a bounded number of them is looked into."""
        files = await self._offered(package)
        series = Series(last_of_each(files, below=installed))
        seen: dict[int, Sighting] = {}
        for _ in range(_RELEASES):
            place = series.next()
            if place is None:
                break
            found = await self._at(package, series.versions[place], name)
            has = found is not None and (not keyword or found.takes(keyword))
            if found is not None and has:
                seen[place] = found
            series.told(place, has=has)
        return seen.get(series.good) if series.good is not None else None

    async def _at(self, package: str, version: str, name: str) -> Sighting | None:
        library = await self._library(package, version)
        return None if library is None else await asyncio.to_thread(looking.sight, library, name, version)

    async def _library(self, package: str, version: str) -> Library | None:
        files = await self._offered(package)
        same = next((text for text in files if _same(text, version)), None)
        if same is None:
            return None
        if (package, same) not in self._libraries:
            while len(self._libraries) >= _KEPT:
                self._libraries.pop(next(iter(self._libraries)))
            self._libraries[package, same] = await self._fetched(*files[same])
        return self._libraries[package, same]

    async def _fetched(self, source: Source, file: File) -> Library | None:
        store = Store(self.supplier.cache / "store", _FILE_BYTES)
        digest = file.sha256
        if not digest or not await asyncio.to_thread(store.path(digest).exists):
            async with upstream(configured(self.supplier.index, self.supplier.hosts), _TOTAL_BYTES) as asked:
                digest = await store.fetched(asked, source, file)
        try:
            return Library(await asyncio.to_thread(Archive.at, store.path(digest)))
        except zipfile.BadZipFile:
            return None

    async def _offered(self, package: str) -> dict[str, tuple[Source, File]]:
        """Version -> the wheel to read, withdrawn ones left out."""
        if package not in self._files:
            indexes = configured(self.supplier.index, self.supplier.hosts)
            async with upstream(indexes, _TOTAL_BYTES) as asked:
                catalogue = Catalogue(indexes=indexes, upstream=asked)
                try:
                    found = await catalogue.of_name(package)
                finally:
                    await catalogue.close()
            self._files[package] = _readable([(indexes.sources[at], file) for at, file in found])
        return self._files[package]


def _readable(files: list[tuple[Source, File]]) -> dict[str, tuple[Source, File]]:
    """Of each version the wheel that is most likely the smallest: for any machine, else for Linux, else any."""
    chosen: dict[str, tuple[Source, File]] = {}
    for source, file in files:
        if not file.is_wheel or file.yanked:
            continue
        known = chosen.get(file.version)
        if known is None or _rank(file) < _rank(known[1]):
            chosen[file.version] = (source, file)
    return chosen


def _rank(file: File) -> tuple[bool, bool, bool]:
    name = file.filename
    return (not name.endswith("-any.whl"), "py2-none" in name or "-cp2" in name, "linux" not in name)


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _kept(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{time.monotonic_ns()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
