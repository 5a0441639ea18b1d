"""When an artifact was last known to be right: a day the caller knows of, or what the notebook tells of its own runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from workers.documents.notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.jsontext import Json
    from workers.protocols import Document

EARLIEST = date(2011, 12, 19)
"""IPython 0.12, the first with notebooks: https://ipython.readthedocs.io/en/stable/whatsnew/version0.12.html."""
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?=$|[T ])")
_MILLISECONDS = 1e11
"""A number above it counts milliseconds, one below seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A day, and who says so."""

    day: date
    origin: str


def dated(document: Document, *, committed: date | None, today: date) -> Dated | None:
    """The day by which the artifact is dated; None when nothing tells.

    `committed` is the day of the commit that last changed it. A notebook's own times are its writer's clock: those before
    there were notebooks, and those after `today`, say nothing.
    """
    if committed is not None:
        return Dated(day=min(committed, today), origin="the commit that last changed it")
    if not isinstance(document, Notebook):
        return None
    days = [day for day in _told(document) if EARLIEST <= day <= today]
    return Dated(day=max(days), origin="the last run that its metadata tells of") if days else None


def python_hint(document: Document) -> str:
    """The version of Python that a notebook was last saved with, as a specifier such as `==3.8.*`; empty when unknown."""
    if not isinstance(document, Notebook):
        return ""
    version = _member(document.metadata, "language_info", "version")
    found = re.match(r"3\.\d{1,2}(?=\.|$)", version) if isinstance(version, str) else None
    return f"=={found[0]}.*" if found else ""


def _told(document: Notebook) -> Iterator[date]:
    """What JupyterLab, papermill, Colab and ExecuteTime write into a notebook's and its cells' metadata."""
    for path in (("papermill", "end_time"), ("papermill", "start_time"), ("date",), ("mystnb", "date")):
        yield from _day(_member(document.metadata, *path))
    for cell in document.tree.cells:
        yield from _day(_member(cell.metadata, "executionInfo", "timestamp"))
        yield from _day(_member(cell.metadata, "ExecuteTime", "end_time"))
        yield from _day(_member(cell.metadata, "papermill", "end_time"))
        execution = cell.metadata.get("execution")
        for value in list(execution.values())[:20] if isinstance(execution, dict) else ():
            yield from _day(value)


def _day(value: Json) -> Iterator[date]:
    try:
        if isinstance(value, str) and (found := _DAY.match(value)):
            yield date(int(found[1]), int(found[2]), int(found[3]))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC).date()
    except (ValueError, OverflowError, OSError):
        return


def _member(value: Json, *keys: str) -> Json:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
