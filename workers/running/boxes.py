"""The boxes of one run, and the way out of them."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import structlog

from workers.documents.stored import refreshes
from workers.network.allowing import granted
from workers.network.starting import proxy
from workers.running.environments import box_limits
from workers.sandbox.opening import open_box

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workers.contract.canaries import Canaries
    from workers.network.starting import Proxy
    from workers.protocols import Box
    from workers.running.means import Means
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.waiting import WaitingBoxes
    from workers.settings import Root

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Opens boxes, all alike but for the settings of their root."""

    means: Means
    workspace: Path
    """The repository, whose files stand beside an artifact."""
    canaries: Canaries
    """Laid out inside as bait."""

    async def opened(
        self,
        root: Root,
        environment: InstalledEnvironment,
        paths: tuple[str, ...],
        way: Proxy | None = None,
        waiting: WaitingBoxes | None = None,
    ) -> Box:
        """A box for artifacts under `root`; `paths` are folders of the repository that its own package is imported from.

        Raises:
            SandboxUnavailableError: no box can be started here or it does not hold.
            EnvironmentBuildError: no kernel can be had for the environment's interpreter.
        """
        return await open_box(
            self.means.sandbox,
            environment=environment,
            cache=self.means.cache,
            workspace=self.workspace,
            limits=box_limits(root.settings),
            reduced=root.settings.run,
            paths=paths,
            raw=refreshes(root.settings.outputs),
            environ=self.means.index,
            held=self.means.held,
            canaries=self.canaries,
            network=way,
            waiting=waiting,
        )

    @asynccontextmanager
    async def way_out(self, root: Root, recording: Path) -> AsyncGenerator[Proxy | None]:
        """The proxy to what the owner wants reached and the machine grants; None where that is nothing.

        `recording` keeps the answers that come by it, and a file beside it how many came from where.

        Raises:
            SandboxUnavailableError: the proxy cannot be started.
        """
        wanted = granted(root.settings.network, self.means.network, self.means.repository)
        for sentence in wanted.refused:
            log.warning("network_refused", root=root.path, reason=sentence)
        if not wanted.network.hosts:
            yield None
            return
        with TemporaryDirectory(prefix="mendloop-net-") as folder:
            recording.parent.mkdir(exist_ok=True)
            async with proxy(
                wanted.network,
                folder=Path(folder),
                canaries=self.canaries,
                credentials=wanted.credentials,
                recording=recording,
            ) as way:
                yield way
                told = {host: dict(counts) for host, counts in (await way.totals()).items()}
                recording.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
