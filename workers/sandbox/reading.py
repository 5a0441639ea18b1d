"""What a run was, computed outside from the lines that were read. The lines come from a stranger's box."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.domain import CellError, CellRun, Execution, KernelWarning, Output
from workers.contract.errors import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class _Cell(_Line):
    cell: int
    status: Literal["ok", "error"]
    seconds: float
    outputs: list[_Output]
    warnings: list[_Warning]
    error: _Error | None
    expected: bool


class _Raw(_Line):
    cell: int
    outputs: list[dict[str, Any]]
    execution_count: int | None


class _Begin(_Line):
    cell: int


class _Done(_Line):
    ended: Literal["", "timeout", "memory", "pids", "disk", "output", "killed", "kernel_died"]
    reason: _Text


_NAMES = {"timeout": "Timeout", "output": "OutputLimit", "kernel_died": "KernelDied"}
"""The error of a cell that a limit ended, by how the run ended; `Killed` for the others."""

_SENTENCES = {
    "timeout": "the run took longer than a run may",
    "memory": "the run took more memory than a run may",
    "pids": "the run started more processes and threads than a run may",
    "disk": "the run wrote more files than a run may",
    "output": "the run printed more than a run may",
    "killed": "the run ended before the driver was done",
}

_LIMITS = (
    ("memory", re.compile(r"^(MemoryError|.*ArrayMemoryError)$"), re.compile("")),
    ("memory", re.compile("^OSError$"), re.compile(r"\[Errno 12\]")),
    ("disk", re.compile("^OSError$"), re.compile(r"\[Errno (27|28)\]")),
    ("pids", re.compile("^BlockingIOError$"), re.compile(r"\[Errno 11\]")),
    ("pids", re.compile("^RuntimeError$"), re.compile("can't start new thread")),
)
"""Which limit an exception speaks of: (how the run ended, the exception's class, its message)."""


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


def execution(reply: Reply, ran: Ran) -> Execution:
    """The run. No `done` line means failed, whatever the lines say.

    Raises:
        SandboxUnavailableError: the driver never spoke; nothing was learned about the artifact.
    """
    if not _lines(reply, "started"):
        said = reply.stderr.strip() or _SENTENCES.get(reply.ended, "it said nothing")
        raise SandboxUnavailableError(f"The box did not start: {said}")
    try:
        runs, done = _runs(reply, ran), _done(reply)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        return _ended(reply, ran, (), "killed", f"the driver's lines cannot be read, at {where}")
    if done.ended and not _lines(reply, "ready"):
        return replace(_ended(reply, ran, (), done.ended, done.reason), status="not_run")
    return _ended(reply, ran, runs, done.ended, done.reason)


def _done(reply: Reply) -> _Done:
    """How it ended by the driver's own account, or by what was seen from outside."""
    if reply.done:
        return _Done.model_validate(reply.lines[-1])
    return _Done.model_validate({"ended": reply.ended, "reason": _SENTENCES.get(reply.ended, "")})


def _runs(reply: Reply, ran: Ran) -> tuple[CellRun, ...]:
    """Every cell that was told of, and the one that was running when the driver fell silent."""
    raw = {read.cell: read for read in map(_Raw.model_validate, _lines(reply, "raw"))}
    told = [_with_raw(_cell(line), raw) for line in _lines(reply, "cell")]
    begun = [_Begin.model_validate(line).cell for line in _lines(reply, "begin")]
    last = begun[-1] if begun else None
    if not reply.done and last in ran.cells and all(run.cell != last for run in told):
        error = CellError(
            name=_NAMES.get(reply.ended, "Killed"), message=_SENTENCES.get(reply.ended, ""), traceback="", line=None
        )
        told.append(CellRun(cell=last, status="error", error=error))
    return tuple(told)


def _ended(reply: Reply, ran: Ran, runs: Iterable[CellRun], ended: str, reason: str) -> Execution:
    told = {run.cell: run for run in runs}
    cells = tuple(told.get(cell, CellRun(cell=cell, status="not_run")) for cell in ran.cells)
    error = next((run.error for run in cells if run.error and not run.expected), None)
    ran_through = all(run.status == "ok" or run.expected or run.cell in ran.skipped for run in cells)
    return Execution(
        status="passed" if reply.done and ran_through and not ended else "failed",
        cells=cells,
        reason=reason if ended or error is None else _missed(error, ran.left_out),
        ended=ended or (_limit(error) if error else ""),
        seconds=reply.seconds,
        environment=ran.environment,
        boxed=ran.boxed,
    )


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
        outputs=tuple(
            Output(kind=o.kind, name=o.name, text=o.text, mime=tuple(o.mime), truncated=o.truncated)
            for o in read.outputs
        ),
        warnings=tuple(
            KernelWarning(category=w.category, message=w.message, line=w.line, filename=w.filename)
            for w in read.warnings
        ),
        error=None if read.error is None else _error(read.error),
        expected=read.expected,
    )


def _with_raw(run: CellRun, raw: Mapping[int, _Raw]) -> CellRun:
    read = raw.get(run.cell)
    if read is None:
        return run
    return replace(run, raw=json.dumps({"outputs": read.outputs, "execution_count": read.execution_count}))


def _error(read: _Error) -> CellError:
    return CellError(
        name=read.name, message=read.message, traceback=read.traceback, line=read.line, frames=tuple(read.frames)
    )


def _limit(error: CellError) -> str:
    """The limit that an exception in a cell speaks of; empty for any other exception."""
    return next((name for name, kind, text in _LIMITS if kind.match(error.name) and text.search(error.message)), "")
