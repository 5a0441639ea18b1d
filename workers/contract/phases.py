"""Phases of a job: named boundaries that are logged with the time, and at which a test may kill the process.

Exactly-once is a claim about what happens when a process dies *here*; a boundary with a name can be died at on purpose.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import structlog

log = structlog.get_logger()

KILL_VARIABLE = "MENDLOOP_KILL_AT"
"""Names the boundary at which this process kills itself the way a power cut would; for tests alone. `phase` kills every
time; `@/path` kills at the boundary that the file at `/path` names, and takes the file away first."""


def reached(phase: str, **ids: int | str) -> None:
    """The process is at the boundary `phase`, e.g. `publish.commit_made`; `ids` say of which job."""
    log.info("phase", phase=phase, **ids)
    wanted = os.environ.get(KILL_VARIABLE)
    if wanted and (phase == wanted or (wanted.startswith("@") and _told_by_file(phase, Path(wanted[1:])))):
        os.kill(os.getpid(), signal.SIGKILL)


def _told_by_file(phase: str, told: Path) -> bool:
    try:
        if told.read_text() != phase:
            return False
        told.unlink()
    except FileNotFoundError:
        return False
    return True
