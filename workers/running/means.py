"""What a run is done with: caches, indexes, the kind of box, and what the machine allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from workers.network.allowing import Allowance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.sandbox.holding import Holding

SandboxKind = Literal["bubblewrap", "oci", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run is done with."""

    cache: Path
    """Where environments are kept, outside the repository and the run store."""
    index: Mapping[str, str]
    """Variables that say where packages come from, as `listed.from_requirements` reads them."""
    sandbox: SandboxKind = "bubblewrap"
    programs: bool = False
    """Whether the configuration may name any program of this machine as the interpreter: only where the owner of the
    repository is the owner of the machine too."""
    network: Allowance = field(default_factory=Allowance)
    """What boxes may reach where the configuration wants it."""
    repository: str | None = None
    """`owner/name`, for credentials that a machine keeps for some repositories; None on the owner's own."""
    tenant: str = ""
    """Whom environments are made for: what is made for one is never shown to another. Empty: this repository's folder."""
    held: Holding | None = None
    """In which surroundings a box was seen to hold a short while ago; None looks into every box that is opened."""
