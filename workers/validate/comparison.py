"""Base and head side by side: which cell became which, and which statement became which."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING

from workers.validate.matching import Matching, matched
from workers.validate.meaning import is_literal
from workers.validate.origins import Origins
from workers.validate.statements import Code, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.contract.domain import BaseEvidence
    from workers.protocols import Cell, Change, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A rule's no: to what, and where."""

    reason: str
    """A clause, e.g. `cell 3, line 2: the call of fit is gone`. Never holds a secret."""
    cells: tuple[int, ...] = ()
    """Cells of the head to blame."""


def refused_at(pair: CellPair, line: int, reason: str) -> Refusal:
    """A refusal of something at a line of the head's cell, from 1."""
    return Refusal(reason=f"cell {pair.index}, line {line}: {reason}", cells=(pair.index,))


Rule = Callable[["Comparison"], "Iterable[Refusal]"]
"""A rule of conduct or policy: pure, yields nothing for an honest repair."""


class CellPair:
    """A code cell before and after."""

    def __init__(self, base: Cell, head: Cell) -> None:
        self.base = base
        self.head = head
        self.old: Code = read(base.source)
        self.new: Code = read(head.source)

    @property
    def index(self) -> int:
        """In the head, from 0."""
        return self.head.index

    @property
    def changed(self) -> bool:
        """True when the source differs."""
        return self.base.source != self.head.source

    @cached_property
    def matching(self) -> Matching:
        """Which statement became which."""
        return matched(self.old.statements, self.new.statements)


class Comparison:
    """Everything the rules of conduct and policy look at, worked out once."""

    def __init__(self, change: Change) -> None:
        self.base: Document = change.base
        self.head: Document = change.head
        self.evidence: BaseEvidence = change.base_evidence
        self.cells: tuple[tuple[Cell, Cell | None], ...] = tuple(aligned(change.base.cells, change.head.cells))

    @cached_property
    def added(self) -> tuple[Cell, ...]:
        """Cells only the head has."""
        kept = {head.index for _, head in self.cells if head is not None}
        return tuple(cell for cell in self.head.cells if cell.index not in kept)

    @cached_property
    def added_lines(self) -> tuple[tuple[int, int, str], ...]:
        """(cell of the head, line from 1, text) of every line that the base does not have there."""
        changed = [(old.source, new) for old, new in self.cells if new is not None and new.source != old.source]
        fresh = [("", cell) for cell in self.added]
        return tuple(
            (cell.index, number, text)
            for before, cell in changed + fresh
            for number, text in _added(before, cell.source)
        )

    @cached_property
    def pairs(self) -> tuple[CellPair, ...]:
        """Code cells that changed and are still code; a new code cell is paired with an empty one."""
        kept = [
            (old, new) for old, new in self.cells if new and old.kind == new.kind == "code" and old.source != new.source
        ]
        fresh = [
            (type(cell)(index=cell.index, kind="code", source=""), cell) for cell in self.added if cell.kind == "code"
        ]
        return tuple(CellPair(old, new) for old, new in kept + fresh)

    @cached_property
    def old_origins(self) -> Origins:
        """What the names of the base stand for."""
        return Origins(code.tree for code in codes(self.base))

    @cached_property
    def new_origins(self) -> Origins:
        """What the names of the head stand for."""
        return Origins(code.tree for code in codes(self.head))

    @cached_property
    def names(self) -> frozenset[str]:
        """Names that the base binds anywhere, imports left out: its own variables, functions and parameters."""
        return frozenset(bound for code in codes(self.base) if code.tree for bound in _bound(code.tree))

    @cached_property
    def computed(self) -> frozenset[str]:
        """Targets that the base assigns something to that is no literal, and never a literal."""
        values = [
            (one.targets, one.node.value)
            for code in codes(self.base)
            for one in code.statements
            if isinstance(one.node, ast.Assign)
        ]
        stated = frozenset(name for names, value in values if is_literal(value) for name in names)
        return frozenset(name for names, value in values if not is_literal(value) for name in names) - stated

    @cached_property
    def new_names(self) -> frozenset[str]:
        """As `names`, of the head."""
        return frozenset(bound for code in codes(self.head) if code.tree for bound in _bound(code.tree))

    @cached_property
    def read_before(self) -> frozenset[str]:
        """Names that the base reads."""
        return frozenset(name for code in codes(self.base) if code.tree for name in _read(code.tree))

    @cached_property
    def read_now(self) -> frozenset[str]:
        """Names that the head reads."""
        return frozenset(name for code in codes(self.head) if code.tree for name in _read(code.tree))

    @cached_property
    def called(self) -> frozenset[str]:
        """Names that the base calls or imports."""
        trees = [code.tree for code in codes(self.base) if code.tree]
        calls = (node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
        return frozenset(func.id for func in calls if isinstance(func, ast.Name)) | self.old_origins.names


def codes(document: Document) -> Iterator[Code]:
    """The code cells of a document, read."""
    return (read(cell.source) for cell in document.cells if cell.kind == "code")


def aligned(base: Sequence[Cell], head: Sequence[Cell]) -> list[tuple[Cell, Cell | None]]:
    """Each cell of the base with what became of it, None where it is gone.

    Ids decide where the base has them, each once; elsewhere equal text does, and what is left is paired in order.
    """
    ids = [cell.id for cell in base]
    if None in ids or len(set(ids)) < len(ids):
        return _by_text(base, head, in_order=True)
    by_id = {cell.id: cell for cell in reversed(head)}
    found = {cell.index: other for cell in base if (other := by_id.get(cell.id))}
    taken = {cell.index for cell in found.values()}
    lost = [cell for cell in base if cell.index not in found]
    moved = {
        cell.index: other
        for cell, other in _by_text(lost, [cell for cell in head if cell.index not in taken], in_order=False)
    }
    return [(cell, found.get(cell.index) or moved[cell.index]) for cell in base]


def _by_text(base: Sequence[Cell], head: Sequence[Cell], *, in_order: bool) -> list[tuple[Cell, Cell | None]]:
    waiting: dict[tuple[str, str], list[Cell]] = {}
    for cell in head:
        waiting.setdefault((cell.kind, cell.source), []).append(cell)
    found: dict[int, Cell] = {}
    for cell in base:
        if same := waiting.get((cell.kind, cell.source)):
            # Cells of equal text are the same to a reader: prefer the one that has not moved.
            stayed = next((other for other in same if other.index == cell.index), same[0])
            same.remove(stayed)
            found[cell.index] = stayed
    taken = {cell.index for cell in found.values()}
    rest = iter([cell for cell in head if cell.index not in taken] if in_order else [])
    return [(cell, found.get(cell.index) or next(rest, None)) for cell in base]


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case _:
                pass


def _added(before: str, after: str) -> Iterator[tuple[int, str]]:
    old, new = before.split("\n"), after.split("\n")
    for kind, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind in {"insert", "replace"}:
            yield from ((line + 1, new[line]) for line in range(start, end))


def _read(tree: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
