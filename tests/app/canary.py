"""Looks for secrets where they must not be, in every spelling in which they may travel."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HALF = 16
"""A half of a secret counts when it is at least this long."""
UNPACKED_BYTES = 1 << 26
LAYERS = 3
"""How deep archives are opened."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A secret that was seen: which, spelled how, and where. Never the secret itself."""

    name: str
    spelling: str
    where: str


class Canaries:
    """Secrets by name, and all their spellings."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._spellings = [
            (name, kind, spelling) for name, secret in secrets.items() for kind, spelling in spellings(secret.encode())
        ]

    def seen(self, raw: bytes, where: str, layers: int = LAYERS) -> list[Sighting]:
        """Every secret in `raw`, archives in it opened."""
        found = [Sighting(name, kind, where) for name, kind, spelling in self._spellings if spelling in raw]
        if layers:
            for inner in _opened(raw):
                found += self.seen(inner, f"{where} (unpacked)", layers - 1)
        return found

    def in_files(self, folder: Path, holders: Iterable[Path] = ()) -> list[Sighting]:
        """Every secret in the files below `folder`; the files in `holders` may hold theirs."""
        kept = {path.resolve() for path in holders}
        files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.resolve() not in kept)
        return [sighting for path in files for sighting in self.seen(_read(path), str(path))]

    def in_repository(self, bare: Path) -> list[Sighting]:
        """Every secret in any object of a git repository, reachable or not."""
        everything = ["git", "cat-file", "--batch-all-objects", "--batch"]
        done = subprocess.run(everything, cwd=bare, check=True, capture_output=True)
        return self.seen(done.stdout, str(bare))

    def in_processes(self, holders: Iterable[int] = ()) -> list[Sighting]:
        """Every secret in the arguments or the environment of a process that is not among `holders`."""
        kept = {str(pid) for pid in holders}
        return [
            sighting
            for process in Path("/proc").glob("[0-9]*")
            if process.name not in kept
            for part in ("cmdline", "environ")
            for sighting in self.seen(_read(process / part), f"{process.name}/{part}", layers=0)
        ]


def spellings(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """How a secret may be written."""
    yield "raw", secret
    yield "reversed", secret[::-1]
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    yield "url", quote(secret, safe="").encode()
    yield "json", secret.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    for given in (secret, b"x-access-token:" + secret):
        yield from _base64(given)
    middle = len(secret) // 2
    if middle >= HALF:
        yield "first half", secret[:middle]
        yield "second half", secret[middle:]


def _base64(raw: bytes) -> Iterator[tuple[str, bytes]]:
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw)
        # Whole groups alone: what stands at the ends depends on the neighbours.
        whole = encoded[4 if shift else 0 :].rstrip(b"=")
        whole = whole[: len(whole) - len(whole) % 4 - 4]
        yield f"base64+{shift}", whole
        yield f"base64url+{shift}", whole.replace(b"+", b"-").replace(b"/", b"_")


def _opened(raw: bytes) -> Iterator[bytes]:
    for match in re.finditer(rb"\x1f\x8b\x08", raw):
        yield _inflated(raw[match.start() :], 16 + zlib.MAX_WBITS)
    if raw[:2] in {b"\x78\x01", b"\x78\x9c", b"\x78\xda"}:
        yield _inflated(raw, zlib.MAX_WBITS)
    if raw[:4] == b"PK\x03\x04":
        yield from _members(raw)


def _members(raw: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from [archive.read(name) for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, RuntimeError):
        return


def _inflated(raw: bytes, window: int) -> bytes:
    """What unpacks of it, however little."""
    try:
        return zlib.decompressobj(window).decompress(raw, UNPACKED_BYTES)
    except zlib.error:
        return b""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
