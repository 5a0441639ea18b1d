"""`mendloop repair`: artifacts go in, proven patches come out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from workers import stages
from workers.cli import session, terminal
from workers.cli.version import version
from workers.contract import messages, paths, runs
from workers.contract import report as numbers
from workers.contract.domain import Errored, Provenance, Report, Run, StopReason, Unrepaired
from workers.contract.errors import ConfigError, MendloopError, SandboxUnavailableError
from workers.documents.stored import refreshes
from workers.knowledge import shipped
from workers.records import RunFolder, choose_store
from workers.sandbox.opening import open_box
from workers.watch import Watch
from workers.workspace import writable_again

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.cli.session import Asked, Session
    from workers.cli.terminal import Board, Lines
    from workers.contract.report import Delivery
    from workers.protocols import Document
    from workers.sandbox.environments import InstalledEnvironment
    from workers.settings import Root

INTERRUPTED = 130
OPERATIONAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `repair` is told besides what every command is."""

    asked: Asked
    sandbox: Literal["bubblewrap", "none"]
    out: Path | None
    diff: bool
    write: bool
    as_json: bool


@dataclass(slots=True, kw_only=True)
class Repairing:
    """One run of the command while it goes on. What is known is here, so that an interrupted run can still tell it."""

    session: Session
    options: Options
    folder: RunFolder
    board: Board | Lines
    reports: dict[str, Report] = field(default_factory=dict[str, Report])
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    environments: list[InstalledEnvironment] = field(default_factory=list["InstalledEnvironment"])

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        """Progress."""
        self.board.phase(artifact, phase, iteration)

    def finished(self, report: Report) -> None:
        """Progress; also what an interrupted run still knows."""
        self.reports[report.artifact.path] = report
        self.board.finished(report)

    async def all(self) -> None:
        """Build every environment, then mend root by root. An environment that cannot be had ends it at once."""
        groups = self.session.groups()
        for root, _ in groups:
            self.board.note("preparing the environment")
            self.environments.append(await session.environment_for(root))
        self.board.note("")
        for (root, documents), environment in zip(groups, self.environments, strict=True):
            await self._group(root, documents, environment)

    async def _group(self, root: Root, documents: tuple[Document, ...], environment: InstalledEnvironment) -> None:
        try:
            box = await open_box(
                self.options.sandbox,
                environment=environment,
                cache=session.cache(),
                workspace=self.session.repo,
                limits=session.box_limits(root.settings),
                raw=refreshes(root.settings.outputs),
            )
        except SandboxUnavailableError as error:
            for document in documents:
                self.finished(Report(artifact=document.artifact, outcome=Errored(reason=str(error))))
            return
        watch = Watch(progress=(self,), on_record=self.folder.keep, cancelled=self.cancelled)
        repo = self.session.repo
        for report in await stages.repair_all(documents, settings=root.settings, box=box, workspace=repo, watch=watch):
            self.reports[report.artifact.path] = report

    def known(self) -> tuple[Report, ...]:
        """A report for every artifact, in the order of their paths."""
        unread = {report.artifact.path: report for report in self.session.unread}
        unfinished = {
            document.path: Report(
                artifact=document.artifact,
                outcome=Unrepaired(remaining=(), reason=StopReason.CANCELLED),
                note="the run was interrupted before this artifact was judged",
            )
            for document in self.session.documents
        }
        return tuple(report for _, report in sorted((unfinished | unread | self.reports).items()))


def repair(options: Options) -> int:
    """Run the command; its exit code.

    Raises:
        ConfigError: what was typed or configured cannot be used.
        EnvironmentBuildError: the interpreter or the requirements cannot be used.
    """
    opened = session.start(options.asked)
    started = datetime.now(UTC)
    store = choose_store(options.out, os.environ, opened.repo, Path.home())
    folder = RunFolder.create(store, runs.new_id(started, opened.repo.name), opened.redactor, opened.documents)
    clock = time.monotonic()
    with terminal.progress(Console(stderr=True)) as board:
        repairing = Repairing(session=opened, options=options, folder=folder, board=board)
        try:
            interrupted = asyncio.run(_until_interrupted(repairing))
        except MendloopError:
            folder.discard()
            raise
    run = Run(
        id=folder.folder.name,
        started=started.isoformat(timespec="seconds"),
        reports=repairing.known(),
        provenance=_provenance(repairing),
        seconds=time.monotonic() - clock,
    )
    deliveries = folder.finish(run)
    _show(messages.masked(run, opened.redactor), folder, deliveries, options)
    written = _write(repairing, run) if options.write else True
    if interrupted:
        return INTERRUPTED
    return numbers.exit_code(run) if written else OPERATIONAL


async def _until_interrupted(repairing: Repairing) -> bool:
    """Mend until done or told to stop. The first signal ends it in order, the second at once; True when one came."""
    work = asyncio.create_task(repairing.all())
    loop = asyncio.get_running_loop()

    def stop() -> None:
        started = bool(repairing.environments) and not repairing.cancelled.is_set()
        repairing.cancelled.set()
        if not started:
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await work
    return repairing.cancelled.is_set()


def _provenance(repairing: Repairing) -> Provenance:
    used = repairing.environments
    settings = {root.settings.digest for root, _ in repairing.session.groups()}
    return Provenance(
        version=version(),
        python=", ".join(sorted({".".join(map(str, each.python_version)) for each in used})),
        environment=", ".join(sorted({each.digest for each in used})),
        configuration=", ".join(sorted(settings)),
        rules=shipped.digest(),
        sandbox=repairing.options.sandbox,
        as_of=repairing.session.plan.roots[-1].settings.as_of.isoformat(),
    )


def _show(run: Run, folder: RunFolder, deliveries: Mapping[str, Delivery], options: Options) -> None:
    patch = (folder.folder / "deliverable" / "patch.diff").read_bytes()
    if options.as_json:
        result = numbers.result_json(run, str(folder.folder), deliveries)
        sys.stdout.write(json.dumps(result) + "\n")
        if options.diff:
            sys.stderr.write(patch.decode(errors="replace"))
        return
    console = terminal.output()
    console.print(terminal.results(run, deliveries))
    for line in terminal.explained(run):
        console.print(line, soft_wrap=True)
    console.print(
        f"{terminal.summary(run)}. Everything is in {folder.folder}", soft_wrap=True, highlight=False, markup=False
    )
    if options.diff:
        console.print(patch.decode(errors="replace"), end="", soft_wrap=True, highlight=False, markup=False)


def _write(repairing: Repairing, run: Run) -> bool:
    """Write what is delivered over the originals; True when all of it could be."""
    written = True
    for report in run.reports:
        copy = repairing.folder.delivered(report)
        if copy is None:
            continue
        try:
            place = paths.writable(repairing.session.repo, copy.path)
            writable_again(repairing.session.repo, repairing.folder.originals[copy.path])
            paths.write_atomically(place, copy.raw, mode=place.stat().st_mode & 0o777)
        except (ConfigError, OSError) as error:
            session.say(f"not written: {error}")
            written = False
    return written
