"""Python 2 in an environment that runs Python 3: syntax, removed names, moved modules.

Judged by the environment that runs, never by what the notebook's metadata says. Cells are first mended in their syntax, so
that the names in them can be read; every edit goes back to the characters of the original cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.domain import IssueType, Rung, Severity, Staleness, Suggestion
from workers.knowledge.spoken import Spoken
from workers.review.drafts import Draft, findings, replace
from workers.review.python2 import calls, imports
from workers.review.python2.calls import Calls
from workers.review.python2.cells import Modern, modern
from workers.review.python2.imports import moved
from workers.review.python2.names import BUILTINS, IMPORTED, LAST, names
from workers.review.python2.site import Mended
from workers.review.screen import said, spoken, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit, Finding
    from workers.protocols import Document, Environment
    from workers.review.python2.imports import Moved
    from workers.review.python2.site import Reading, Stale
    from workers.review.python2.syntax import Construct
    from workers.review.sites import Change

_LAYERS = ("six.moves", "past.builtins", "future.builtins", "builtins import *")
"""Compatibility layers that may bring the old names by a star import."""


_WORDS = frozenset({*BUILTINS, *IMPORTED, *LAST, *imports.WORDS, *calls.WORDS})
"""Names of which one stands, or one of `calls.SIGNS`, wherever a name is gone."""


def find(document: Document, environment: Environment) -> tuple[Finding, ...]:
    """What Python 3 refuses, each finding with the edits that mend it; nothing where Python 2 runs the document."""
    if environment.python_version[0] < 3 or document.language != "python":  # noqa: PLR2004 - Python 3
        return ()
    cells = {cell.cell.index: cell for cell in modern(document)}
    drafts = [draft for cell in cells.values() for draft in _syntax(cell)]
    python2 = bool(drafts) or "python2" in str(document.raw[-5000:])
    drafts.extend(_names(cells, _speaking(document, cells), python2=python2))
    return findings(document, drafts)


def _syntax(cell: Modern) -> Iterator[Draft]:
    """One finding for each construct; without edits where they would not make the cell parse."""
    rung = Rung.E4 if cell.broken else Rung.E2
    for construct in cell.constructs:
        edits = tuple(replace(cell.cell, one.start, one.end, one.new) for one in construct.splices)
        yield Draft(
            cell=cell.cell.index,
            offset=construct.start,
            rule=f"python2/{construct.what.replace(' ', '-')}",
            anchor=cell.cell.source[construct.start : construct.end],
            message=f"{construct.what} of Python 2",
            issue_type=IssueType.BROKEN_EXECUTION,
            severity=Severity.HIGH,
            staleness=Staleness.BROKEN,
            rung=rung,
            evidence="SyntaxError in Python 3" if cell.broken else "means something else in Python 3",
            fix=_shown(edits, cell, construct),
            suggestion=Suggestion(edits=edits, resolved=True) if cell.converted else None,
        )


def _shown(edits: tuple[Edit, ...], cell: Modern, construct: Construct) -> str:
    """The construct as it would stand, where it fits into a sentence."""
    if not edits or not cell.converted:
        return "Write it as Python 3."
    start = min(construct.start, *(edit.start for edit in edits))
    end = max(construct.end, *(edit.end for edit in edits))
    text, shift = cell.cell.source[start:end], start
    for edit in sorted(edits, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: edit.start - shift] + edit.new + text[edit.end - shift :]
    return f"Write `{text}`." if "\n" not in text else "Write it as Python 3."


def _speaking(document: Document, cells: dict[int, Modern]) -> list[int]:
    """The cells in which a name may be gone."""
    whole = spoken(document)
    signs, words = standing(calls.SIGNS, whole.text), _WORDS & whole.words
    if not signs and not words:
        return []
    sources = {index: cell.mended.source for index, cell in cells.items()}
    return [
        index
        for index, source in sources.items()
        if not words.isdisjoint(Spoken([source]).words) or said(signs, source)
    ]


def _names(cells: dict[int, Modern], speaking: list[int], *, python2: bool) -> Iterator[Draft]:
    if not speaking:
        return
    mended = Mended(cells)
    sites = [site for index in speaking if (site := mended.at(index))]
    layered = any(layer in cell.cell.source for cell in cells.values() for layer in _LAYERS)
    yield from _gone_names(sites, mended, cells, Calls(mended, python2=python2), layered=layered)
    for move in moved(sites, mended):
        yield from _moved(move, cells)


def _gone_names(
    sites: list[Reading], mended: Mended, cells: dict[int, Modern], called: Calls, *, layered: bool
) -> Iterator[Draft]:
    imported: set[str] = set()
    inserted: set[tuple[int, int]] = set()
    for site in sites:
        found = [*(() if layered else names(site, mended.imports)), *called.stale(site)]
        for stale in found:
            if stale.name in IMPORTED:
                place = (site.cell, stale.changes[0][0])
                if stale.name in imported or place in inserted:
                    continue  # imported by then, or another import goes to the very same place first
                imported.add(stale.name)
                inserted.add(place)
            yield from _stale(stale, cells[site.cell])


def _stale(stale: Stale, cell: Modern) -> Iterator[Draft]:
    place = cell.back(stale.start, stale.end)
    edits = _edits(cell, stale.changes)
    if place is None or edits is None:
        return  # it stands in a stretch that is mended first; the next review sees it
    yield _gone(
        cell=cell.cell.index,
        offset=place[0],
        name=stale.name,
        anchor=cell.cell.source[slice(*place)],
        suggestion=Suggestion(edits=edits, target=None, resolved=stale.certain),
        target=stale.target,
        rung=Rung.E2 if stale.certain else Rung.E1,
    )


def _moved(move: Moved, cells: dict[int, Modern]) -> Iterator[Draft]:
    place = cells[move.cell].back(move.start, move.end)
    made = [_edits(cells[cell], (change,)) for cell, change in move.changes]
    if place is None or any(edits is None for edits in made):
        return
    yield _gone(
        cell=move.cell,
        offset=place[0],
        name=move.name,
        anchor=cells[move.cell].cell.source[slice(*place)],
        suggestion=Suggestion(
            edits=tuple(one for edits in made for one in edits or ()), target=move.target, resolved=True
        ),
        target=move.target,
        rung=Rung.E2,
    )


def _edits(cell: Modern, changes: tuple[Change, ...]) -> tuple[Edit, ...] | None:
    made: list[Edit] = []
    for start, end, new in changes:
        place = cell.back(start, end)
        if place is None:
            return None
        made.append(replace(cell.cell, *place, new))
    return tuple(made)


def _gone(  # noqa: PLR0913 - the parts of a finding
    *, cell: int, offset: int, name: str, anchor: str, suggestion: Suggestion, target: str, rung: Rung
) -> Draft:
    return Draft(
        cell=cell,
        offset=offset,
        rule=f"python2/{name.rpartition('.')[2].replace(' ', '-')}",
        anchor=anchor,
        message=f"`{name}` is gone in Python 3",
        issue_type=IssueType.BROKEN_EXECUTION,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=rung,
        fix=f"Use `{target}`.",
        suggestion=suggestion,
    )
