"""`mendloop repair`: artifacts go in, proven patches come out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from workers.cli import notes, session, terminal
from workers.contract import paths, runs
from workers.contract import report as numbers
from workers.contract.errors import ConfigError, MendloopError
from workers.contract.markdown import seen
from workers.contract.result import result_json
from workers.network.allowing import of_machine
from workers.records import choose_store
from workers.running.environments import refuse_mistakes
from workers.running.means import Means
from workers.running.repository import Running
from workers.workspace import writable_again

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.cli.session import Asked
    from workers.cli.terminal import Board, Lines
    from workers.protocols import Document
    from workers.running.ending import Finished

INTERRUPTED = 130
OPERATIONAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `repair` is told besides what every command is."""

    asked: Asked
    sandbox: Literal["bubblewrap", "oci", "none"]
    out: Path | None
    diff: bool
    write: bool
    as_json: bool


def repair(options: Options) -> int:
    """Run the command; its exit code.

    Raises:
        ConfigError: what was typed or configured cannot be used.
        EnvironmentBuildError: what was typed or configured as the environment cannot be used, for any artifact.
    """
    prepared = session.start(options.asked)
    store = choose_store(options.out, os.environ, prepared.repo, Path.home())
    run_id = runs.new_id(datetime.now(UTC), prepared.repo.name)
    means = Means(
        cache=session.cache(),
        index=os.environ,
        sandbox=options.sandbox,
        programs=True,
        network=of_machine(os.environ, shared=False),
    )
    with terminal.progress(Console(stderr=True)) as board:
        running = Running.start(prepared, means, store=store, run_id=run_id, progress=(board,))
        try:
            asyncio.run(_until_interrupted(running, board))
        except MendloopError:
            running.folder.discard()
            raise
    finished = running.finish()
    _show(finished, options)
    session.tell([notes.not_judged(prepared)], prepared.redactor)
    written = _write(prepared.repo, running.folder.originals, finished) if options.write else True
    if running.cancelled.is_set():
        return INTERRUPTED
    return numbers.exit_code(finished.run) if written else OPERATIONAL


async def _until_interrupted(running: Running, board: Board | Lines) -> None:
    """Mend until done or told to stop. The first signal ends it in order, the second at once."""
    work = asyncio.create_task(_mend(running, board))

    def stop() -> None:
        if running.cancelled.is_set():
            work.cancel()
        running.cancelled.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await work


async def _mend(running: Running, board: Board | Lines) -> None:
    board.note("preparing the environment")
    await running.build()
    refuse_mistakes(running.unusable, len(running.habitats))
    board.note("")
    await running.mend()


def _show(finished: Finished, options: Options) -> None:
    run, folder = finished.run, finished.folder
    patch = (folder / "deliverable" / "patch.diff").read_bytes()
    if options.as_json:
        sys.stdout.write(json.dumps(result_json(run, str(folder), finished.deliveries)) + "\n")
        if options.diff:
            sys.stderr.write(patch.decode(errors="replace"))
        return
    console = terminal.output()
    console.print(terminal.results(run, finished.deliveries))
    for line in terminal.explained(run):
        console.print(line, soft_wrap=True)
    console.print(f"{terminal.summary(run)}. Everything is in {folder}", soft_wrap=True, highlight=False, markup=False)
    if options.diff:
        console.print(patch.decode(errors="replace"), end="", soft_wrap=True, highlight=False, markup=False)


def _write(repo: Path, originals: Mapping[str, Document], finished: Finished) -> bool:
    """Write what is delivered over the originals and say what was; True when all of it could be."""
    written: list[str] = []
    for copy in finished.copies.values():
        try:
            place = paths.writable(repo, copy.path)
            writable_again(repo, originals[copy.path])
            paths.write_atomically(place, copy.raw, mode=place.stat().st_mode & 0o777)
            written.append(copy.path)
        except (ConfigError, OSError) as error:
            session.say(f"not written: {seen(str(error))}")
    session.say(terminal.written(finished.run, written))
    return len(written) == len(finished.copies)
