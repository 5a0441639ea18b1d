"""The cells of a notebook as plain JSON: what two versions of one differ in. Enough for a sentence, not for an edit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Indexes of cells, from 0."""

    sources: tuple[int, ...] = ()
    """Their source differs."""
    outputs: tuple[int, ...] = ()
    """Their stored outputs differ."""


def changes(before: bytes, after: bytes) -> Changes:
    """What differs between two versions of a notebook with the same cells; nothing, where one is no notebook."""
    old, new = _cells(before), _cells(after)
    if old is None or new is None or len(old) != len(new):
        return Changes()
    pairs = list(enumerate(zip(old, new, strict=True)))
    return Changes(
        sources=tuple(index for index, (a, b) in pairs if _source(a) != _source(b)),
        outputs=tuple(index for index, (a, b) in pairs if a.get("outputs") != b.get("outputs")),
    )


def same_code(before: bytes, after: bytes) -> bool:
    """Whether both run the same code in the same order; what is no notebook runs the same only when it is the same."""
    old, new = _cells(before), _cells(after)
    if old is None or new is None:
        return before == after
    return _code(old) == _code(new)


def _code(cells: list[dict[str, Any]]) -> list[str]:
    return [_source(cell) for cell in cells if cell.get("cell_type") == "code"]


def _cells(raw: bytes) -> list[dict[str, Any]] | None:
    try:
        notebook = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    cells = cast("dict[str, Any]", notebook).get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return None
    listed = cast("list[Any]", cells)
    return [cell for cell in listed if isinstance(cell, dict)]


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, cast("list[Any]", source))) if isinstance(source, list) else str(source)
