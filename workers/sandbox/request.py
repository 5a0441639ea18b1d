"""What the driver inside is asked to do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from workers.sandbox.fixed import Fixed
from workers.sandbox.reading import Ran
from workers.sandbox.reducing import FULL, INJECTED, Reduction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.contract.canaries import Canaries
    from workers.protocols import Document
    from workers.sandbox.beside import Tree
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.limits import Limits

EXPECTS_ERROR = "raises-exception"
SKIPS = "skip-execution"


def driver(environment: InstalledEnvironment, *, place: Path | str, runtime: str, overlay: str) -> tuple[str, ...]:
    """What the environment's interpreter is started with for a driver, which starts a kernel and waits to be asked.

    `place` is where the programs for inside lie, `runtime` an existing empty directory with a short path (sockets live
    there), `overlay` the kernel overlay. Without `site`: nothing of the environment runs where the verdict is told.
    """
    return ("-I", "-S", f"{place}/driver.py", runtime, overlay, *(("pip",) if "pip" in environment.packages else ()))


def run_request(  # noqa: PLR0913 - the parts of a request, each by name
    document: Document,
    limits: Limits,
    *,
    root: str,
    tree: Tree | None,
    raw: bool,
    reduced: Reduction = FULL,
    paths: Sequence[str] = (),
) -> dict[str, Any]:
    """Run the code cells of `document`.

    `root` is where the repository's files stand inside, `tree` those files, whose archive follows the request. `raw`
    asks for whole outputs too. `reduced` says what is left out, and set. `paths` are folders of the repository that can be
    imported from.
    """
    return {
        "cells": _cells(document, reduced),
        "limits": asdict(limits),
        "cwd": str(PurePosixPath(root) / PurePosixPath(document.path).parent),
        "paths": [str(PurePosixPath(root) / path) for path in paths],
        # What other values bring forth is not what the artifact shows.
        "raw": raw and not reduced.parameters,
        "tree": None if tree is None else {"size": tree.size_bytes, "into": root},
    }


def _cells(document: Document, reduced: Reduction) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    for cell in document.cells:
        if cell.kind == "code":
            skip = SKIPS in cell.tags or reduced.leaves_out(cell)
            expects_error = EXPECTS_ERROR in cell.tags
            cells.append({"cell": cell.index, "source": cell.source, "expects_error": expects_error, "skip": skip})
        if cell.index == reduced.after:
            cells.append({"cell": INJECTED, "source": reduced.source, "expects_error": False, "skip": False})
    return cells


def ran(  # noqa: PLR0913 - the parts, each by name
    document: Document,
    environment: str,
    *,
    boxed: bool,
    left_out: tuple[str, ...] = (),
    fixed: Fixed | None = None,
    reduced: Reduction = FULL,
    kept_by: str = "",
    canaries: Canaries | None = None,
) -> Ran:
    """What reading the reply has to know of the request; `environment` is the digest of environment and box."""
    code = [cell for cell in document.cells if cell.kind == "code"]
    return Ran(
        cells=tuple(cell.index for cell in code),
        skipped=frozenset(cell.index for cell in code if SKIPS in cell.tags or reduced.leaves_out(cell)),
        environment=environment,
        boxed=boxed,
        left_out=left_out,
        settings=(*(fixed or Fixed()).named, *((("limits kept by", kept_by),) if kept_by else ())),
        reduced=reduced.named,
        canaries=canaries,
    )
