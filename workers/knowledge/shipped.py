"""Everything the project ships as knowledge: which files, and what they were when a run was made."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable


@cache
def digest() -> str:
    """`digest_of` what this project ships: packs, models, shapes, tables and mined facts."""
    return digest_of(resources.files(__package__ or "workers.knowledge"))


def digest_of(folder: Traversable) -> str:
    """SHA-256 over the names and contents of the knowledge files in `folder`, in hex."""
    total = hashlib.sha256()
    for file in _files(folder):
        total.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _files(folder: Traversable) -> Iterator[Traversable]:
    """Those of the folder, then those of the folders in it, each by name."""
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    yield from (entry for entry in entries if entry.name.endswith((".yml", ".toml", ".json")))
    for entry in entries:
        if entry.is_dir():
            yield from _files(entry)
