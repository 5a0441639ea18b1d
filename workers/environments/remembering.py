"""Which lock a decision came to, so that the same question on the same day costs a look at two files."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from pathlib import Path

_SIZE_BYTES = 8 * 1024 * 1024


class Locked(BaseModel):
    """One package of a lock, down to its file."""

    model_config = ConfigDict(frozen=True)

    name: str
    """Normalised."""
    version: str
    filename: str
    sha256: str
    """Of the file; of the source distribution where `built` is true."""
    built: bool = False
    """True for what was built here from source."""


class Resolution(BaseModel):
    """What a decision came to."""

    model_config = ConfigDict(frozen=True)

    at: float
    """Seconds since the epoch."""
    locked: tuple[Locked, ...]
    layer: str
    """The name of the layer that holds it."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """Resolutions of one tenant."""

    folder: Path

    def recall(self, digest: str, fresh_s: float) -> Resolution | None:
        """What was remembered no longer than `fresh_s` ago."""
        try:
            with (self.folder / f"{digest}.json").open("rb") as file:
                found = Resolution.model_validate_json(file.read(_SIZE_BYTES))
        except (OSError, ValidationError):
            return None
        # A clock that was set back makes nothing young again.
        return found if 0 <= time.time() - found.at < fresh_s else None

    def keep(self, digest: str, resolution: Resolution) -> None:
        """Remember it, instead of what was remembered before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(".part", dir=self.folder)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(resolution.model_dump_json())
            os.replace(name, self.folder / f"{digest}.json")  # noqa: PTH105 - a name, as it was given
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108 - as above
