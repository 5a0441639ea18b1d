"""One repository being mended: environments, boxes, root by root, and what is kept of it. No terminal, no signals."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from workers import stages, watch
from workers.contract import messages
from workers.contract.canaries import Canaries
from workers.contract.domain import Report, Run
from workers.contract.errors import EnvironmentBuildError, SandboxUnavailableError
from workers.environments.supplier import Supplier
from workers.records import RunFolder
from workers.running.boxes import Boxes
from workers.running.bridging import Bridges
from workers.running.ending import Finished, every_report, provenance
from workers.running.environments import Unusable, refuse_programs
from workers.running.faults.wiring import fault_split
from workers.running.habitats import habitats, home
from workers.sandbox.waiting import WaitingBoxes
from workers.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from pathlib import Path

    from workers.network.starting import Proxy
    from workers.protocols import Box, Faults, Hook, Progress
    from workers.repair.carried import Earlier
    from workers.review.whereto.following import Releases
    from workers.running.habitats import Habitat, Home
    from workers.running.means import Means
    from workers.running.prepared import Prepared

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Running:
    """One run while it goes on. What is known is here, so that a cancelled run can still tell it.

    `start`, `build`, `mend`, `finish`, in this order. Setting `cancelled` ends what waits in a moment and in order: what
    was not judged by then is reported as cancelled.
    """

    prepared: Prepared
    means: Means
    folder: RunFolder
    hooks: Sequence[Hook] = ()
    progress: Sequence[Progress] = ()
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    earlier: Mapping[str, Earlier] = field(default_factory=lambda: MappingProxyType({}))
    """Artifacts as another run left them, by their paths; see `repair.carried`."""
    reports: dict[str, Report] = field(default_factory=dict[str, Report])
    habitats: tuple[Habitat, ...] = ()
    canaries: Canaries = field(default_factory=Canaries.fresh)
    """Laid out in the boxes of this run, and in no other's."""
    built: list[tuple[Habitat, Home]] = field(default_factory=list[tuple["Habitat", "Home"]])
    unusable: list[Unusable] = field(default_factory=list[Unusable])
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)

    @classmethod
    def start(  # noqa: PLR0913 - the parts of a run, each by name
        cls,
        prepared: Prepared,
        means: Means,
        *,
        store: Path,
        run_id: str,
        progress: Sequence[Progress] = (),
        cancelled: asyncio.Event | None = None,
        earlier: Mapping[str, Earlier] | None = None,
    ) -> Running:
        """A run that is kept in `store`. An id serves once: who tries again takes another.

        Raises:
            ConfigError: the folder cannot be made or is there already, or an installed hook cannot be loaded.
        """
        hooks = watch.installed()
        folder = RunFolder.create(store, run_id, prepared.redactor, prepared.documents)
        return cls(
            prepared=prepared,
            means=means,
            folder=folder,
            hooks=hooks,
            progress=progress,
            cancelled=cancelled or asyncio.Event(),
            earlier=earlier or {},
        )

    async def build(self) -> None:
        """Have the environment of every habitat. One that cannot be had is kept in `unusable`."""
        self.habitats = await asyncio.to_thread(habitats, self.prepared)
        for habitat in self.habitats:
            try:
                found = await self._unless_cancelled(self._home(habitat))
            except (EnvironmentBuildError, SandboxUnavailableError, OSError) as error:
                self.unusable.append(self._unusable(habitat, error))
                continue
            if found is None:
                return
            self.built.append((habitat, found))

    async def mend(self) -> None:
        """Mend the artifacts habitat by habitat; those without an environment or a box end with the reason.

        Raises:
            ConfigError: a validator of another package cannot be loaded.
        """
        for habitat in self.habitats:
            if self.cancelled.is_set():
                return
            await self._group(habitat)

    def finish(self) -> Finished:
        """Write what is known of the run and what it delivers. To be called once, also after a cancelled `mend`."""
        used = [there.environment for _, there in self.built]
        run = Run(
            id=self.folder.folder.name,
            started=self.started.isoformat(timespec="seconds"),
            reports=every_report(self.prepared, self.reports),
            provenance=provenance(self.prepared, used, self.means.sandbox),
            seconds=time.monotonic() - self.clock,
        )
        deliveries = self.folder.finish(run)
        copies = {report.artifact.path: self.folder.delivered(report) for report in run.reports}
        return Finished(
            run=messages.masked(run, self.prepared.redactor),
            deliveries=deliveries,
            copies={path: copy for path, copy in copies.items() if copy is not None},
            folder=self.folder.folder,
        )

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        """Progress."""
        Watch(progress=self.progress).phase(artifact, phase, iteration)

    def finished(self, report: Report) -> None:
        """Progress; also what a cancelled run still knows."""
        self.reports[report.artifact.path] = report
        Watch(progress=self.progress).finished(report)

    async def _home(self, habitat: Habitat) -> Home:
        if not self.means.programs:
            refuse_programs(habitat.root)
        return await home(habitat, self.supplier)

    @property
    def supplier(self) -> Supplier:
        """Who makes environments for this repository."""
        means = self.means
        tenant = means.tenant or str(self.prepared.repo)
        return Supplier(cache=means.cache, tenant=tenant, index=means.index, repository=self.prepared.repo)

    @property
    def _boxes(self) -> Boxes:
        return Boxes(means=self.means, workspace=self.prepared.repo, canaries=self.canaries)

    def _unusable(self, habitat: Habitat, error: Exception) -> Unusable:
        return Unusable(root=habitat.root, error=error, repo=self.prepared.repo, habitat=habitat)

    async def _group(self, habitat: Habitat) -> None:
        async with AsyncExitStack() as stack:
            waiting = await stack.enter_async_context(WaitingBoxes())
            try:
                way = await stack.enter_async_context(self._boxes.way_out(habitat.root, self._recording(habitat)))
            except SandboxUnavailableError as error:
                for document in habitat.documents:
                    self.finished(self._unusable(habitat, error).report(document))
                return
            await self._mended(habitat, way, waiting)

    def _recording(self, habitat: Habitat) -> Path:
        """Where the answers that its boxes get from outside are kept."""
        return self.folder.folder / "network" / f"{self.habitats.index(habitat)}.answers"

    async def _mended(self, habitat: Habitat, way: Proxy | None, waiting: WaitingBoxes) -> None:
        box = await self._unless_cancelled(self._box(habitat, way, waiting))
        if isinstance(box, Unusable):
            for document in habitat.documents:
                self.finished(box.report(document))
        elif box is not None:
            watching = Watch(progress=(self,), hooks=self.hooks, on_record=self.folder.keep, cancelled=self.cancelled)
            await stages.repair_all(
                habitat.documents,
                settings=habitat.root.settings,
                box=box,
                workspace=self.prepared.repo,
                watch=watching,
                earlier=self.earlier,
                faults=self._faults(habitat, box),
                declared=habitat.decisions,
                releases=self._releases(habitat, box),
            )

    def _releases(self, habitat: Habitat, box: Box) -> Releases | None:
        """Asked where a name went that the environment has no more; None where the owner wants that not looked into."""
        seconds = habitat.root.settings.bridge_s
        packages = box.environment.packages
        return Bridges(supplier=self.supplier, packages=packages, seconds=seconds) if seconds and packages else None

    def _faults(self, habitat: Habitat, box: Box) -> Faults:
        """Asked about what fails unchanged; makes nothing before it is."""
        there = self._home_of(habitat)
        return fault_split(
            habitat,
            box,
            declared=there,
            supplier=self.supplier,
            open_box=lambda made: self._boxes.opened(habitat.root, made.environment, made.own_paths),
        )

    def _home_of(self, habitat: Habitat) -> Home:
        return next(there for each, there in self.built if each is habitat)

    async def _box(self, habitat: Habitat, way: Proxy | None, waiting: WaitingBoxes) -> Box | Unusable:
        failed = next((each for each in self.unusable if each.habitat is habitat), None)
        if failed is not None:
            return failed
        there = self._home_of(habitat)
        try:
            return await self._boxes.opened(habitat.root, there.environment, there.paths, way, waiting)
        except (SandboxUnavailableError, EnvironmentBuildError, OSError) as error:
            return self._unusable(habitat, error)

    async def _unless_cancelled(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` comes to; None when the run was cancelled before, and the work then is ended."""
        task = asyncio.create_task(work)
        signal = asyncio.create_task(self.cancelled.wait())
        try:
            await asyncio.wait({task, signal}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for each in (task, signal):
                each.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await each
