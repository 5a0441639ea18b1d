"""A document before and after the shape rules that its environment asks for."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.environments import environment
from workers.contract.business import BusinessRules
from workers.review.shapes import source as shapes

if TYPE_CHECKING:
    from workers.contract.domain import Finding

TODAY = date(2026, 11, 20)


def found(*cells: str, **packages: str) -> tuple[Finding, ...]:
    """What is found where nobody asked for anything."""
    return shapes.find(notebook(*cells), environment("3.12", **packages), BusinessRules(), TODAY).findings


def mended(*cells: str, **packages: str) -> list[str]:
    """The cells with every edit, one that findings share made once."""
    document = notebook(*cells)
    edits = [edit for one in found(*cells, **packages) if one.suggestion for edit in one.suggestion.edits]
    return [cell.source for cell in document.edited(dict.fromkeys(edits)).cells]


def why(*cells: str, **packages: str) -> str:
    """Why nothing is edited: the first reason, after it was seen that there is something to edit."""
    told = found(*cells, **packages)
    assert told
    assert [one.id for one in told if one.suggestion] == []
    return next(one.unlock for one in told if one.unlock)
