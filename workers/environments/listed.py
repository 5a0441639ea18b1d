"""An environment of plain requirements: a list that somebody typed, or a requirements file as it stands."""

from __future__ import annotations

import asyncio
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from workers.environments.supplier import Supplier
from workers.environments.supplying import supply
from workers.environments.words import Asked, Decision
from workers.sandbox import requirements as requirements_file
from workers.sandbox.interpreter import inspect_interpreter, our_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.sandbox.environments import InstalledEnvironment

OWNERS = "the owner of this machine"
"""The tenant of what is built for nobody in particular."""


async def from_requirements(
    requirements: Path | tuple[str, ...],
    *,
    cache: Path,
    python: Path | None = None,
    environ: Mapping[str, str] | None = None,
    tenant: str = OWNERS,
) -> InstalledEnvironment:
    """A fresh environment with these requirements, built once and kept in `cache` by content.

    The key is the tenant, the requirements, the interpreter and the index settings in `environ` (by default this process's).
    What an unpinned requirement resolved to therefore stays until the cache is removed: runs can be repeated.

    Raises:
        EnvironmentBuildError: a line is no plain requirement, or they cannot be satisfied, in the resolver's own words.
    """
    if isinstance(requirements, Path):
        wanted, origin = await asyncio.to_thread(requirements_file.read, requirements), requirements.name
    else:
        wanted, origin = requirements_file.normalised(requirements), "the requirements"
    base = await (our_own() if python is None else inspect_interpreter(python))
    supplier = Supplier(
        cache=cache, tenant=tenant, index=dict(os.environ if environ is None else environ), fresh_s=math.inf
    )
    decision = Decision(source=origin, asked=tuple(Asked(requirement=line, origin=origin) for line in sorted(wanted)))
    return (await supply(decision, base, supplier)).environment
