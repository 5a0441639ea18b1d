"""What a metavariable stands for, by the names of the document."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.review.code import Code, CodeCell
    from workers.review.patterns.pieces import Piece


class Standing:
    """Answers for the Python cells of one document; looked up only where a rule asks."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._nodes: dict[int, dict[tuple[int, int], ast.expr]] = {}

    def stands(self, piece: Piece, span: tuple[int, int], wanted: str) -> bool:
        """True when what stands at `span` of the cell is a value of the type `wanted`, or `wanted` itself.

        Never in a fence or under a guard: there nothing is known, or the author has answered.
        """
        cell = self._cells.get(piece.cell)
        if cell is None or not piece.whole:
            return False
        node = self._at(cell).get(span)
        if node is None or id(node) in cell.guarded:
            return False
        return wanted in {self._code.named(node, cell.index), self._code.kind(node, cell.index)}

    @cached_property
    def _cells(self) -> dict[int, CodeCell]:
        return {cell.index: cell for cell in self._code.cells}

    def _at(self, cell: CodeCell) -> dict[tuple[int, int], ast.expr]:
        if cell.index not in self._nodes:
            # Outer before inner: of two that stand at one place the outer stays.
            nodes = [node for node in cell.nodes if isinstance(node, ast.expr)]
            self._nodes[cell.index] = {cell.offsets.span(node): node for node in reversed(nodes)}
        return self._nodes[cell.index]
