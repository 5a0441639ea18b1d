"""The metadata of a wheel, without the rest of it: beside it where the index has it, else the few kilobytes inside it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import struct
import zipfile
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.environments.errors import IndexUnreachable, Tampered, TooBig
from workers.environments.upstream import path_of

if TYPE_CHECKING:
    from pathlib import Path

    from workers.environments.index import Source
    from workers.environments.listing import File
    from workers.environments.upstream import Upstream

MAX_BYTES = 4 * 1024 * 1024
MAX_FILES = 60_000
_TAIL_BYTES = 1 << 16
_DIRECTORY_BYTES = 32 * 1024 * 1024
_PARTS = 12
_INFO = re.compile(r"([^/]+)\.dist-info/METADATA")
_END = struct.Struct("<4s4H2LH")


async def metadata(upstream: Upstream, source: Source, file: File) -> bytes:
    """The `METADATA` of a wheel.

    Raises:
        IndexUnreachable: the index does not answer, or the file is no wheel.
        Tampered: the metadata beside it is not what its page says.
    """
    if source.folder is not None:
        return await asyncio.to_thread(read, path_of(source, file.url), file)
    if file.metadata and (found := await upstream.get(source, file.url + ".metadata", most=MAX_BYTES)):
        if file.metadata_sha256 and hashlib.sha256(found.content).hexdigest() != file.metadata_sha256:
            raise Tampered(f"The metadata of {file.filename} is not what its index says.")
        return found.content
    return await _inside(upstream, source, file)


def inside(archive: zipfile.ZipFile, file: File) -> bytes:
    """The metadata inside an opened wheel."""
    for entry in archive.infolist():
        match = _INFO.fullmatch(entry.filename)
        if match and canonicalize_name(match.group(1).rpartition("-")[0]) == file.name:
            if entry.file_size > MAX_BYTES:
                raise TooBig(f"The metadata of {file.filename} is larger than {MAX_BYTES} bytes.")
            with archive.open(entry) as opened:
                return opened.read(MAX_BYTES)
    raise IndexUnreachable(f"{file.filename} has no metadata in it.")


def refuse_many(tail: bytes, file: File) -> None:
    """Refuse an archive of more entries than a wheel has, before they are all read. `tail` is its end.

    Raises:
        TooBig: it says so itself.
        IndexUnreachable: it is no archive.
    """
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise IndexUnreachable(f"{file.filename} is no wheel.")
    _, _, _, _, entries, directory_bytes, _, _ = _END.unpack_from(tail, at)
    # An archive with more than fits these numbers says so with all bits set.
    if entries > MAX_FILES or directory_bytes > _DIRECTORY_BYTES:
        raise TooBig(f"{file.filename} holds more than {MAX_FILES} files.")


def read(path: Path, file: File) -> bytes:
    """The metadata of a wheel that lies on this machine."""
    try:
        with path.open("rb") as opened:
            refuse_many(tail_of(opened), file)
            with zipfile.ZipFile(opened) as archive:
                return inside(archive, file)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise IndexUnreachable(f"{file.filename} of a package index cannot be read: {error}") from error


def tail_of(opened: io.BufferedReader) -> bytes:
    """The end of a file, as much as an archive's last record may take."""
    size = opened.seek(0, io.SEEK_END)
    opened.seek(max(0, size - _TAIL_BYTES - _END.size))
    return opened.read()


class _Absent(Exception):  # noqa: N818 - no mistake: what is to be fetched next
    def __init__(self, start: int, end: int) -> None:
        super().__init__(start, end)
        self.start, self.end = start, end


class _Sparse(io.RawIOBase):
    """A file of which only some parts are known; reading anything else raises `_Absent`."""

    def __init__(self, size: int, start: int, part: bytes) -> None:
        super().__init__()
        self.size, self.at = size, 0
        self.parts = {start: part}

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        self.at = max(0, base + offset)
        return self.at

    def read(self, size: int = -1) -> bytes:
        end = self.size if size < 0 else min(self.size, self.at + size)
        if end <= self.at:
            return b""
        for start, part in self.parts.items():
            if start <= self.at and end <= start + len(part):
                found = part[self.at - start : end - start]
                self.at = end
                return found
        raise _Absent(self.at, end)


async def _inside(upstream: Upstream, source: Source, file: File) -> bytes:
    """Out of a wheel that lies elsewhere, by asking for its end, its table of contents and one entry."""
    tail = await upstream.get(source, file.url, part=f"bytes=-{_TAIL_BYTES}")
    if tail is None:
        raise IndexUnreachable(f"A package index lists {file.filename} and does not have it.")
    size = tail.total if tail.partial else len(tail.content)
    sparse = _Sparse(size, size - len(tail.content), tail.content)
    refuse_many(tail.content, file)
    for _ in range(_PARTS):
        try:
            with zipfile.ZipFile(sparse) as archive:  # pyright: ignore[reportArgumentType]  # a file for reading is enough
                return inside(archive, file)
        except _Absent as absent:
            await _fetch(upstream, source, file, sparse, absent)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise IndexUnreachable(f"{file.filename} of a package index cannot be read: {error}") from error
    raise IndexUnreachable(f"{file.filename} of a package index cannot be read in parts.")


async def _fetch(upstream: Upstream, source: Source, file: File, sparse: _Sparse, absent: _Absent) -> None:
    end = min(sparse.size, max(absent.end, absent.start + _TAIL_BYTES))
    if end - absent.start > _DIRECTORY_BYTES:
        raise TooBig(f"The table of contents of {file.filename} is larger than {_DIRECTORY_BYTES} bytes.")
    found = await upstream.get(source, file.url, part=f"bytes={absent.start}-{end - 1}", most=_DIRECTORY_BYTES)
    if found is None or not found.partial:
        raise IndexUnreachable(f"A package index does not give {file.filename} in parts.")
    sparse.parts[absent.start] = found.content
