"""The Python sources of one release, out of a wheel or a folder: bounded, and never imported.

A wheel is a stranger's archive. Nothing of it is written to the disk, so a path in it can lead nowhere; what it unpacks to is
counted while it is read, whatever its table of contents says.
"""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.errors import MendloopError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ENTRIES = 60_000
MAX_FILES = 5_000
FILE_BYTES = 3 << 20
ALL_BYTES = 150 << 20

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_NATIVE = re.compile(r"(?P<name>[A-Za-z_]\w*)(\.[\w.-]+)?\.(so|pyd|dylib)")
_LEFT_OUT = frozenset(
    {"tests", "test", "_vendor", "vendor", "vendored", "examples", "benchmarks", "site-packages", "idlelib"}
    | {"turtledemo", "ensurepip", "conftest", "setup", "baseline_images", "sample_data"}
)
"""Folders and files whose names nobody imports."""


class UnreadableReleaseError(MendloopError):
    """A file is no wheel, or a larger one than is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of Python."""

    module: str
    """Dotted."""
    path: str
    """In the release, POSIX."""
    is_package: bool
    is_stub: bool
    """A `.pyi`: it says what is there, and stands for no code."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What a release holds."""

    sources: tuple[Source, ...]
    """By path."""
    native: frozenset[str]
    """Dotted names of compiled modules."""
    complete: bool
    """False when files were left out because there were too many or they were too large."""


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    size: int
    read: Callable[[], bytes]


def of_wheel(path: Path, *, most_entries: int = MAX_ENTRIES) -> Tree:
    """The sources in a wheel of at most so many entries.

    Raises:
        UnreadableReleaseError: it cannot be read as one, or holds more than a wheel does.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > most_entries:
                raise UnreadableReleaseError(f"{path.name} holds more than {most_entries} files; it is not read")
            return _tree([_packed(archive, entry) for entry in entries])
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise UnreadableReleaseError(f"{path.name} cannot be read as a wheel: {error}") from error


def of_folder(folder: Path) -> Tree:
    """The sources under `folder`, as those of an interpreter's library; links are not followed."""
    found: list[_Entry] = []
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        paths = [Path(base, name) for name in sorted(names)]
        regular = [path for path in paths if not path.is_symlink() and path.is_file()]
        found += [_Entry(path.relative_to(folder).as_posix(), path.stat().st_size, path.read_bytes) for path in regular]
    return _tree(found)


def _packed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> _Entry:
    def read() -> bytes:
        with archive.open(entry) as opened:
            return opened.read(FILE_BYTES + 1)

    return _Entry(entry.filename, entry.file_size, read)


def _tree(entries: list[_Entry]) -> Tree:
    """The shallow files first where there are too many: what users import stands near the top."""
    native = frozenset(name for entry in entries if (name := _native(entry.path)))
    wanted = sorted(
        (entry for entry in entries if _module(entry.path)), key=lambda each: (each.path.count("/"), each.path)
    )
    sources: list[Source] = []
    total, complete = 0, len(wanted) <= MAX_FILES
    for entry in wanted[:MAX_FILES]:
        content = entry.read() if entry.size <= FILE_BYTES else None
        if content is None or len(content) > FILE_BYTES or total + len(content) > ALL_BYTES:
            complete = False
            continue
        total += len(content)
        sources.append(_source(entry.path, content))
    return Tree(sources=tuple(sorted(sources, key=lambda each: each.path)), native=native, complete=complete)


def _source(path: str, content: bytes) -> Source:
    stem = path.rpartition("/")[2].partition(".")[0]
    return Source(
        module=_module(path) or "",
        path=path,
        is_package=stem == "__init__",
        is_stub=path.endswith(".pyi"),
        content=content,
    )


def _module(path: str) -> str | None:
    """The dotted name of a source; None for everything else, strange paths included."""
    stem, dot, ending = path.rpartition(".")
    if not dot or ending not in {"py", "pyi"}:
        return None
    return _dotted(stem.split("/"))


def _native(path: str) -> str | None:
    folder, _, name = path.rpartition("/")
    found = _NATIVE.fullmatch(name)
    parts = [part for part in folder.split("/") if part]
    return _dotted([*parts, found["name"]]) if found else None


def _dotted(parts: list[str]) -> str | None:
    if parts[-1] == "__init__":
        parts = parts[:-1]
    if not parts or not all(_IDENTIFIER.fullmatch(part) for part in parts) or _LEFT_OUT.intersection(parts):
        # `lib-dynload` of an interpreter: its modules stand at the top.
        return parts[-1] if len(parts) == 2 and parts[0] == "lib-dynload" else None  # noqa: PLR2004 - folder and file
    return ".".join(parts)
