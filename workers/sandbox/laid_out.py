"""What a box holds beside its environment and the repository: bait for whoever looks for keys, and a way out if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.sandbox import way_out
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.contract.canaries import Canaries


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut:
    """Nothing, unless it is said."""

    canaries: Canaries | None = None
    way_out: Path | None = None
    """A folder with the socket and the certificate of a proxy."""

    @property
    def variables(self) -> dict[str, str]:
        """For the environment; they win over others."""
        bait = {} if self.canaries is None else self.canaries.variables
        return bait | ({} if self.way_out is None else way_out.VARIABLES)

    @property
    def files(self) -> Mapping[str, bytes]:
        """Content by its path below the home directory."""
        return {} if self.canaries is None else self.canaries.files

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """To be shown read-only."""
        return () if self.way_out is None else (Mount(self.way_out, way_out.FOLDER),)
