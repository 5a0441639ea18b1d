"""What a run was, computed outside from the lines that were read. The lines come from a stranger's box."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.domain import CellError, CellRun, Execution, KernelWarning, NetworkAttempt, Output
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import breaches
from workers.sandbox.breaches import Ending
from workers.sandbox.leaking import looked_through, unless_secret
from workers.sandbox.reducing import INJECTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workers.contract.canaries import Canaries
    from workers.sandbox.guestcall import Reply

_Text = Annotated[str, Field(max_length=1 << 24)]
_Name = Annotated[str, Field(max_length=1 << 14)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Output(_Line):
    kind: Literal["stream", "display_data", "execute_result", "error"]
    name: _Name
    text: _Text
    mime: list[tuple[_Name, _Name]]
    truncated: bool


class _Warning(_Line):
    category: _Name
    message: _Name
    line: int | None
    filename: _Name


class _Error(_Line):
    name: _Name
    message: _Name
    traceback: _Text
    line: int | None
    frames: list[tuple[_Name, int, _Name]] = Field(max_length=100)


class _Attempt(_Line):
    host: _Name
    port: int = Field(ge=0, le=65535)
    via: Literal["python", "other"]


class _Cell(_Line):
    cell: int
    status: Literal["ok", "error"]
    seconds: float
    outputs: list[_Output]
    warnings: list[_Warning]
    attempts: list[_Attempt] = Field(default=[], max_length=200)
    error: _Error | None
    expected: bool


class _Raw(_Line):
    cell: int
    outputs: list[dict[str, Any]]
    execution_count: int | None


class _Changed(_Line):
    cell: int
    outputs: list[_Output]


class _Begin(_Line):
    cell: int


class _Done(_Line):
    ended: Literal["", "timeout", "memory", "pids", "disk", "output", "killed", "kernel_died"]
    reason: _Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What was asked for, and where."""

    cells: tuple[int, ...]
    """Indices of the code cells, in order."""
    skipped: frozenset[int]
    """Those of them that are tagged not to be run."""
    environment: str
    """Digest of the environment and of the box."""
    boxed: bool
    left_out: tuple[str, ...] = ()
    """Files beside the artifact that were not there inside."""
    settings: tuple[tuple[str, str], ...] = ()
    """What was fixed, by name."""
    reduced: str = ""
    """What the owner left out or set, in a clause."""
    canaries: Canaries | None = None
    """What was laid out inside as bait; None: nothing."""


def execution(reply: Reply, ran: Ran) -> Execution:
    """The run. No `done` line means failed, whatever the lines say.

    Raises:
        SandboxUnavailableError: the driver never spoke, or the machine ran out of memory; nothing was learned about the
            artifact.
    """
    if not _lines(reply, "started"):
        said = reply.stderr.strip() or breaches.SENTENCES.get(reply.ended, "it said nothing")
        raise SandboxUnavailableError(f"The box did not start: {said}")
    if reply.seen.starved and not reply.seen.breach:
        raise SandboxUnavailableError("The machine ran out of memory while the box ran; fewer jobs, or smaller limits")
    outside = breaches.from_outside(reply)
    try:
        runs = _runs(reply, ran, outside)
        ending = outside if outside.ended else _told(reply, runs)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        unreadable = Ending(ended="killed", reason=f"the driver's lines cannot be read, at {where}")
        return _ended(reply, ran, (), outside if outside.ended else unreadable)
    if ending.ended and not _lines(reply, "ready"):
        return replace(_ended(reply, ran, (), ending), status="not_run")
    return _ended(reply, ran, runs, ending)


def _told(reply: Reply, runs: Iterable[CellRun]) -> Ending:
    """How it ended by the driver's own account, else by the words of the error that ended it."""
    done = _Done.model_validate(reply.lines[-1])
    told = breaches.from_the_driver(done.ended, done.reason, reply)
    failed = next((run for run in runs if run.error and not run.expected), None)
    if failed is None or told.ended not in ("", "kernel_died"):
        return told
    spoken_of = breaches.from_the_error(failed, reply)
    reason = f"{breaches.SENTENCES.get(spoken_of, '')}, by the words of the error itself"
    return Ending(ended=spoken_of, reason=reason) if spoken_of else told


def _runs(reply: Reply, ran: Ran, outside: Ending) -> tuple[CellRun, ...]:
    """Every cell that was told of, and the one that was running when the driver fell silent."""
    raw = {read.cell: read for read in map(_Raw.model_validate, _lines(reply, "raw"))}
    changed = {read.cell: read for read in map(_Changed.model_validate, _lines(reply, "changed"))}
    whole = (_with_raw(_changed(_cell(line), changed), raw) for line in _lines(reply, "cell"))
    told = [looked_through(run, ran.canaries) for run in whole]
    begun = [_Begin.model_validate(line).cell for line in _lines(reply, "begin")]
    last = begun[-1] if begun else None
    if not reply.done and last in ran.cells and all(run.cell != last for run in told):
        told.append(CellRun(cell=last, status="error", error=breaches.cut_short(outside)))
    return tuple(told)


def _ended(reply: Reply, ran: Ran, runs: Iterable[CellRun], ending: Ending) -> Execution:
    told = {run.cell: _restated(run, ending) for run in runs if run.cell not in ran.skipped}
    cells = tuple(told.get(cell, CellRun(cell=cell, status="not_run")) for cell in ran.cells)
    errors = (run.error for run in cells if run.error and not run.expected)
    ran_through = all(run.status == "ok" or run.expected or run.cell in ran.skipped for run in cells)
    return Execution(
        status="passed" if reply.done and ran_through and not ending.ended else "failed",
        cells=cells,
        reason=ending.reason if ending.ended else _reason(next(errors, None), told.get(INJECTED), ran),
        ended=ending.ended,
        seconds=reply.seconds,
        environment=ran.environment,
        boxed=ran.boxed,
        settings=ran.settings,
        reduced=ran.reduced,
        widgets=unless_secret(_widgets(reply), ran.canaries),
    )


def _restated(run: CellRun, ending: Ending) -> CellRun:
    return run if run.error is None or run.expected else replace(run, error=breaches.restated(run.error, ending))


def _reason(error: CellError | None, injected: CellRun | None, ran: Ran) -> str:
    """What there is to say of a run that no limit ended."""
    if injected is not None and injected.error is not None:
        return f"the owner's parameters cannot be set: {injected.error.name}: {injected.error.message}"
    return "" if error is None else _missed(error, ran.left_out)


def _missed(error: CellError, left_out: Iterable[str]) -> str:
    """A sentence where the error speaks of a file that was not copied into the box."""
    missed = next((path for path in left_out if path.rpartition("/")[2] in error.message), None)
    return "" if missed is None else f"{missed} was left out of the box: it is over a size limit or leads out"


def _lines(reply: Reply, event: str) -> list[dict[str, object]]:
    return [line for line in reply.lines if line.get("event") == event]


def _cell(line: dict[str, object]) -> CellRun:
    read = _Cell.model_validate(line)
    return CellRun(
        cell=read.cell,
        status=read.status,
        seconds=read.seconds,
        outputs=_outputs(read.outputs),
        warnings=tuple(
            KernelWarning(category=w.category, message=w.message, line=w.line, filename=w.filename)
            for w in read.warnings
        ),
        attempts=tuple(NetworkAttempt(host=a.host, port=a.port, via=a.via) for a in read.attempts),
        error=None if read.error is None else _error(read.error),
        expected=read.expected,
    )


def _outputs(read: Iterable[_Output]) -> tuple[Output, ...]:
    return tuple(Output(kind=o.kind, name=o.name, text=o.text, mime=tuple(o.mime), truncated=o.truncated) for o in read)


def _changed(run: CellRun, changed: Mapping[int, _Changed]) -> CellRun:
    """The run with its outputs as they were in the end: a later cell may update a display of an earlier one."""
    read = changed.get(run.cell)
    return run if read is None else replace(run, outputs=_outputs(read.outputs))


def _widgets(reply: Reply) -> str:
    state = next((line.get("state") for line in _lines(reply, "widgets")), None)
    return json.dumps(state) if isinstance(state, dict) else ""


def _with_raw(run: CellRun, raw: Mapping[int, _Raw]) -> CellRun:
    read = raw.get(run.cell)
    if read is None:
        return run
    return replace(run, raw=json.dumps({"outputs": read.outputs, "execution_count": read.execution_count}))


def _error(read: _Error) -> CellError:
    return CellError(
        name=read.name, message=read.message, traceback=read.traceback, line=read.line, frames=tuple(read.frames)
    )
