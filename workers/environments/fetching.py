"""The files of a resolution: chosen by us from what the index says, brought here and checked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workers.environments import choosing
from workers.environments.errors import NoWheel
from workers.environments.pieces import Wheel
from workers.environments.remembering import Locked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.environments.catalogue import Catalogue
    from workers.environments.locking import Pin, Wanted
    from workers.environments.store import Store
    from workers.sandbox.interpreter import Interpreter

_AT_ONCE = 8


async def fetch(
    pins: Sequence[Pin], wanted: Wanted, catalogue: Catalogue, interpreter: Interpreter, store: Store
) -> tuple[Wheel, ...]:
    """The wheel of each pin, by name; built ones are here already.

    Raises:
        NoWheel: a version has none for this interpreter, or none that the declaration's hashes allow.
        EnvironmentBuildError: as `Store.fetched`.
    """
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(pin: Pin) -> Wheel:
        async with room:
            return await _fetched(pin, wanted, catalogue, interpreter, store)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(pin)) for pin in sorted(pins, key=lambda pin: pin.name)]
    except BaseExceptionGroup as error:
        raise error.exceptions[0] from error
    return tuple(task.result() for task in tasks)


def locked(wheels: Sequence[Wheel]) -> tuple[Locked, ...]:
    """What a lock says of them."""
    return tuple(
        Locked(
            name=wheel.file.name,
            version=wheel.file.version,
            filename=wheel.file.filename,
            sha256=wheel.sha256,
            built=wheel.built,
        )
        for wheel in wheels
    )


async def _fetched(pin: Pin, wanted: Wanted, catalogue: Catalogue, interpreter: Interpreter, store: Store) -> Wheel:
    files = await catalogue.of_version(pin.name, pin.version)
    # Where the resolver found it comes first.
    files.sort(key=lambda each: each[0] != pin.source)
    allowed = wanted.allowed(pin.name)
    built = next((file for _, file in files if file.filename in catalogue.built), None)
    if built is not None:
        return catalogue.built[built.filename]
    chosen = choosing.best(files, interpreter, allowed)
    if chosen is None:
        why = "that the declaration's hashes allow" if allowed else "for this interpreter"
        version = ".".join(map(str, interpreter.version))
        raise NoWheel(
            f"{pin.name} {pin.version} has no wheel {why} (Python {version}, {interpreter.platform}).", (pin.name,)
        )
    at, file = chosen
    digest = await store.fetched(catalogue.upstream, catalogue.indexes.sources[at], file, allowed)
    return Wheel(file=file, sha256=digest, path=store.path(digest))
