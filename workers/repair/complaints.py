"""What an error and warnings complain of, and where in the document it may be mended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import CellError, Finding
    from workers.protocols import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A message about a place of the document."""

    finding: Finding
    text: str
    places: tuple[tuple[int, int], ...]
    """(cell from 0, line from 1) where it may be mended, the likeliest first."""
    error: CellError | None = None


def complaints(task: Task) -> Iterator[Complaint]:
    """What remains and is the code's own fault: the error first, then warnings, each at the places it may be mended."""
    error, failed = task.execution.error, task.execution.failed_cell
    for finding in task.findings:
        place = finding.place
        if finding.cause is not Cause.CODE or place is None:
            continue
        if finding.rule == "execution/error" and error is not None and place.cell == failed:
            text = f"{error.name}: {error.message}"
            yield Complaint(finding=finding, text=text, places=tuple(_places(error, place.cell)), error=error)
        elif finding.rule == "execution/warning":
            yield Complaint(finding=finding, text=finding.evidence, places=((place.cell, place.line),))


def _places(error: CellError, cell: int) -> Iterator[tuple[int, int]]:
    """The lines of the document that were running, innermost first: a literal may come from a caller."""
    seen: set[tuple[int, int]] = set()
    frames = [(file, line) for file, line, _ in reversed(error.frames) if re.fullmatch(r"cell:\d+", file)]
    ends = [(int(file.partition(":")[2]), line) for file, line in frames]
    for place in [*ends, *([(cell, error.line)] if error.line else [])]:
        if place not in seen:
            seen.add(place)
            yield place
