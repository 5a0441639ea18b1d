"""Wheels made of source distributions, where that is allowed: a stranger's build code, run in a box that reaches nothing.

Not even an index: what the build needs is resolved and installed beforehand, as an environment of wheels like any other, and
shown read-only. What the box leaves is one file, and it is believed to be a wheel of the name and version that was to be built,
or not at all. It is the tenant's own: a stranger's code made it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from workers.environments.errors import BuildFailed, MissingLibrary, Tampered, TooBig, words
from workers.environments.install_box import InstallBox, Ran, Stage
from workers.environments.listing import File
from workers.environments.pieces import Wheel
from workers.environments.staging import staged
from workers.environments.takeover import Most, take_over
from workers.sandbox.layers import key, layer
from workers.sandbox.layout import GUEST
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from workers.environments.leasing import Lease
    from workers.sandbox.environments import InstalledEnvironment

SOURCE = "/opt/mendloop/source"
OUT = "/opt/mendloop/out"
_LEGACY = ("setuptools>=40.8", "wheel")
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
_TIMEOUT_S = 800.0
_MOST = Most(2 << 30, 10)
_MISSING = (
    re.compile(r"fatal error: ([\w./+-]+\.h(?:pp)?): No such file"),
    re.compile(r"cannot find -l([\w.+-]+)"),
    re.compile(r"Package ['\"]?([\w.+-]+)['\"]?,? (?:required by|was not found|not found)"),
    re.compile(r"(?:command|program) ['\"]([\w./+-]+)['\"] (?:failed: No such file|not found)"),
    re.compile(r"No such file or directory: ['\"]([\w+.-]+)['\"]"),
    re.compile(r"\b([\w+.-]+_config|pkg-config|cmake|gfortran|rustc|cargo|swig)\b[^\n]{0,40}not found", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is to be built."""

    name: str
    version: str
    """Empty: whatever it says of itself."""
    sha256: str
    """Of its archive."""
    path: Path
    filename: str
    """What the archive is called, for its format."""
    folder: str = "-"
    """Where in the archive the project is; `-`: the one folder at its top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Builds for one tenant and one interpreter."""

    box: InstallBox
    folder: Path
    staging: Path
    environment: Callable[[tuple[str, ...]], Awaitable[tuple[InstalledEnvironment, Lease]]]
    """An environment of wheels with these requirements in it, kept for as long as the lease is."""

    async def wheel(self, source: Source) -> Wheel:
        """The wheel of a source, built unless it was before.

        Raises:
            BuildFailed: its code fails, in its own words.
            MissingLibrary: it fails for want of a library or a program of the system.
            EnvironmentBuildError: what it needs for being built cannot be had.
        """
        python = self.box.interpreter
        name = key(
            "built", source.name, source.sha256, source.folder, python.version[:2], python.platform, self.box.python
        )

        async def build(folder: Path) -> None:
            await self._build(source, folder)

        folder = await layer(self.folder / name, build)
        path = next(path for path in folder.iterdir() if path.suffix == ".whl")
        return await asyncio.to_thread(_wheel, path, source)

    async def _build(self, source: Source, folder: Path) -> None:
        async with staged(self.staging) as place:
            for inner in ("source", "out"):
                (place / inner).mkdir()
            await asyncio.to_thread(_lend, source, place / "source")
            requires, backend, paths = await self._system(source, place)
            told = (backend, json.dumps(paths))
            environment, held = await self.environment(requires)
            with held:
                (needs,) = await self._run(source, place, environment, ("needs", *told))
            environment, held = await self.environment((*requires, *_listed(needs.stdout)))
            with held:
                await self._run(source, place, environment, ("build", *told, OUT), write=True)
            made = await asyncio.to_thread(_made, place / "out", source)
            made.rename(folder / made.name)

    async def _system(self, source: Source, place: Path) -> tuple[tuple[str, ...], str, list[str]]:
        """(requirements, backend, its paths) as the project declares them, or as a `setup.py` without a word means them."""
        (ran,) = await self._run(source, place, None, ("read",))
        try:
            declared: Any = tomllib.loads(ran.stdout).get("build-system", {})
            requires = tuple(str(each) for each in declared.get("requires", _LEGACY))
            backend = str(declared.get("build-backend", _LEGACY_BACKEND))
            paths = [str(each) for each in declared.get("backend-path", [])]
        except (tomllib.TOMLDecodeError, AttributeError, TypeError) as error:
            raise BuildFailed(f"The pyproject.toml of {source.name} cannot be read: {error}") from error
        if any(Path(path).is_absolute() or ".." in Path(path).parts for path in paths):
            raise BuildFailed(f"The backend of {source.name} is said to lie outside of it: {paths}.")
        return requires, backend, paths

    async def _run(
        self,
        source: Source,
        place: Path,
        environment: InstalledEnvironment | None,
        arguments: tuple[str, ...],
        *,
        write: bool = False,
    ) -> tuple[Ran, ...]:
        python = self.box.python if environment is None else str(environment.python)
        mode, *rest = arguments
        command = (python, f"{GUEST}/building.py", mode, SOURCE, source.folder, *rest)
        programs = "" if environment is None else f"{environment.python.parent}:"
        ran = await self.box.run(
            [Stage(commands=(command,), timeout_s=_TIMEOUT_S)],
            # Without a repository around it nothing can be asked for the version of a commit.
            env={
                "PATH": f"{programs}/usr/local/bin:/usr/bin:/bin",
                "SETUPTOOLS_SCM_PRETEND_VERSION": source.version or "0",
            },
            read=[
                Mount(place / "source", SOURCE),
                *(() if environment is None else (Mount(environment.prefix, str(environment.prefix)),)),
            ],
            write=[Mount(place / "out", OUT)] if write else [],
        )
        if not ran or ran[0].returncode:
            raise _failed(source, ran)
        return ran


def _lend(source: Source, folder: Path) -> None:
    try:
        os.link(source.path, folder / source.filename)
    except OSError:
        (folder / source.filename).write_bytes(source.path.read_bytes())


def _listed(stdout: str) -> tuple[str, ...]:
    try:
        found: Any = json.loads(stdout.strip().rpartition("\n")[2])
    except ValueError:
        return ()
    return tuple(str(each) for each in found) if isinstance(found, list) else ()  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _failed(source: Source, ran: Sequence[Ran]) -> BuildFailed | MissingLibrary:
    said = words("\n".join(part for each in ran for part in (each.stdout, each.stderr)))
    what = f"{source.name} {source.version}".strip()
    for pattern in _MISSING:
        if match := pattern.search(said):
            library = match[1]
            return MissingLibrary(f"{what} cannot be built: {library} is missing on this machine. {said}", library)
    return BuildFailed(f"{what} cannot be built: {said}")


def _made(folder: Path, source: Source) -> Path:
    """The one wheel that was left, ours now."""
    take_over(folder, _MOST)
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1 or len(list(folder.iterdir())) != 1:
        raise BuildFailed(f"The build of {source.name} left {len(found)} wheels instead of one.")
    try:
        name, version, _, _ = parse_wheel_filename(found[0].name)
    except InvalidWheelFilename as error:
        raise BuildFailed(f"The build of {source.name} left no wheel: {error}") from error
    if name != canonicalize_name(source.name) or (source.version and version != Version(source.version)):
        raise Tampered(f"The build of {source.name} {source.version} left a wheel of {name} {version}.")
    return found[0]


def _wheel(path: Path, source: Source) -> Wheel:
    name, version, _, _ = parse_wheel_filename(path.name)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    os.utime(path.parent)
    sha256 = digest.hexdigest()
    file = File(filename=path.name, name=name, version=str(version), url=path.as_uri(), sha256=sha256)
    if path.stat().st_size > _MOST.size_bytes:
        raise TooBig(f"The wheel of {source.name} is larger than {_MOST.size_bytes} bytes.")
    return Wheel(file=file, sha256=sha256, path=path, built=True)
