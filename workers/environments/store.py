"""The files of packages, kept by what is in them: written by us after their hash was checked, the same for all tenants.

A file is found by its SHA-256 alone, so nobody can have another's file by a name, and what a tenant's index calls
`numpy-2.1.0` is another file here unless it is the same to the last byte. No box ever sees this folder: a box is handed links
to the files it is to unpack, read-only.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from workers.environments.errors import NoRoom, Tampered, TooBig

if TYPE_CHECKING:
    from pathlib import Path

    from workers.environments.index import Source
    from workers.environments.listing import File
    from workers.environments.upstream import Upstream

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of files by hash."""

    folder: Path
    max_file_bytes: int

    async def fetched(self, upstream: Upstream, source: Source, file: File, expected: tuple[str, ...] = ()) -> str:
        """Have the file here; its SHA-256, in hex.

        `expected` are hashes (`sha256:<hex>`) of which it must have one, beside the one its index names; empty: any.

        Raises:
            Tampered: what came is something else. Nothing of it is kept.
            IndexUnreachable: it did not come.
            TooBig: it is larger than a file may be.
        """
        if file.sha256 and await asyncio.to_thread(self._has, file.sha256):
            _refuse_other(file, file.sha256, expected)
            return file.sha256
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        descriptor, name = await asyncio.to_thread(tempfile.mkstemp, ".part", "download-", self.folder)
        try:
            with os.fdopen(descriptor, "wb") as into:
                digest = await self._written(upstream, source, file, into)
            _refuse_other(file, digest, expected)
            await asyncio.to_thread(self._kept, name, digest)
        except OSError as error:
            if error.errno in _FULL:
                raise NoRoom("This machine's disk is full.") from error
            raise
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108 - a name, as it was given
        return digest

    def path(self, digest: str) -> Path:
        """Where the file with this hash is, if it is here."""
        return self.folder / digest[:2] / digest

    def lend(self, digest: str, folder: Path, filename: str) -> Path:
        """Put the file into `folder` under a name of its own. It stays there whatever becomes of the store.

        Raises:
            FileNotFoundError: it is not here any more.
        """
        target = folder / filename
        try:
            os.link(self.path(digest), target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
                raise
            shutil.copyfile(self.path(digest), target)
        return target

    async def _written(self, upstream: Upstream, source: Source, file: File, into: BinaryIO) -> str:
        hasher, size = hashlib.sha256(), 0
        async for chunk in upstream.stream(source, file.url):
            size += len(chunk)
            if size > self.max_file_bytes:
                raise TooBig(f"{file.filename} is larger than {self.max_file_bytes} bytes.")
            await asyncio.to_thread(hasher.update, chunk)
            await asyncio.to_thread(into.write, chunk)
        return hasher.hexdigest()

    def _has(self, digest: str) -> bool:
        try:
            # When it was last of use, for who makes room.
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def _kept(self, name: str, digest: str) -> None:
        target = self.path(digest)
        target.parent.mkdir(exist_ok=True)
        os.chmod(name, 0o444)  # noqa: PTH101 - a name, as it was given
        os.replace(name, target)  # noqa: PTH105 - as above


def _refuse_other(file: File, digest: str, expected: tuple[str, ...]) -> None:
    if file.sha256 and digest != file.sha256:
        raise Tampered(f"{file.filename} is not what its index says: sha256 {digest} instead of {file.sha256}.")
    if expected and f"sha256:{digest}" not in expected:
        raise Tampered(f"{file.filename} is none of the files that the declaration names by hash: sha256 {digest}.")
