"""Wheels of many releases, brought here from the configured indexes and checked. Nothing of them is run."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from workers.contract.errors import ConfigError
from workers.environments.catalogue import Catalogue
from workers.environments.index import configured
from workers.environments.store import Store
from workers.environments.upstream import upstream
from workers.knowledge.mining.sampling import sample

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from datetime import date
    from pathlib import Path

    from workers.environments.listing import File
    from workers.knowledge.mining.sampling import Range

_WHEEL_BYTES = 700 << 20
_ALL_BYTES = 12 << 30
_AT_ONCE = 6
_PATIENCE_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A release on this machine."""

    version: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """The releases that the configured indexes had on a day."""

    catalogue: Catalogue
    store: Store

    async def of(self, wanted: Range) -> tuple[Fetched, ...]:
        """A sample of the range, oldest first.

        Raises:
            ConfigError: no index has a wheel in the range.
            EnvironmentBuildError: a file does not come, or is not what its index says.
        """
        wheels = await self._wheels(wanted.package)
        kept = sample(wheels, wanted)
        if not kept:
            raise ConfigError(
                f"no wheel of {wanted.package} in this range is on the configured indexes; check its name"
            )
        gate = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.timeout(_PATIENCE_S), asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._fetched(*wheels[version], gate)) for version in kept]
        return tuple(task.result() for task in tasks)

    async def newest(self, package: str) -> Fetched | None:
        """The newest release; None where no index has a wheel of it."""
        wheels = await self._wheels(package)
        final = [version for version in wheels if not version.is_prerelease] or list(wheels)
        if not final:
            return None
        async with asyncio.timeout(_PATIENCE_S):
            return await self._fetched(*wheels[max(final)], asyncio.Semaphore())

    async def _wheels(self, package: str) -> dict[Version, tuple[int, File]]:
        """Per version the wheel that is read: the one for any platform, else the same one every time."""
        found: dict[Version, tuple[int, File]] = {}
        for at, file in sorted(await self.catalogue.of_name(package), key=_rank):
            if file.is_wheel and not file.yanked:
                found.setdefault(Version(file.version), (at, file))
        return found

    async def _fetched(self, at: int, file: File, gate: asyncio.Semaphore) -> Fetched:
        async with gate:
            source = self.catalogue.indexes.sources[at]
            digest = await self.store.fetched(self.catalogue.upstream, source, file)
        return Fetched(version=file.version, path=self.store.path(digest))


@asynccontextmanager
async def releases(environ: Mapping[str, str], cache: Path, as_of: date) -> AsyncGenerator[Releases]:
    """What was published until the end of `as_of`, until the block ends."""
    indexes = configured(environ)
    async with upstream(indexes, _ALL_BYTES) as asking:
        catalogue = Catalogue(indexes, asking, as_of)
        try:
            yield Releases(catalogue=catalogue, store=Store(cache / "store", _WHEEL_BYTES))
        finally:
            await catalogue.close()


def _rank(found: tuple[int, File]) -> tuple[bool, bool, bool, str]:
    """Wheels for any platform first, then those of a common one. Sources stand in all of them."""
    name = found[1].filename
    return ("-none-any" not in name, "x86_64" not in name, "manylinux" not in name, name)
