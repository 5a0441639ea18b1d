"""Which limit ended a run: what was seen from outside first, then the box's words where they can be true.

A box speaks about itself only, yet a wrong name would send an owner after the wrong thing. So a word of a full disk counts where
a place was seen to fill, and one of too many processes where many were seen or refused; an error of a socket or a device that
reads the same is the code's own. A request for memory or a file size that was refused leaves no trace, and is believed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from workers.contract.domain import CellError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import CellRun
    from workers.sandbox.guestcall import Reply

Ended = Literal["", "timeout", "memory", "pids", "disk", "output", "killed", "kernel_died"]

NAMES = {"timeout": "Timeout", "output": "OutputLimit", "kernel_died": "KernelDied"}
"""The error of a cell that a limit ended, by how the run ended; `Killed` for the others."""
_OURS: tuple[Ended, ...] = ("timeout", "memory", "pids", "disk", "output")
_KNOWN: dict[str, Ended] = {name: name for name in _OURS}
ENDED_BY_US = frozenset({*NAMES.values(), "Killed"})

SENTENCES = {
    "timeout": "the run took longer than a run may",
    "memory": "the run took more memory than a run may",
    "pids": "the run started more processes and threads than a run may",
    "disk": "the run wrote more than a run may",
    "output": "the run printed more than a run may",
    "killed": "the run ended before the driver was done",
}

_HALF = 0.5
"""A place or a number of processes that was seen at half its bound, once in 50 ms, may have been at it between looks."""

_MEMORY = re.compile(
    r"^(?:\w+\.)*\w*MemoryError\b|\[Errno 12\]|Cannot allocate memory|Unable to allocate|can't allocate memory"
    r"|std::bad_alloc|memory allocation of \d+ bytes failed|^OutOfMemoryError"
)
_DEVICE = re.compile(r"CUDA|GPU|[Dd]evice memory|MPS backend")
"""Memory of another kind."""
_TOO_LARGE = re.compile(r"\[Errno 27\]|File too large|SIGXFSZ")
_FULL = re.compile(
    r"\[Errno (?:28|122)\]|errno = 28\b|No space left on device|Disk quota exceeded|database or disk is full"
)
_THREADS = re.compile(r"can't start new thread|pthread_create failed|Thread creation failed")
_AGAIN = re.compile(r"\[Errno 11\]|Resource temporarily unavailable")
_FORKS = re.compile(r"\bfork(?:_exec|pty)?\(|_execute_child|\bspawn\w*\(")
_STARTS = frozenset({"CalledProcessError", "BrokenProcessPool", "TerminatedWorkerError"})
"""Errors that say no more than that another process failed: it may have said why itself."""
_HEADLINE = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit)\b.*", re.MULTILINE)
_CHAIN_CHARACTERS = 12_000
_LAST_WORDS_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended."""

    ended: Ended = ""
    """Empty where no limit ended it."""
    reason: str = ""


def from_outside(reply: Reply) -> Ending:
    """What the box cannot talk its way out of; empty while there is nothing of the kind."""
    if not reply.ended:
        return Ending()
    ended = _KNOWN.get(reply.ended, "killed")
    reason = reply.seen.reason if reply.seen.breach else SENTENCES.get(reply.ended, "")
    if reply.ended == "timeout" and not reply.seen.breach:
        reason = f"{reason} ({reply.limits.wall_s:g} s)"
    return Ending(ended=ended, reason=reason)


def restated(error: CellError, ending: Ending) -> CellError:
    """The error of the cell at which a limit ended the run: what was seen outside, where the box knows only of an end."""
    if not ending.ended or error.name not in ENDED_BY_US:
        return error
    return replace(error, name=NAMES.get(ending.ended, "Killed"), message=ending.reason or error.message)


def cut_short(ending: Ending) -> CellError:
    """The error of the cell that was running when the driver fell silent."""
    return CellError(name=NAMES.get(ending.ended, "Killed"), message=ending.reason, traceback="", line=None)


def from_the_driver(ended: Ended, reason: str, reply: Reply) -> Ending:
    """The driver's word of how it ended a run, as far as the clocks and counts outside allow it."""
    if ended == "timeout" and not _took_its_time(reply):
        return Ending(ended="killed", reason=f"the box says: {reason}; but no clock outside had run down")
    if ended in ("memory", "pids", "disk"):
        return Ending(ended="killed", reason=f"the box says: {reason}; but nothing of it was seen outside")
    return Ending(ended=ended, reason=reason)


def _took_its_time(reply: Reply) -> bool:
    limits = reply.limits
    return reply.seconds >= limits.cell_timeout_s or reply.seen.cpu_s >= limits.cpu_s * _HALF


def from_the_error(run: CellRun, reply: Reply) -> Ended:
    """The limit that the exception of a cell comes from, itself or one that it was raised from; empty for any other."""
    if run.error is None:
        return ""
    for text in _texts(run):
        if name := _spoken_of(text, run, reply):
            return name
    return ""


def _texts(run: CellRun) -> Iterator[str]:
    """What may name a limit: the error, those in its chain, and what processes said that it started."""
    error = run.error
    assert error is not None  # noqa: S101 - the caller looked
    yield f"{error.name}: {error.message}"
    yield from (found[0] for found in _HEADLINE.finditer(error.traceback[-_CHAIN_CHARACTERS:]))
    if error.name in _STARTS:
        printed = "".join(output.text for output in run.outputs if output.kind == "stream")
        yield from printed[-_LAST_WORDS_CHARACTERS:].splitlines()


def _spoken_of(text: str, run: CellRun, reply: Reply) -> Ended:
    seen = reply.seen
    if _MEMORY.search(text) and not _DEVICE.search(text):
        return "memory"
    if _TOO_LARGE.search(text) or (_FULL.search(text) and seen.disk_share >= _HALF):
        return "disk"
    many = seen.refused > 0 or seen.tasks >= reply.limits.pids * _HALF
    if _THREADS.search(text) or (_AGAIN.search(text) and (many or _starts_processes(run))):
        return "pids"
    return ""


def _starts_processes(run: CellRun) -> bool:
    return run.error is not None and bool(_FORKS.search(run.error.traceback))
