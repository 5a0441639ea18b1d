"""Rules held against their cases: found, mended exactly, mended once and for all, and nothing else touched."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from workers.contract.errors import EditError
from workers.documents.notebook import parse
from workers.review.rules import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from workers.contract.domain import Edit, Finding
    from workers.documents.notebook import Notebook
    from workers.knowledge.rule import Packs
    from workers.knowledge.written.cases import Trial
    from workers.protocols import Document, Environment

Finder: TypeAlias = "Callable[[Document, Environment], tuple[Finding, ...]]"
"""What looks for stale code: the packs, or a rule of a shape."""
PYTHON = "3.12"
"""The interpreter of a trial that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A trial that came out otherwise than it says."""

    trial: Trial
    why: str
    """What came, and a difference where there is one to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installed:
    """An environment that was only written down."""

    python: Path
    python_version: tuple[int, int, int]
    packages: Mapping[str, str]
    digest: str = ""


def by_packs(packs: Packs, as_of: date) -> Finder:
    """The finder of rules that are written in packs."""
    return lambda document, environment: find(document, packs, environment, as_of=as_of)


def failures(trials: Iterable[Trial], finder: Finder) -> list[Failure]:
    """Every trial that fails, in order."""
    return [Failure(trial=trial, why=why) for trial in trials if (why := tried(trial, finder))]


def tried(trial: Trial, finder: Finder) -> str:
    """What is wrong with a rule, by one trial; empty when it did what the trial says."""
    environment = _environment(trial)
    document = _document(trial.cells, trial.language)
    found = [one for one in finder(document, environment) if one.rule in trial.rules]
    match trial.claim:
        case "leaves":
            return _told("found though it must be left alone", found) if found else ""
        case "reports":
            mended = [one for one in found if one.suggestion]
            if not found:
                return "nothing was found"
            return _told("mended though it is left to a person", mended) if mended else ""
        case "mends":
            return _mended(trial, document, found, lambda head: finder(head, environment))


def _mended(
    trial: Trial, document: Notebook, found: list[Finding], again: Callable[[Document], tuple[Finding, ...]]
) -> str:
    edits = _edits(found)
    if not edits:
        return _told("found, but nothing was mended", found) if found else "nothing was found"
    try:
        head = document.edited(edits)
    except EditError as error:
        return f"its edits cannot be made: {error}"
    cells = tuple(cell.source for cell in head.cells)
    if cells != trial.after:
        return "mended in another way\n" + _difference(trial.after, cells)
    if head.raw != _document(trial.after, trial.language).raw:
        return "bytes outside the code changed"
    more = _edits([one for one in again(head) if one.rule in trial.rules])
    if not more:
        return ""
    return "mended a second time\n" + _difference(cells, tuple(cell.source for cell in head.edited(more).cells))


def _edits(found: Iterable[Finding]) -> list[Edit]:
    """Each edit once: findings of one statement share theirs."""
    return list(dict.fromkeys(edit for one in found if one.suggestion for edit in one.suggestion.edits))


def _told(what: str, found: Iterable[Finding]) -> str:
    said = (f"  {one.rule}: {one.message} {one.fix}".rstrip() for one in found)
    return "\n".join([what, *said])


def _difference(wanted: tuple[str, ...], came: tuple[str, ...]) -> str:
    old, new = ([line for cell in cells for line in (*cell.split("\n"), "")] for cells in (wanted, came))
    return "\n".join(difflib.unified_diff(old, new, "as the case says", "as it came", lineterm="", n=1))


def _environment(trial: Trial) -> Environment:
    packages = dict(trial.installed)
    numbers = [int(part) for part in packages.pop("python", PYTHON).split(".")]
    major, minor, micro = (*numbers, 0, 0)[:3]
    return _Installed(python=Path("python"), python_version=(major, minor, micro), packages=packages)


def _document(cells: tuple[str, ...], language: str) -> Notebook:
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{index}",
            "metadata": {},
            "outputs": [],
            "source": source.splitlines(keepends=True),
        }
        for index, source in enumerate(cells)
    ]
    content = {"cells": made, "metadata": {"kernelspec": {"language": language, "name": language}}}
    raw = json.dumps(content | {"nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False)
    return parse(f"{raw}\n".encode(), "case.ipynb")
