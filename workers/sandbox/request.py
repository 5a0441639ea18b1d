"""What the driver inside is asked to do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from workers.sandbox.reading import Ran

if TYPE_CHECKING:
    from workers.protocols import Document
    from workers.sandbox.limits import Limits

EXPECTS_ERROR = "raises-exception"
SKIPS = "skip-execution"


def run_request(  # noqa: PLR0913 - the places inside, each by name
    document: Document, limits: Limits, *, root: str, runtime: str, overlay: str, tree_fd: int | None, raw: bool
) -> dict[str, Any]:
    """Run the code cells of `document`.

    `root` is where the repository's files stand inside, `runtime` an existing empty directory with a short path (sockets
    live there), `overlay` the kernel overlay, `tree_fd` a descriptor with an archive of the files for `root`. `raw`
    asks for whole outputs too.
    """
    return {
        "cells": [
            {
                "cell": cell.index,
                "source": cell.source,
                "expects_error": EXPECTS_ERROR in cell.tags,
                "skip": SKIPS in cell.tags,
            }
            for cell in document.cells
            if cell.kind == "code"
        ],
        "limits": asdict(limits),
        "cwd": str(PurePosixPath(root) / PurePosixPath(document.path).parent),
        "runtime": runtime,
        "overlay": overlay,
        "raw": raw,
        "tree": None if tree_fd is None else {"fd": tree_fd, "into": root},
    }


def ran(document: Document, environment: str, *, boxed: bool, left_out: tuple[str, ...] = ()) -> Ran:
    """What reading the reply has to know of the request; `environment` is the digest of environment and box."""
    code = [cell for cell in document.cells if cell.kind == "code"]
    return Ran(
        cells=tuple(cell.index for cell in code),
        skipped=frozenset(cell.index for cell in code if SKIPS in cell.tags),
        environment=environment,
        boxed=boxed,
        left_out=left_out,
    )
