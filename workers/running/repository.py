"""One repository being mended: environments, boxes, root by root, and what is kept of it. No terminal, no signals."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from workers import stages, watch
from workers.contract import messages
from workers.contract.domain import Provenance, Report, Run, StopReason, Unrepaired
from workers.contract.errors import EnvironmentBuildError, SandboxUnavailableError
from workers.documents.stored import refreshes
from workers.knowledge import shipped
from workers.records import RunFolder
from workers.running.environments import Unusable, box_limits, environment_for, refuse_programs
from workers.running.version import version
from workers.sandbox.opening import open_box
from workers.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from pathlib import Path

    from workers.contract.report import Delivery
    from workers.protocols import Box, Document, Hook, Progress
    from workers.repair.carried import Earlier
    from workers.running.prepared import Prepared
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.holding import Holding
    from workers.settings import Root

T = TypeVar("T")
SandboxKind = Literal["bubblewrap", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run is done with."""

    cache: Path
    """Where environments are kept, outside the repository and the run store."""
    index: Mapping[str, str]
    """Variables that say where packages come from, as `environments.from_requirements` reads them."""
    sandbox: SandboxKind = "bubblewrap"
    programs: bool = False
    """Whether the configuration may name any program of this machine as the interpreter: only where the owner of the
    repository is the owner of the machine too."""
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
    built: list[tuple[Root, InstalledEnvironment]] = field(default_factory=list[tuple["Root", "InstalledEnvironment"]])
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
        """Build the environment of every root that holds artifacts. One that cannot be had is kept in `unusable`."""
        for root, _ in self.prepared.groups():
            try:
                environment = await self._unless_cancelled(self._environment(root))
            except (EnvironmentBuildError, OSError) as error:
                self.unusable.append(Unusable(root=root, error=error, repo=self.prepared.repo))
                continue
            if environment is None:
                return
            self.built.append((root, environment))

    async def mend(self) -> None:
        """Mend the artifacts root by root; those of a root without an environment or a box end with the reason.

        Raises:
            ConfigError: a validator of another package cannot be loaded.
        """
        for root, documents in self.prepared.groups():
            if self.cancelled.is_set():
                return
            await self._group(root, documents)

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

    async def _environment(self, root: Root) -> InstalledEnvironment:
        if not self.means.programs:
            refuse_programs(root)
        return await environment_for(root, cache=self.means.cache, index=self.means.index)

    async def _group(self, root: Root, documents: Sequence[Document]) -> None:
        box = await self._unless_cancelled(self._box(root))
        if isinstance(box, Unusable):
            for document in documents:
                self.finished(box.report(document))
        elif box is not None:
            watching = Watch(progress=(self,), hooks=self.hooks, on_record=self.folder.keep, cancelled=self.cancelled)
            await stages.repair_all(
                documents,
                settings=root.settings,
                box=box,
                workspace=self.prepared.repo,
                watch=watching,
                earlier=self.earlier,
            )

    async def _box(self, root: Root) -> Box | Unusable:
        failed = next((each for each in self.unusable if each.root is root), None)
        if failed is not None:
            return failed
        try:
            return await open_box(
                self.means.sandbox,
                environment=next(environment for each, environment in self.built if each is root),
                cache=self.means.cache,
                workspace=self.prepared.repo,
                limits=box_limits(root.settings),
                raw=refreshes(root.settings.outputs),
                environ=self.means.index,
                held=self.means.held,
            )
        except (SandboxUnavailableError, EnvironmentBuildError, OSError) as error:
            return Unusable(root=root, error=error, repo=self.prepared.repo)

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
        used = [environment for _, environment in self.built]
        return Provenance(
            version=version(),
            python=", ".join(sorted({".".join(map(str, each.python_version)) for each in used})),
            environment=", ".join(sorted({each.digest for each in used})),
            configuration=", ".join(sorted({root.settings.digest for root, _ in self.prepared.groups()})),
            rules=shipped.digest(),
            sandbox=self.means.sandbox,
            as_of=self.prepared.plan.roots[-1].settings.as_of.isoformat(),
        )
