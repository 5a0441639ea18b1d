"""Coding standards, on what an edit wrote: a violation that was there before is nobody's business."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from workers.contract.domain import Case, Severity
from workers.documents.python import mask
from workers.validate.comparison import Comparison
from workers.validate.excerpts import masked
from workers.validate.linting import BREAKS, LinterError, Violation, violations
from workers.validate.statements import read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from workers.protocols import Cell, Change

    Linter = Callable[[Sequence[str]], Awaitable[Sequence[Violation]]]

log = structlog.get_logger()

_SHOWN = 5
_UNDEFINED = "F821"
_SYNTAX = "invalid-syntax"
_LEFTOVERS = frozenset({"F401", "F841"})
"""What the author wrote and nobody uses any more: to take it out is more than was asked, and an import may have effects."""
_NAMED = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"[^\W\d]\w*")
_IPYTHON = re.compile(r"_+\d*|_i+\d*|_[oid]h|In|Out|exit|quit")
"""Names that IPython binds beside those ruff knows of."""
_BINDS_UNSEEN = re.compile(
    r"%[ \t]*(?:pylab|run|load|store)\b|\b(?:exec|get_ipython)[ \t]*\(|\b(?:globals|locals|vars)[ \t]*\(\)"
)
"""What may bind any name without writing it."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A code cell of the head and what it was; None for a new one."""

    was: Cell | None
    now: Cell

    @property
    def readable(self) -> bool:
        """Python 3 before and after. What could not be read before has no old violations to compare with."""
        return all(read(cell.source).parses for cell in (self.was, self.now) if cell)


class Style:
    """No rule of ruff is broken in an edited cell that was not broken there before; see `linting` for the selection.

    What fails when it runs is a veto, as is a name that an edit took away from another cell; bad style only fails.
    """

    name = "coding_standards"

    def __init__(self, linter: Linter = violations) -> None:
        self._linter = linter

    async def check(self, change: Change) -> Case:
        """Compare base and head. Where ruff gives no answer nothing is held against the attempt, and the case says so."""
        comparison = Comparison(change)
        pairs = _pairs(comparison)
        why = _not_judged(change, pairs)
        if why:
            return Case(name=self.name, passed=True, evidence=why)
        sent = [pair for pair in pairs if pair.readable]
        try:
            before = _placed(await self._lint([pair.was for pair in sent]), sent)
            after = _placed(await self._lint([pair.now for pair in sent]), sent)
        except LinterError as error:
            log.warning("style_not_judged", artifact=change.head.path, error=str(error))
            return Case(name=self.name, passed=True, evidence=f"not judged: {error}")
        if any(one.rule == _SYNTAX for one in before):
            return Case(name=self.name, passed=True, evidence="not judged: ruff does not read all of the base")
        return self._case(_new(comparison, pairs, before, after))

    async def _lint(self, cells: Sequence[Cell | None]) -> Sequence[Violation]:
        return await self._linter([mask(cell.source).text if cell else "" for cell in cells])

    def _case(self, found: Sequence[Violation]) -> Case:
        shown = [f"{one.rule} in cell {one.cell}, line {one.line}: {one.message}" for one in found[:_SHOWN]]
        more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        breaks = any(_breaks(one) for one in found)
        return Case(
            name=self.name,
            passed=not found,
            veto=breaks,
            severity=Severity.HIGH if breaks else Severity.MEDIUM,
            evidence=masked("; ".join(shown + more)) or "the edited cells break no rule that they kept before",
            feedback=masked(f"Write it without this: {shown[0]}") if shown else "",
            cells=tuple(sorted({one.cell for one in found})),
        )


def _pairs(comparison: Comparison) -> list[_Pair]:
    """The head's code cells in order."""
    kept = [_Pair(was, now) for was, now in comparison.cells if now and now.kind == was.kind == "code"]
    known = {pair.now.index for pair in kept}
    fresh = [_Pair(None, cell) for cell in comparison.head.cells if cell.kind == "code" and cell.index not in known]
    return sorted([*kept, *fresh], key=lambda pair: pair.now.index)


def _not_judged(change: Change, pairs: Iterable[_Pair]) -> str:
    """Why there is nothing to compare; empty where there is."""
    if change.head.language != "python":
        return "the code is no Python"
    if any(_is_python2(cell) for cell in change.base.cells if cell.kind == "code"):
        return "the base is Python 2, whose names and forms are others"
    changed = any(pair.was is None or pair.was.source != pair.now.source for pair in pairs)
    return "" if changed else "no code cell is edited"


def _is_python2(cell: Cell) -> bool:
    code = read(cell.source)
    return code.tree is not None and not code.parses


def _placed(found: Iterable[Violation], sent: Sequence[_Pair]) -> list[Violation]:
    """Violations by the cells of the head."""
    return [replace(one, cell=sent[one.cell].now.index) for one in found if one.cell < len(sent)]


def _new(
    comparison: Comparison, pairs: Sequence[_Pair], before: Iterable[Violation], after: Sequence[Violation]
) -> list[Violation]:
    """What only the head breaks, and an edit is to blame for."""
    edited = {pair.now.index for pair in pairs if pair.was is None or pair.was.source != pair.now.source}
    written = {(cell, line) for cell, line, _ in comparison.added_lines}
    bound = _bound_elsewhere(pairs, before := list(before))
    left = Counter(_said(one) for one in before)
    found: list[Violation] = []
    # Of two that say the same, the one on a line that was there is the old one.
    for one in sorted(after, key=lambda one: ((one.cell, one.line) in written, one.cell, one.line)):
        left[_said(one)] -= 1
        if left[_said(one)] >= 0 or (one.rule in _LEFTOVERS and (one.cell, one.line) not in written):
            continue
        if bound(one) or (one.cell not in edited and one.rule != _UNDEFINED):
            continue
        found.append(one)
    return sorted(found, key=lambda one: (not _breaks(one), one.cell, one.line))


def _bound_elsewhere(pairs: Sequence[_Pair], before: Iterable[Violation]) -> Callable[[Violation], bool]:
    """Tells the names that are bound, or used, where ruff does not look: magics, cells that are no Python 3, IPython.

    A name that the base reads unbound as well may come from the kernel (`spark`); if not, it is no news.
    """
    unread = [text for pair in pairs for text in _unread(pair)]
    known = {word for text in unread for word in _WORD.findall(text)}
    known |= {_name(one) for one in before if one.rule == _UNDEFINED}
    anything = any(_BINDS_UNSEEN.search(cell.source) for pair in pairs for cell in (pair.was, pair.now) if cell)

    def bound(one: Violation) -> bool:
        if one.rule == _UNDEFINED:
            return anything or _name(one) in known or _IPYTHON.fullmatch(_name(one)) is not None
        return one.rule == "F401" and bool(known & set(_name(one).split(".")))

    return bound


def _unread(pair: _Pair) -> Iterator[str]:
    """What is said in a cell that ruff does not get to see."""
    for cell in (pair.was, pair.now):
        if cell and (not pair.readable or not read(cell.source).python):
            yield cell.source
        elif cell:
            code = read(cell.source)
            yield from (code.cell_magic or "", *code.magics)


def _name(violation: Violation) -> str:
    """What the message is about."""
    found = _NAMED.search(violation.message)
    return found[1] if found else ""


def _said(violation: Violation) -> tuple[str, int, str]:
    return (violation.rule, violation.cell, violation.message)


def _breaks(violation: Violation) -> bool:
    return violation.rule in BREAKS or violation.rule == _SYNTAX
