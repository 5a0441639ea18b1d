"""Wheels unpacked one by one, each a directory of its own that many environments are made of by hard links.

A piece is made in the install box, which has no network: uv unpacks, the interpreter compiles, and nothing of the wheel is
run. It is one tenant's: what one unpacked, another never sees.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import zipfile
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workers.environments import metadata
from workers.environments.errors import BuildFailed, IndexUnreachable, TooBig, words
from workers.environments.install_box import UV, InstallBox, Stage
from workers.environments.staging import staged
from workers.environments.takeover import Most, take_over
from workers.sandbox.layers import key
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from workers.environments.listing import File

BUILD = "/opt/mendloop/build"
WHEELS = "/opt/mendloop/wheels"
_LOOK_S = 0.5
_COMPILE_S = 300.0
_OURS = (".lock", "uv_cache.json", "REQUESTED")
"""What uv leaves for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that is here, checked."""

    file: File
    sha256: str
    path: Path
    built: bool = False
    """True for what was built here from source."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """One tenant's unpacked wheels."""

    folder: Path
    staging: Path
    """On the same file system."""
    most: Most
    """For all pieces of one environment together."""

    def of(self, wheel: Wheel, box: InstallBox) -> Path:
        """Where the wheel unpacked for the box's interpreter is, or would be."""
        python = box.interpreter
        return self.folder / key(
            "piece", wheel.sha256, wheel.file.filename, python.version[:2], python.platform, box.python
        )

    async def unpacked(self, wheels: Sequence[Wheel], box: InstallBox) -> list[Path]:
        """The pieces of these wheels, in their order; those that are not there yet are made, all in one box.

        Raises:
            TooBig: they are more than an environment may have.
            Tampered: one unpacks to something else than files and folders.
            BuildFailed: the installer refuses one, in its own words.
        """
        await asyncio.to_thread(_refuse_big, wheels, self.most)
        missing = [wheel for wheel in wheels if not await asyncio.to_thread(_used, self.of(wheel, box))]
        if missing:
            await self._make(missing, box)
        return [self.of(wheel, box) for wheel in wheels]

    async def _make(self, wheels: Sequence[Wheel], box: InstallBox) -> None:
        async with staged(self.staging) as place:
            lent, build = place / "wheels", place / "build"
            await asyncio.to_thread(_lend, wheels, lent)
            build.mkdir()
            async with watched(build, self.most):
                ran = await box.run(
                    _stages(wheels, box),
                    env={"UV_CACHE_DIR": f"{BUILD}/cache"},
                    read=[Mount(lent, WHEELS)],
                    write=[Mount(build, BUILD)],
                )
            for each in ran:
                if each.stage == 0 and each.returncode:
                    name = wheels[each.command].file.filename
                    raise BuildFailed(f"{name} cannot be unpacked: {words(each.stderr)}")
            await asyncio.to_thread(self._keep, wheels, box, build)

    def _keep(self, wheels: Sequence[Wheel], box: InstallBox, build: Path) -> None:
        # Its files are the pieces' by other names; without it each has but one.
        shutil.rmtree(build / "cache", ignore_errors=True)
        take_over(build, self.most)
        self.folder.mkdir(parents=True, exist_ok=True)
        for number, wheel in enumerate(wheels):
            made = build / str(number)
            _forget(made)
            with suppress(OSError):
                # Where somebody was faster theirs is as good.
                made.rename(self.of(wheel, box))


def _stages(wheels: Sequence[Wheel], box: InstallBox) -> tuple[Stage, ...]:
    unpack = tuple(
        (
            *(UV, "pip", "install", "--quiet", "--offline", "--no-index", "--find-links", f"{WHEELS}/{number}"),
            *("--no-deps", "--no-build", "--no-compile-bytecode", "--link-mode", "hardlink"),
            *("--prefix", f"{BUILD}/{number}", "--python", box.python),
            f"{wheel.file.name}=={wheel.file.version}",
        )
        for number, wheel in enumerate(wheels)
    )
    folders = (f"{BUILD}/{number}" for number in range(len(wheels)))
    # Written once, in the box: a box that runs sees the layer read-only and would compile at every start.
    compiled = (box.python, "-I", "-S", "-m", "compileall", "-q", "-j", "0", "-x", "/tests?/", *folders)
    return Stage(commands=unpack), Stage(commands=(compiled,), timeout_s=_COMPILE_S, needed=False)


def _lend(wheels: Sequence[Wheel], folder: Path) -> None:
    folder.mkdir()
    for number, wheel in enumerate(wheels):
        own = folder / str(number)
        own.mkdir()
        try:
            os.link(wheel.path, own / wheel.file.filename)
        except OSError:
            shutil.copyfile(wheel.path, own / wheel.file.filename)


def _used(piece: Path) -> bool:
    """Whether it is there; noted as used just now, for who makes room."""
    try:
        os.utime(piece)
    except FileNotFoundError:
        return False
    return True


def _forget(piece: Path) -> None:
    for path in (piece / ".lock", *piece.glob("lib/python*/site-packages/*.dist-info/*")):
        if path.name in _OURS:
            path.unlink(missing_ok=True)


def _refuse_big(wheels: Sequence[Wheel], most: Most) -> None:
    """Before anything is unpacked: what the archives say about themselves. What they hide is seen while it is unpacked."""
    size = files = 0
    for wheel in wheels:
        try:
            with wheel.path.open("rb") as opened:
                metadata.refuse_many(metadata.tail_of(opened), wheel.file)
                with zipfile.ZipFile(opened) as archive:
                    entries = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, IndexUnreachable) as error:
            raise BuildFailed(f"{wheel.file.filename} is no wheel: {error}") from error
        size += sum(entry.file_size for entry in entries)
        files += len(entries)
        if size > most.size_bytes or files > most.files:
            raise TooBig(
                f"The environment would hold more than {most.size_bytes} bytes or {most.files} files; {wheel.file.filename}"
                " is where the bound is passed."
            )


@asynccontextmanager
async def watched(folder: Path, most: Most) -> AsyncGenerator[None]:
    """End the block with `TooBig` when more lies in the folder than may, the installer's cache counted once."""

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            size, files = await asyncio.to_thread(_size, folder)
            if size > most.size_bytes or files > 3 * most.files:
                raise TooBig("A package unpacks to more files or bytes than an environment may have.")

    try:
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look())
            yield
            looking.cancel()
    except BaseExceptionGroup as error:
        raise error.exceptions[0] from error


def _size(folder: Path) -> tuple[int, int]:
    """(bytes on disk, names) below, a file with several names counted once in bytes."""
    seen: set[int] = set()
    size = names = 0
    for at, _, files in os.walk(folder):
        for name in files:
            names += 1
            with suppress(OSError):
                status = os.lstat(Path(at, name))
                if status.st_ino not in seen:
                    seen.add(status.st_ino)
                    size += status.st_blocks * 512
    return size, names
