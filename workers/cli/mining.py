"""What `mendloop knowledge mine` does: releases brought here, read, and made into facts."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from workers.cli import session
from workers.cli.releases import releases
from workers.contract.errors import ConfigError
from workers.environments.interpreters import available
from workers.knowledge.mining import mine as miner
from workers.knowledge.mining import sampling, storing
from workers.knowledge.mining.tree import UnreadableReleaseError, of_folder, of_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from workers.cli.releases import Fetched, Releases
    from workers.knowledge.mining.fact import Fact
    from workers.knowledge.mining.model import Module
    from workers.knowledge.mining.release import Release
    from workers.knowledge.mining.tree import Source
    from workers.sandbox.interpreter import Interpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mined:
    package: str
    releases: tuple[Release, ...]
    facts: tuple[Fact, ...]


def mine(ranges: Sequence[str], split: Sequence[str], into: Path | None, day: date) -> None:
    """Mine what was asked for; write it into a folder, or print it. `split` are packages that parts moved to.

    Raises:
        ConfigError: a range is none, or has no releases.
        EnvironmentBuildError: a file does not come, or is not what its index says.
    """
    wanted = [sampling.asked(text) for text in ranges]
    asyncio.run(_all(wanted, split, into, day))


async def _all(wanted: Sequence[sampling.Range], split: Sequence[str], into: Path | None, day: date) -> None:
    async with releases(os.environ, session.cache(), day) as source:
        for each in wanted:
            _give(await _package(each, split, source), into, day)


def _give(mined: _Mined, into: Path | None, day: date) -> None:
    modules = {name for release in mined.releases for name in release.roots if not name.startswith("_")}
    versions = [release.version for release in mined.releases]
    page = storing.page(mined.package, modules, versions, mined.facts, day)
    if into is None:
        sys.stdout.write(page)
        return
    storing.write(into, mined.package, page)
    sys.stderr.write(f"{mined.package}: {len(mined.facts)} facts out of {len(versions)} releases\n")


async def _package(wanted: sampling.Range, split: Sequence[str], source: Releases) -> _Mined:
    if wanted.package == miner.PYTHON:
        read = await asyncio.to_thread(_pythons, await available(os.environ), wanted)
    else:
        read = await asyncio.to_thread(_read, wanted.package, await source.of(wanted))
    others = await _others(read, source)
    parts = [release for name in split for release in await _newest(name, source)]
    facts = await asyncio.to_thread(miner.mine, read, others, parts)
    return _Mined(package=wanted.package, releases=read, facts=facts)


async def _others(read: tuple[Release, ...], source: Releases) -> dict[str, Release]:
    """The newest release of every package that targets lie in; one that cannot be had leaves its targets unproven."""
    found: dict[str, Release] = {}
    for name in await asyncio.to_thread(miner.elsewhere, read):
        if name == miner.PYTHON:
            found[name] = await asyncio.to_thread(_library, Path(os.__file__).parent, sys.version_info[:2])
        elif newest := await _newest(name, source):
            found[name] = newest[0]
    return found


async def _newest(name: str, source: Releases) -> tuple[Release, ...]:
    """The newest release of a package, if it can be had and read."""
    found = await source.newest(name)
    return () if found is None else await asyncio.to_thread(_read, name, [found])


def _read(package: str, fetched: Iterable[Fetched]) -> tuple[Release, ...]:
    """Every release that can be read; what cannot is said and left out."""
    found: list[Release] = []
    known: dict[Source, Module | None] = {}
    for each in fetched:
        try:
            found.append(miner.read(package, each.version, of_wheel(each.path), known))
        except UnreadableReleaseError as error:
            sys.stderr.write(f"mendloop: {error}\n")
    return tuple(found)


def _pythons(interpreters: Sequence[Interpreter], wanted: sampling.Range) -> tuple[Release, ...]:
    """The standard libraries of this machine's interpreters: of each minor release the last patch."""
    latest = {
        each.version[:2]: each
        for each in sorted(interpreters, key=lambda one: one.version)
        if wanted.holds(Version(".".join(map(str, each.version))))
    }
    if not latest:
        raise ConfigError("no interpreter in this range is on this machine; install some, with pyenv or uv")
    return tuple(
        _library(each.base_prefix / "lib" / f"python{minor[0]}.{minor[1]}", minor)
        for minor, each in sorted(latest.items())
    )


def _library(folder: Path, version: tuple[int, ...]) -> Release:
    return miner.read(miner.PYTHON, ".".join(map(str, version)), of_folder(folder))
