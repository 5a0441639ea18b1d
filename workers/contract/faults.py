"""On which side the fault is when an unchanged artifact fails: what was compared, and what came of it. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Side(StrEnum):
    """Where the fault lies."""

    CODE = "code"
    """It fails whatever the versions are."""
    EITHER = "either"
    """Newer versions took away what it uses: the code may follow, or the versions may stay."""
    PIN = "pin"
    """The declared versions are at fault; the artifact is right."""
    UPSTREAM = "upstream"
    """Packages do not fit each other; the artifact is right."""
    DATA = "data"
    """Something is missing that neither code nor versions bring."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One field of the matrix: a copy in an environment."""

    versions: str
    """Which environment, in words: `declared`, `of 2024-01-05`, `of today`."""
    copy: Literal["base", "head"]
    status: Literal["passed", "failed", "not_run"]
    words: str = ""
    """How it failed, or why it was not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A version that makes the artifact pass."""

    name: str
    version: str
    instead_of: str
    """The version with which it fails."""

    def __str__(self) -> str:
        """As a requirement."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What was found out about a failing base."""

    side: Side
    sentence: str
    """Names the side, and why it is taken to be that one."""
    tried: tuple[Tried, ...]
    pins: tuple[Pin, ...] = ()
    """Together they were seen to make it pass, everything else as declared."""
    releases: tuple[str, ...] = ()
    """Which release broke or mended it, a sentence each."""
    left_open: tuple[str, ...] = ()
    """What could not be found out and why, a sentence each."""

    @property
    def whole(self) -> bool:
        """Whether every field of the matrix was run."""
        return all(each.status != "not_run" for each in self.tried)
