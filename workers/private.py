"""Folders of our own for the time of one job: nobody else may look inside, and none outlives its process for long."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

LOCK = ".lock"
SETTLED_S = 60.0


@contextmanager
def private_folder(parent: Path) -> Generator[Path]:
    """A new folder below `parent`, mode 0700, removed at the end. Those of processes that died are removed as well."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(parent)
    outer = Path(mkdtemp(dir=parent))
    descriptor = os.open(outer / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        inner = outer / "job"
        inner.mkdir(mode=0o700)
        yield inner
    finally:
        _remove(outer)
        os.close(descriptor)


def sweep(parent: Path) -> int:
    """Remove folders whose process is gone: it held a lock for as long as it lived. How many were removed."""
    settled = time.time() - SETTLED_S
    return sum(_abandoned(outer, settled) for outer in parent.iterdir())


def _abandoned(outer: Path, settled: float) -> bool:
    """Remove the folder if it is nobody's; True when it was."""
    try:
        # A folder that was made just now may not have its lock yet.
        if outer.stat().st_mtime > settled:
            return False
        descriptor = os.open(outer / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        _remove(outer)
        return True
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
