"""The seams over what this machine has: environments from the supplier, boxes, and the configured index."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Protocol

from packaging.utils import canonicalize_name

from workers.environments.catalogue import Catalogue
from workers.environments.index import configured
from workers.environments.upstream import upstream
from workers.running.faults.seams import Place, Release
from workers.sandbox.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from pathlib import Path

    from workers.environments.listing import File
    from workers.environments.words import Decision
    from workers.protocols import Box
    from workers.sandbox.environments import InstalledEnvironment

_PAGES_BYTES = 256 * MIB
_REQUIRES = 500
"""Requirements of one package that are read."""


class Made(Protocol):
    """What a supplier gives; it is kept for as long as the environment is used."""

    @property
    def environment(self) -> InstalledEnvironment:
        """The environment."""
        ...

    @property
    def own_paths(self) -> tuple[str, ...]:
        """Folders of the repository to import from."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliedPlaces:
    """Places made by a supplier of environments and an opener of boxes."""

    supply: Callable[[Decision], Awaitable[Made]]
    open_box: Callable[[Made], Awaitable[Box]]
    declared: InstalledEnvironment
    """Of the box that artifacts are judged in."""

    async def boxed(self, decision: Decision) -> Place:
        """See `seams.Places`."""
        made = await self.supply(decision)
        box = await self.open_box(made)
        requires = await asyncio.to_thread(requirements, made.environment.site_packages)
        return Place(box=box, requires=requires, kept=made)

    async def existing(self, box: Box) -> Place:
        """See `seams.Places`."""
        return Place(box=box, requires=await asyncio.to_thread(requirements, self.declared.site_packages))


def requirements(site_packages: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    """What the packages installed there ask for, read from their metadata; nothing of theirs runs."""
    found: dict[str, tuple[str, ...]] = {}
    for each in distributions(path=[str(path) for path in site_packages]):
        name = each.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), tuple((each.requires or ())[:_REQUIRES]))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReleases:
    """What the configured indexes offer."""

    index: Mapping[str, str] = field(repr=False)
    """Variables that say where packages come from; see `index.configured`."""
    hosts: tuple[str, ...] = ()

    async def of(self, name: str) -> tuple[Release, ...]:
        """See `seams.Releases`."""
        indexes = configured(self.index, self.hosts)
        async with upstream(indexes, _PAGES_BYTES) as asked:
            catalogue = Catalogue(indexes=indexes, upstream=asked)
            try:
                pages = [
                    await catalogue.files(at, "" if source.kind == "links" else name)
                    for at, source in enumerate(indexes.sources)
                ]
            finally:
                await catalogue.close()
        return releases([file for page in pages for file in page if file.name == name])


def releases(files: Iterable[File]) -> tuple[Release, ...]:
    """One release per version, by its first file; withdrawn ones are left out."""
    found: dict[str, Release] = {}
    for file in files:
        if not file.yanked:
            published = None if file.uploaded is None else file.uploaded.date()
            found.setdefault(file.version, Release(version=file.version, published=published))
    return tuple(found.values())
