"""One repository being mended: environments, boxes, root by root, and what is kept of it. No terminal, no signals."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import structlog

from workers import stages, watch
from workers.contract import messages
from workers.contract.canaries import Canaries
from workers.contract.domain import Provenance, Report, Run, StopReason, Unrepaired
from workers.contract.errors import EnvironmentBuildError, SandboxUnavailableError
from workers.documents.stored import refreshes
from workers.environments.supplying import Supplier
from workers.knowledge import shipped
from workers.network.allowing import Allowance, granted
from workers.network.starting import proxy
from workers.records import RunFolder
from workers.running.bridging import Bridges
from workers.running.environments import Unusable, box_limits, refuse_programs
from workers.running.faults.wiring import fault_split
from workers.running.habitats import habitats, home
from workers.running.version import version
from workers.sandbox.opening import open_box
from workers.sandbox.waiting import WaitingBoxes
from workers.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence

    from workers.contract.report import Delivery
    from workers.network.starting import Proxy
    from workers.protocols import Box, Document, Faults, Hook, Progress
    from workers.repair.carried import Earlier
    from workers.review.whereto.following import Releases
    from workers.running.habitats import Habitat, Home
    from workers.running.prepared import Prepared
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.holding import Holding
    from workers.settings import Root

T = TypeVar("T")
log = structlog.get_logger()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that ended, whole or cancelled."""

    run: Run
    """Masked: fit to leave."""
    deliveries: Mapping[str, Delivery]
    """Artifact path -> what the run's folder holds for it."""
    copies: Mapping[str, Document]
    """Artifact path -> the copy to put in the original's place; artifacts that stay as they are have none."""
    folder: Path


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
        run = Run(
            id=self.folder.folder.name,
            started=self.started.isoformat(timespec="seconds"),
            reports=self._known(),
            provenance=self._provenance(),
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

    def _unusable(self, habitat: Habitat, error: Exception) -> Unusable:
        return Unusable(root=habitat.root, error=error, repo=self.prepared.repo, habitat=habitat)

    async def _group(self, habitat: Habitat) -> None:
        async with AsyncExitStack() as stack:
            waiting = await stack.enter_async_context(WaitingBoxes())
            try:
                way = await stack.enter_async_context(self._way_out(habitat))
            except SandboxUnavailableError as error:
                for document in habitat.documents:
                    self.finished(self._unusable(habitat, error).report(document))
                return
            await self._mended(habitat, way, waiting)

    @asynccontextmanager
    async def _way_out(self, habitat: Habitat) -> AsyncGenerator[Proxy | None]:
        """The proxy to what the owner wants reached and the machine grants; None where that is nothing."""
        wanted = granted(habitat.root.settings.network, self.means.network, self.means.repository)
        for sentence in wanted.refused:
            log.warning("network_refused", root=habitat.root.path, reason=sentence)
        if not wanted.network.hosts:
            yield None
            return
        number = self.habitats.index(habitat)
        recording = self.folder.folder / "network" / f"{number}.answers"
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
            open_box=lambda made: self._opened(habitat.root, made.environment, made.own_paths),
        )

    def _home_of(self, habitat: Habitat) -> Home:
        return next(there for each, there in self.built if each is habitat)

    async def _box(self, habitat: Habitat, way: Proxy | None, waiting: WaitingBoxes) -> Box | Unusable:
        failed = next((each for each in self.unusable if each.habitat is habitat), None)
        if failed is not None:
            return failed
        there = self._home_of(habitat)
        try:
            return await self._opened(habitat.root, there.environment, there.paths, way, waiting)
        except (SandboxUnavailableError, EnvironmentBuildError, OSError) as error:
            return self._unusable(habitat, error)

    async def _opened(
        self,
        root: Root,
        environment: InstalledEnvironment,
        paths: tuple[str, ...],
        way: Proxy | None = None,
        waiting: WaitingBoxes | None = None,
    ) -> Box:
        return await open_box(
            self.means.sandbox,
            environment=environment,
            cache=self.means.cache,
            workspace=self.prepared.repo,
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

    def _known(self) -> tuple[Report, ...]:
        """A report for every artifact, in the order of their paths."""
        unread = {report.artifact.path: report for report in self.prepared.unread}
        unfinished = {
            document.path: Report(
                artifact=document.artifact,
                outcome=Unrepaired(remaining=(), reason=StopReason.CANCELLED),
                note="the run was interrupted before this artifact was judged",
            )
            for document in self.prepared.documents
        }
        return tuple(report for _, report in sorted((unfinished | unread | self.reports).items()))

    def _provenance(self) -> Provenance:
        used = [there.environment for _, there in self.built]
        return Provenance(
            version=version(),
            python=", ".join(sorted({".".join(map(str, each.python_version)) for each in used})),
            environment=", ".join(sorted({each.digest for each in used})),
            configuration=", ".join(sorted({root.settings.digest for root, _ in self.prepared.groups()})),
            rules=shipped.digest(),
            sandbox=self.means.sandbox,
            as_of=self.prepared.plan.roots[-1].settings.as_of.isoformat(),
        )
