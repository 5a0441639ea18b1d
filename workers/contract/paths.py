"""What may be read and written: regular files inside the repository, never through a symbolic link out of it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import mkstemp

from workers.contract.errors import ConfigError, DocumentError

PROTECTED = (".git", ".github", ".hg", ".svn", ".jupyter", ".ipython", ".vscode", ".devcontainer")
"""Folders whose files steer tools: no repair writes there."""
ARTIFACT_SUFFIXES = frozenset({".ipynb", ".md", ".rst"})
"""What a repair may write."""


def contained(repo: Path, path: str) -> Path:
    """The absolute place of `path` (POSIX, relative to `repo`), resolved.

    Raises:
        ConfigError: it is no plain relative path, or leads out of the repository.
    """
    pure = PurePosixPath(path)
    if "\0" in path or "\\" in path or pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise ConfigError(f"{path!r} is not a path inside the repository")
    try:
        resolved = (repo / pure).resolve()
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{path!r} cannot be resolved: {error}") from error
    if not resolved.is_relative_to(repo.resolve()):
        raise ConfigError(f"{path!r} leads out of the repository")
    return resolved


def writable(repo: Path, path: str) -> Path:
    """The place of an artifact that a repair may write.

    Raises:
        ConfigError: `path` leads out of the repository, is protected, is no artifact or no regular file.
    """
    resolved = contained(repo, path)
    inside = resolved.relative_to(repo.resolve())
    if inside.suffix.lower() not in ARTIFACT_SUFFIXES:
        raise ConfigError(f"{path!r} is not a notebook or page; nothing else is written")
    if any(part.lower() in PROTECTED for part in inside.parts[:-1]):
        raise ConfigError(f"{path!r} lies in a protected folder")
    if not _regular(repo / path):
        raise ConfigError(f"{path!r} is not a regular file")
    return resolved


def read_bounded(repo: Path, path: str, size_bytes: int) -> bytes:
    """The bytes of a regular file of the repository.

    Raises:
        ConfigError: `path` leads out of the repository.
        DocumentError: it is not a regular file, larger than `size_bytes`, or cannot be read.
    """
    resolved = contained(repo, path)
    try:
        # Not blocking on a FIFO, and not following a link put there since.
        descriptor = os.open(resolved, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise DocumentError("unreadable", f"{path} cannot be read: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DocumentError("not-a-file", f"{path} is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            raw = b"" if status.st_size > size_bytes else file.read(size_bytes + 1)
    finally:
        os.close(descriptor)
    if status.st_size > size_bytes or len(raw) > size_bytes:
        size_mb = max(status.st_size, len(raw)) / 2**20
        raise DocumentError(
            "too-large", f"{path} has {size_mb:.1f} MB, more than the {size_bytes / 2**20:g} MB allowed"
        )
    return raw


def write_atomically(place: Path, content: bytes, mode: int = 0o644) -> None:
    """Write `content` to `place` whole or not at all, and durably."""
    descriptor, temporary = mkstemp(dir=place.parent, prefix=f".{place.name[:64]}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        Path(temporary).replace(place)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """The rename itself survives a crash only when the folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _regular(place: Path) -> bool:
    try:
        return stat.S_ISREG(place.lstat().st_mode)
    except OSError:
        return False
