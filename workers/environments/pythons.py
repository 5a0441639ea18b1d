"""Which Python an artifact asks for: what is declared has to hold, what is only hinted at is preferred."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from workers.documents.notebook import Notebook
from workers.environments.dating import python_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.environments.searching import Declaration
    from workers.protocols import Document

_KERNEL = re.compile(r"python-?(3\.\d{1,2})|py(?:thon)?(3\d{1,2})", re.IGNORECASE)
_RELEASED = (
    ("3.7", date(2018, 6, 27)),
    ("3.8", date(2019, 10, 14)),
    ("3.9", date(2020, 10, 5)),
    ("3.10", date(2021, 10, 4)),
    ("3.11", date(2022, 10, 24)),
    ("3.12", date(2023, 10, 2)),
    ("3.13", date(2024, 10, 7)),
    ("3.14", date(2025, 10, 7)),
)
"""Minor version -> first release: https://www.python.org/downloads/."""
_SETTLING_DAYS = 180
"""How long after a release the packages of the day had wheels for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """Which interpreter is wanted."""

    required: str = ""
    origin: str = ""
    preferred: str = ""


def python_of(
    document: Document, declarations: Sequence[Declaration], own: Sequence[str], day: date | None, *, pins: bool
) -> Python:
    """What is wanted. `declarations` in the order in which they count; `own` are what packages of the repository require.

    `day` is by when packages are to have been published. A hint counts only where versions hold it (`pins`): today's
    packages are for today's Pythons.
    """
    stated = next(((each.said.python, each.said.python_origin) for each in declarations if each.said.python), ("", ""))
    kernel = _kernel(document)
    required, origin = stated if stated[0] or not kernel else (kernel, "the kernel's name")
    for each in own:
        if each and each != required:
            required = ",".join(part for part in (required, each) if part)
            origin = origin or "the repository's own package"
    hint = python_hint(document) if pins else ""
    return Python(required=required, origin=origin, preferred=hint or _of_day(day))


def _kernel(document: Document) -> str:
    """The version in a kernel's name such as `python3.9`, `py39` or `python39`; plain `python3` names none."""
    name = document.kernel_name if isinstance(document, Notebook) else ""
    found = _KERNEL.fullmatch(name)
    if found is None:
        return ""
    version = found[1] or f"3.{found[2][1:]}"
    return f"=={version}.*"


def _of_day(day: date | None) -> str:
    """Python as it was in use on that day; empty for a day that has seen all that are known."""
    if day is None:
        return ""
    later = [version for version, released in _RELEASED if (day - released).days < _SETTLING_DAYS]
    return str(SpecifierSet(f"<{later[0]}")) if later else ""
