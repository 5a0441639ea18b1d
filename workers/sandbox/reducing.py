"""What of an artifact runs where the owner reduced its run, and the words for it. A reduced run is never full evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pathspec import GitIgnoreSpec

from workers.contract.reduced import TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.contract.reduced import ReducedRun
    from workers.protocols import Cell, Document

INJECTED = -1
"""The number of the cell that sets the parameters; no document has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What is left out of a run, and what is set in it."""

    until_cell: int | None = None
    """The last cell that runs; None: all do."""
    after: int | None = None
    """The cell after which the parameters are set; None: none are."""
    parameters: tuple[tuple[str, Any], ...] = ()

    @property
    def named(self) -> str:
        """For a report, in a clause; empty where nothing is reduced."""
        until = "" if self.until_cell is None else f"only to cell {self.until_cell}"
        values = ", ".join(f"{name}={value!r}" for name, value in self.parameters)
        parameters = f"with the owner's parameters {values}" if values else ""
        return " and ".join(filter(None, (until, parameters)))

    def leaves_out(self, cell: Cell) -> bool:
        """Whether the cell does not run."""
        return self.until_cell is not None and cell.index > self.until_cell

    @property
    def source(self) -> str:
        """The code that sets the parameters."""
        return "\n".join(f"{name} = {value!r}" for name, value in self.parameters)


FULL = Reduction()


def reduction(document: Document, runs: Iterable[ReducedRun]) -> Reduction:
    """What the first entry that means the document makes of its run; `FULL` where none does, or it changes nothing."""
    found = next((run for run in runs if GitIgnoreSpec.from_lines(run.artifacts).match_file(document.path)), None)
    if found is None:
        return FULL
    code = [cell for cell in document.cells if cell.kind == "code"]
    shortened = found.until_cell is not None and any(cell.index > found.until_cell for cell in code)
    after = next((cell.index for cell in code if TAG in cell.tags), None) if found.parameters else None
    until = found.until_cell if shortened else None
    # Where the cell does not run, or there is none, values would be set that nobody reads or that are overwritten.
    if after is None or (until is not None and after > until):
        return Reduction(until_cell=until)
    values = tuple((name, json.loads(value)) for name, value in found.parameters)
    return Reduction(until_cell=until, after=after, parameters=values)
