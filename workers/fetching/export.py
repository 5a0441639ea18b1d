"""A fetched commit's regular files, written to a folder. No links, no submodules, no git; everything is counted."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from git import Commit, IndexObject

MIB = 1 << 20
CHUNK_BYTES = MIB
NAME_BYTES = 255
"""Of one path component, as ext4 and its kin have it."""


class TooLargeError(Exception):
    """The repository is larger than a cap; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How large a repository may be."""

    pack_bytes: int = 1024 * MIB
    """What the fetch may bring, compressed."""
    file_bytes: int = 100 * MIB
    """A larger file is not fetched; whoever reads it finds it missing."""
    total_bytes: int = 4096 * MIB
    """All files, unpacked."""
    entries: int = 200_000
    """Files and folders, counted while they are listed."""
    seconds: float = 300.0
    """For the fetch, and again for the export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files of one commit."""

    folder: Path
    sha: str
    files: int
    total_bytes: int
    left_out: tuple[str, ...] = field(default=())
    """Paths that are there in the commit and not in the folder: links, submodules, files above the cap, names that no
    file system should be asked to hold."""


def export(commit: Commit, folder: Path, caps: Caps) -> Snapshot:
    """Write the regular files of `commit` into `folder`, which is new.

    Raises:
        TooLargeError: a cap is passed.
    """
    folder.mkdir(mode=0o700)
    writing = _Writing(folder=folder, caps=caps)
    for entry in _entries(commit, caps):
        writing.take(entry)
    return Snapshot(
        folder=folder,
        sha=commit.hexsha,
        files=writing.files,
        total_bytes=writing.total_bytes,
        left_out=tuple(writing.left_out),
    )


def _entries(commit: Commit, caps: Caps) -> Iterator[IndexObject]:
    """Everything in the tree, depth first and counted as it comes: few objects can name a billion paths."""
    waiting = [commit.tree]
    count = 0
    while waiting:
        for entry in waiting.pop():
            count += 1
            if count > caps.entries:
                raise TooLargeError(f"more than {caps.entries} files and folders")
            if entry.type == "tree" and is_plain(str(entry.path)):
                waiting.append(entry)
            else:
                yield entry


@dataclass(slots=True, kw_only=True)
class _Writing:
    folder: Path
    caps: Caps
    files: int = 0
    total_bytes: int = 0
    left_out: list[str] = field(default_factory=list[str])

    def take(self, entry: IndexObject) -> None:
        path = str(entry.path)
        if entry.type != "blob" or not stat.S_ISREG(entry.mode) or not is_plain(path):
            self.left_out.append(path)
            return
        try:
            # A file above the cap was not fetched: asking for its size is how that shows.
            size = entry.size
        except ValueError:
            self.left_out.append(path)
            return
        self.total_bytes += size
        if self.total_bytes > self.caps.total_bytes:
            raise TooLargeError(f"more than {self.caps.total_bytes // MIB} MB of files")
        self._write(entry, path)

    def _write(self, entry: IndexObject, path: str) -> None:
        place = self.folder / path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = 0o700 if entry.mode & 0o100 else 0o600
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            stream = entry.data_stream
            while chunk := cast("bytes", stream.read(CHUNK_BYTES)):
                file.write(chunk)
        self.files += 1


def is_plain(path: str) -> bool:
    """A path that means itself: relative, no dots, nothing that is `.git` to any file system, no control characters."""
    parts = PurePosixPath(path).parts
    return (
        bool(parts)
        and not path.startswith("/")
        and "\\" not in path
        and path.isprintable()
        and all(part not in {"..", "."} and len(part.encode(errors="surrogateescape")) <= NAME_BYTES for part in parts)
        # HFS+ and NTFS have other spellings of it, and a folder copied from here may end up on one.
        and not any(part.rstrip(". ").lower() in {".git", "git~1"} for part in parts)
    )
