"""Rules of conduct about cells: none is lost, emptied, turned, moved, renamed, tagged; headings and must-keep text stay."""

from __future__ import annotations

import ast
import re
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING

from workers.validate.comparison import Refusal
from workers.validate.statements import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.protocols import Cell
    from workers.validate.comparison import Comparison, Rule

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S[^\n]*)$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
_SAME_HEADING = 0.5
"""Least similarity of two headings for one to be the other with a word changed."""


def cell_deleted(comparison: Comparison) -> Iterator[Refusal]:
    """No cell is gone."""
    for base, head in comparison.cells:
        if head is None:
            yield Refusal(reason=f"cell {base.index} ({base.kind}) is gone", cells=(base.index,))


def cell_emptied(comparison: Comparison) -> Iterator[Refusal]:
    """No cell that held something holds nothing now: blank, comments, `pass` or a bare constant."""
    for base, head in comparison.cells:
        if head is not None and base.kind == head.kind and _holds(base) and not _holds(head):
            yield Refusal(reason=f"cell {head.index} is emptied", cells=(head.index,))


def cell_kind(comparison: Comparison) -> Iterator[Refusal]:
    """No code cell turns into text, nor the other way round."""
    for base, head in comparison.cells:
        if head is not None and base.kind != head.kind:
            yield Refusal(reason=f"cell {head.index} turned from {base.kind} to {head.kind}", cells=(head.index,))


def cell_order(comparison: Comparison) -> Iterator[Refusal]:
    """Cells stay in order."""
    places = [head.index for _, head in comparison.cells if head is not None]
    for before, after in pairwise(places):
        if after < before:
            yield Refusal(reason=f"cell {after} stood after cell {before}", cells=(after,))


def cell_id(comparison: Comparison) -> Iterator[Refusal]:
    """A cell keeps its id."""
    for base, head in comparison.cells:
        if head is not None and base.id is not None and base.id != head.id:
            yield Refusal(reason=f"the id of cell {head.index} changed", cells=(head.index,))


def cell_tag(comparison: Comparison) -> Iterator[Refusal]:
    """No cell gets a tag: `skip` and `raises-exception` hide a failure, and no other tag is ours to set."""
    for base, head in comparison.cells:
        new = sorted(head.tags - base.tags) if head is not None else []
        if head is not None and new:
            yield Refusal(reason=f"cell {head.index} is tagged {', '.join(new)[:100]}", cells=(head.index,))
    for cell in comparison.added:
        if cell.tags:
            yield Refusal(reason=f"the new cell {cell.index} is tagged", cells=(cell.index,))


def heading_lost(comparison: Comparison) -> Iterator[Refusal]:
    """Every heading is still there, at its level and in its place; its words may change."""
    left = [found for cell in comparison.head.cells for found in _headings(cell)]
    for level, text, index in (found for cell in comparison.base.cells for found in _headings(cell)):
        place = _found(level, text, left)
        if place is None:
            yield Refusal(reason=f"the heading {text[:80]!r} of cell {index} is gone or moved", cells=(index,))
        else:
            left = left[place + 1 :]


def must_keep(texts: Sequence[str]) -> Rule:
    """The owner's texts stand as often as before."""

    def rule(comparison: Comparison) -> Iterator[Refusal]:
        for text in filter(None, texts):
            for base, head in comparison.cells:
                if base.source.count(text) > (head.source.count(text) if head is not None else 0):
                    yield Refusal(reason=f"cell {base.index} lost the text {text[:80]!r}", cells=(base.index,))

    return rule


def protected_cell(selectors: Sequence[str]) -> Rule:
    """The owner's protected cells are untouched; a selector is an index, an id, `tag:<tag>` or `text:<glob>`."""

    def rule(comparison: Comparison) -> Iterator[Refusal]:
        for base, head in comparison.cells:
            if (head is None or head.source != base.source) and any(_selected(base, one) for one in selectors):
                yield Refusal(reason=f"cell {base.index} is protected", cells=(base.index,))

    return rule


def _selected(cell: Cell, selector: str) -> bool:
    kind, _, rest = selector.partition(":")
    match kind:
        case "tag":
            return rest in cell.tags
        case "text":
            return fnmatchcase(cell.source, rest)
        case _:
            return selector in {str(cell.index), cell.id}


def _holds(cell: Cell) -> bool:
    if cell.kind != "code":
        return bool(cell.source.strip())
    code = read(cell.source)
    return bool(code.magics) or any(
        not isinstance(statement.node, ast.Pass)
        and not (isinstance(statement.node, ast.Expr) and isinstance(statement.node.value, ast.Constant))
        for statement in code.statements
    )


def _headings(cell: Cell) -> list[tuple[int, str, int]]:
    if cell.kind != "markdown":
        return []
    text = _FENCE.sub("", cell.source)
    return [(len(found[1]), found[2].strip(), cell.index) for found in _HEADING.finditer(text)]


def _found(level: int, text: str, headings: list[tuple[int, str, int]]) -> int | None:
    same = [place for place, (other, _, _) in enumerate(headings) if other == level]
    exact = next((place for place in same if headings[place][1] == text), None)
    if exact is not None:
        return exact
    return next(
        (place for place in same if SequenceMatcher(None, headings[place][1], text).ratio() >= _SAME_HEADING), None
    )
