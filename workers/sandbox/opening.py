"""The one place where a box is made: with a kernel in it, and only if it holds."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Literal

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.holding import Surroundings
from workers.sandbox.limits import Limits
from workers.sandbox.local import LocalBox
from workers.sandbox.oci import OciBox
from workers.sandbox.overlay import kernel_overlay
from workers.sandbox.probe import ProbeResult, probe_box
from workers.sandbox.way_out import ReachingBox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.contract.canaries import Canaries
    from workers.contract.reduced import ReducedRun
    from workers.protocols import Box
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.holding import Holding
    from workers.sandbox.waiting import WaitingBoxes
    from workers.sandbox.way_out import Network


async def open_box(  # noqa: PLR0913 - the parts of a box, each by name
    kind: Literal["bubblewrap", "oci", "none"],
    *,
    environment: InstalledEnvironment,
    cache: Path,
    workspace: Path | None = None,
    limits: Limits | None = None,
    raw: bool = False,
    environ: Mapping[str, str] | None = None,
    held: Holding | None = None,
    waiting: WaitingBoxes | None = None,
    reduced: Sequence[ReducedRun] = (),
    canaries: Canaries | None = None,
    network: Network | None = None,
    paths: Sequence[str] = (),
) -> Box:
    """A box for artifacts under `workspace` in this environment; its kernel layer is built if it is not in the cache.

    `environ` holds the variables that say where packages come from, by default this process's. With `raw` its runs hand out
    whole outputs (`CellRun.raw`). With `held` a box that was seen to hold in the same surroundings a short while ago is not
    looked into again. With `waiting` boxes can be started ahead (`ahead`) and runs take those. `reduced` says which
    artifacts are not run in full. `canaries` are laid out inside as bait. With `network` its runs have a way out to the
    hosts that it lets them reach. `paths` are folders of the repository that its own package is imported from. Never
    another kind than was asked for: where no box holds there is none.

    Raises:
        SandboxUnavailableError: no box can be started here or it does not hold; says why and what to do.
        EnvironmentBuildError: no kernel can be had for the environment's interpreter.
    """
    limits = limits or Limits()
    overlay = await kernel_overlay(environment, cache, environ)
    if kind == "none":
        return LocalBox(environment, overlay, workspace, limits, raw=raw, reduced=tuple(reduced), paths=tuple(paths))
    await _see_that_it_holds(kind, environment, overlay, limits, held)
    made = partial(OciBox if kind == "oci" else BubblewrapBox, environment, overlay, workspace, limits)
    box = made(raw=raw, waiting=waiting, reduced=reduced, canaries=canaries, paths=paths)
    return box if network is None else ReachingBox(box=box, network=network)


async def _see_that_it_holds(
    kind: Literal["bubblewrap", "oci"],
    environment: InstalledEnvironment,
    overlay: Path,
    limits: Limits,
    held: Holding | None,
) -> None:
    surroundings = await asyncio.to_thread(Surroundings.now, environment, overlay, limits, kind=kind)
    if held is not None and surroundings in held:
        return
    refuse_unless_it_holds(await probe_box(environment, overlay, limits, kind=kind))
    if held is not None:
        held.add(surroundings)


def refuse_unless_it_holds(results: Sequence[ProbeResult]) -> None:
    """Pass over results that are all well and not empty.

    Raises:
        SandboxUnavailableError: anything else.
    """
    failed = next((result for result in results if not result.ok), None)
    if failed is not None:
        raise SandboxUnavailableError(f"No box: {failed.name}, {failed.seen}. {failed.remedy}".strip())
    if not results:
        raise SandboxUnavailableError("No box: nothing was looked at.")
