"""For whom environments are made, out of what, and what is handed out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.environments.install_box import LIMITS
from workers.sandbox.layers import key
from workers.sandbox.limits import GIB, Limits
from workers.sandbox.unprivileged import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.environments.leasing import Lease
    from workers.environments.remembering import Locked
    from workers.sandbox.environments import InstalledEnvironment

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """For whom environments are made, out of what, and how much of the machine they may take."""

    cache: Path
    """Our cache directory, on one file system."""
    tenant: str
    """Who they are for: what is made for one is never seen by another."""
    index: Mapping[str, str] = field(repr=False)
    """Variables that say where packages come from, pip's or uv's; see `index.configured`."""
    hosts: tuple[str, ...] = ()
    """Hosts beside those of the indexes that files may lie on."""
    allow_builds: bool = False
    """Whether a package that comes only as source may be built, in the box."""
    repository: Path | None = None
    """The exported files, for an own package that must be built."""
    fresh_s: float = DAY_S
    """How long a resolution is taken for today's."""
    max_bytes: int = 12 * GIB
    """Of one environment, unpacked; and of what is downloaded for it."""
    max_files: int = 400_000
    cache_bytes: int = 60 * GIB
    """Of everything that is kept, all tenants together; what was used least recently goes first."""
    limits: Limits = LIMITS
    """Of an install box."""
    programs: str = PROGRAMS

    @property
    def folder(self) -> Path:
        """What is this tenant's alone."""
        return self.cache / "tenants" / key("tenant", self.tenant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """An environment, and how it came about."""

    environment: InstalledEnvironment
    locked: tuple[Locked, ...]
    """By name."""
    built: bool
    """False: it was there already."""
    seconds: float
    resolved_at: float
    """When its versions were decided, in seconds since the epoch; up to `Supplier.fresh_s` ago."""
    own_paths: tuple[str, ...] = ()
    """Folders of the repository that belong at the end of the path of what runs: its own package stands there."""
    notes: tuple[str, ...] = ()
    lease: Lease
    """Keeps what lies on the disk from being removed until it is closed or nobody refers to `environment` any more."""
