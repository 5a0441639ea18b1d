"""From a decision to an environment: resolved in a box, fetched and checked by us, unpacked in a box, kept by content.

A decision that was resolved a short while ago is a look at two files. Anything else is locked anew; a lock that is known is a
layer that is there; a layer that is not there is made of unpacked wheels, by links.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.environments import composing, evicting, leasing
from workers.environments.building import Builder
from workers.environments.catalogue import Catalogue
from workers.environments.errors import NoRoom
from workers.environments.fetching import fetch, locked
from workers.environments.index import configured
from workers.environments.install_box import install_box
from workers.environments.locking import Wanted
from workers.environments.own_package import Own, own_of, packed
from workers.environments.pieces import Pieces
from workers.environments.remembering import Memory, Resolution
from workers.environments.resolving import Resolver
from workers.environments.staging import staged
from workers.environments.store import Store
from workers.environments.supplier import Supplied, Supplier
from workers.environments.takeover import Most
from workers.environments.upstream import upstream
from workers.environments.words import Asked, Decision
from workers.sandbox.environments import InstalledEnvironment, digest_of
from workers.sandbox.layers import key, layer
from workers.sandbox.layers import locked as locked_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.environments.install_box import InstallBox
    from workers.environments.leasing import Lease
    from workers.environments.pieces import Wheel
    from workers.sandbox.interpreter import Interpreter

_TRIES = 3


async def supply(decision: Decision, interpreter: Interpreter, supplier: Supplier) -> Supplied:
    """The environment that the decision asks for, built unless it is there.

    Raises:
        EnvironmentBuildError: of a kind that tells whose fault it is; see `errors`.
        SandboxUnavailableError: no box can be started here.
    """
    started = time.monotonic()
    own = own_of(decision.own, allow_builds=supplier.allow_builds, at_hand=supplier.repository is not None)
    answer = _Supply(decision, interpreter, supplier, own)
    found = await answer.remembered()
    built = found is None
    if found is None:
        found = await answer.made()
    resolution, held = found
    environment = _environment(answer.layer(resolution.layer), resolution, interpreter, own, decision)
    # Who only keeps the environment, as a box does, keeps what lies on the disk.
    weakref.finalize(environment, held.close)
    return Supplied(
        environment=environment,
        locked=resolution.locked,
        built=built,
        seconds=time.monotonic() - started,
        resolved_at=resolution.at,
        own_paths=own.paths,
        notes=(*resolution.notes, *own.notes),
        lease=held,
    )


def _environment(
    folder: Path, resolution: Resolution, interpreter: Interpreter, own: Own, decision: Decision
) -> InstalledEnvironment:
    home = folder / "venv"
    major, minor, _ = interpreter.version
    site = home / "lib" / f"python{major}.{minor}" / "site-packages"
    # From the lock, not from the folder: what a wheel says about itself there is its maker's word.
    installed = {each.name: each.version for each in resolution.locked}
    if own.described is not None:
        installed.setdefault(*own.described)
    installed = dict(sorted(installed.items()))
    inside = replace(interpreter, python=home / "bin" / "python", prefix=home, site_packages=(site,))
    return InstalledEnvironment(
        python=inside.python,
        python_version=inside.version,
        packages=MappingProxyType(installed),
        digest=digest_of(inside, installed),
        prefix=home,
        base_prefix=inside.base_prefix,
        site_packages=inside.site_packages,
        mounts=inside.mounts,
        platform=inside.platform,
        description=f"Python {'.'.join(map(str, inside.version))} with {decision.source}",
    )


@dataclass(frozen=True, slots=True)
class _Supply:
    """One answer on its way."""

    decision: Decision
    interpreter: Interpreter
    supplier: Supplier
    own: Own

    def layer(self, name: str) -> Path:
        return self.supplier.folder / "environments" / name

    @property
    def memory(self) -> Memory:
        return Memory(self.supplier.folder / "resolved")

    async def remembered(self) -> tuple[Resolution, Lease] | None:
        """What the same question came to a short while ago, if it is still there."""
        return None if self.own.to_build else await asyncio.to_thread(self._recalled, self._question())

    def _recalled(self, question: str) -> tuple[Resolution, Lease] | None:
        known = self.memory.recall(question, self.supplier.fresh_s)
        held = None if known is None else leasing.lease(self.layer(known.layer))
        return None if known is None or held is None else (known, held)

    async def made(self) -> tuple[Resolution, Lease]:
        """Resolve, fetch, unpack, compose. Who asks the same at the same time waits for the one who does it."""
        question = self._question()
        lock = self.supplier.folder / "resolved" / f"{question}.lock"
        await asyncio.to_thread(lock.parent.mkdir, parents=True, exist_ok=True)
        async with locked_file(lock):
            if found := await self.remembered():
                return found
            for _ in range(_TRIES):
                resolution = await self._resolved()
                held = await asyncio.to_thread(leasing.lease, self.layer(resolution.layer))
                if held is not None:
                    await asyncio.to_thread(self.memory.keep, question, resolution)
                    await asyncio.to_thread(evicting.make_room_at_times, self.supplier.cache, self.supplier.cache_bytes)
                    return resolution, held
        raise NoRoom("The cache is too small for this environment: it is removed as soon as it is made.")

    def _question(self) -> str:
        decision, interpreter, supplier = self.decision, self.interpreter, self.supplier
        return key(
            "question",
            [(each.requirement, sorted(each.hashes)) for each in decision.asked],
            [(each.requirement, sorted(each.hashes)) for each in decision.constraints],
            *(decision.as_of, self.own, supplier.allow_builds),
            *(interpreter.version, str(interpreter.base_prefix), interpreter.platform),
            configured(supplier.index, supplier.hosts).digest,
        )

    async def _resolved(self) -> Resolution:
        supplier, wanted = self.supplier, Wanted.of(self.decision)
        box = await install_box(self.interpreter, supplier.cache, limits=supplier.limits, programs=supplier.programs)
        store = Store(supplier.cache / "store", supplier.max_bytes)
        indexes = configured(supplier.index, supplier.hosts)
        async with upstream(indexes, supplier.max_bytes) as asking:
            catalogue, builder = Catalogue(indexes, asking, self.decision.as_of), self._builder(box)
            resolver = Resolver(box=box, store=store, staging=supplier.folder / "staging", builder=builder)
            try:
                pins = await resolver.resolved(wanted, catalogue)
                wheels = await fetch(pins, wanted, catalogue, self.interpreter, store)
            finally:
                await catalogue.close()
        wheels = (*wheels, *(await self._own_wheel(builder)))
        return Resolution(
            at=time.time(),
            locked=locked(wheels),
            layer=await self._laid(wheels, box),
            notes=_notes(self.decision, catalogue),
        )

    async def _laid(self, wheels: Sequence[Wheel], box: InstallBox) -> str:
        """The name of the layer with these wheels, which is there when this returns."""
        supplier, python = self.supplier, self.interpreter
        content = sorted((wheel.file.name, wheel.file.version, wheel.sha256) for wheel in wheels)
        name = key("layer", content, python.version, str(python.bare), python.platform, self.own.described)
        most = Most(supplier.max_bytes, supplier.max_files)
        pieces = Pieces(supplier.folder / "pieces", supplier.folder / "staging", most)

        async def build(folder: Path) -> None:
            unpacked = await pieces.unpacked(wheels, box)
            await asyncio.to_thread(composing.compose, folder / "venv", unpacked, python)
            if self.own.described is not None:
                composing.describe_own(folder / "venv", *self.own.described, python)

        await layer(self.layer(name), build)
        return name

    def _builder(self, box: InstallBox) -> Builder | None:
        supplier = self.supplier
        if not supplier.allow_builds:
            return None

        async def environment(requirements: tuple[str, ...]) -> tuple[InstalledEnvironment, Lease]:
            asked = tuple(Asked(requirement=each, origin="build requirements") for each in requirements)
            # Wheels alone: what builds is never itself built by a stranger's code.
            found = await supply(
                Decision(source="build requirements", asked=asked, as_of=self.decision.as_of),
                self.interpreter,
                replace(supplier, allow_builds=False),
            )
            return found.environment, found.lease

        return Builder(
            box=box, folder=supplier.folder / "built", staging=supplier.folder / "staging", environment=environment
        )

    async def _own_wheel(self, builder: Builder | None) -> tuple[Wheel, ...]:
        package, repository = self.own.to_build, self.supplier.repository
        if package is None or repository is None or builder is None:
            return ()
        async with staged(self.supplier.folder / "staging") as place:
            source = await asyncio.to_thread(packed, package, repository, place)
            return (await builder.wheel(source),)


def _notes(decision: Decision, catalogue: Catalogue) -> tuple[str, ...]:
    if not catalogue.undated:
        return ()
    return (
        f"An index does not say when its files were published: what it has was taken as if it was there on {decision.as_of}.",
    )
