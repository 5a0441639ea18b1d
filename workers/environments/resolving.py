"""Resolving with wheels that do not exist yet: what comes only as source is built, shown to the resolver, and asked for again.

The resolver itself never builds, so a stranger's code never runs where names can be asked of an index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from workers.environments import choosing
from workers.environments.building import Builder, Source
from workers.environments.errors import NoWheel
from workers.environments.locking import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from workers.environments.catalogue import Catalogue
    from workers.environments.install_box import InstallBox
    from workers.environments.listing import File
    from workers.environments.locking import Pin, Wanted
    from workers.environments.store import Store
    from workers.sandbox.interpreter import Interpreter

_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Resolves for one tenant and one interpreter."""

    box: InstallBox
    store: Store
    staging: Path
    builder: Builder | None
    """None: nothing is built from source."""

    async def resolved(self, wanted: Wanted, catalogue: Catalogue) -> tuple[Pin, ...]:
        """As `locking.resolve`; packages without wheels are built where that is allowed, one round after the other.

        Raises:
            EnvironmentBuildError: of the kind that tells why.
        """
        for _ in range(_ROUNDS):
            try:
                return await resolve(wanted, catalogue, self.box, self.staging)
            except NoWheel as error:
                if self.builder is None or not await self._built(error, wanted, catalogue, self.builder):
                    raise
        raise NoWheel(f"More than {_ROUNDS} rounds of packages would have to be built from source.")

    async def _built(self, error: NoWheel, wanted: Wanted, catalogue: Catalogue, builder: Builder) -> bool:
        """Build one version of each package that lacks a wheel; whether there is any that was not built before."""
        fresh = False
        for name in error.packages:
            found = await _source(name, error.versions.get(name, ""), wanted, catalogue, self.box.interpreter)
            if found is None:
                continue
            at, file = found
            source = catalogue.indexes.sources[at]
            digest = await self.store.fetched(catalogue.upstream, source, file, wanted.allowed(name))
            wheel = await builder.wheel(
                Source(
                    name=name,
                    version=file.version,
                    sha256=digest,
                    path=self.store.path(digest),
                    filename=file.filename,
                )
            )
            fresh |= wheel.file.filename not in catalogue.built
            catalogue.built[wheel.file.filename] = wheel
        return fresh


async def _source(
    name: str, version: str, wanted: Wanted, catalogue: Catalogue, interpreter: Interpreter
) -> tuple[int, File] | None:
    """The source distribution of the version that is meant, or else of the latest that is asked for."""
    if version:
        return choosing.sdist(await catalogue.of_version(name, version), interpreter, wanted.allowed(name))
    done = {wheel.file.version for wheel in catalogue.built.values() if wheel.file.name == name}
    found = [
        (at, file)
        for at, file in await catalogue.of_name(name)
        if _asked_for(file, wanted) and file.version not in done and not file.yanked
    ]
    found.sort(key=lambda each: Version(each[1].version), reverse=True)
    return choosing.sdist(found, interpreter, wanted.allowed(name))


def _asked_for(file: File, wanted: Wanted) -> bool:
    try:
        version = Version(file.version)
    except InvalidVersion:
        return False
    lines = [Requirement(line) for line in (*wanted.requirements, *wanted.constraints)]
    own = [line.specifier for line in lines if canonicalize_name(line.name) == file.name]
    pinned = any(operator in str(specifier) for specifier in own for operator in ("==", "a", "b", "rc"))
    return (pinned or not version.is_prerelease) and all(each.contains(version, prereleases=True) for each in own)
