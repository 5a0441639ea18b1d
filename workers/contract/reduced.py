"""Runs that are shorter than their artifact because the owner says so: to a cell, or with values that make it quick."""

from __future__ import annotations

from dataclasses import dataclass

TAG = "parameters"
"""The cell whose values may be replaced, as papermill has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducedRun:
    """One entry of the owner's `run`."""

    artifacts: tuple[str, ...]
    """Globs as in a .gitignore, relative to the repository."""
    until_cell: int | None = None
    """The last cell to run, from 0, counted over all cells; None: to the end."""
    parameters: tuple[tuple[str, str], ...] = ()
    """(name, value as JSON), set after the cell with the tag `parameters`."""
