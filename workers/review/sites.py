"""A cell that parses: its source, tree and true offsets in one hand."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from workers.documents.python import Offsets, parse, walked

if TYPE_CHECKING:
    from workers.documents.python import Positioned

Change = tuple[int, int, str]
"""Start, end (in the source) and the new text."""


class Site:
    """One cell that parses: its number, source, tree and offsets."""

    def __init__(self, cell: int, source: str) -> None:
        self.cell = cell
        self.source = source
        self.tree = parse(source) or ast.Module(body=[], type_ignores=[])
        self._offsets = Offsets(source)

    @property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, outer ones first; what says load or store is left out."""
        return walked(self.tree)

    @cached_property
    def _parents(self) -> dict[int, ast.AST]:
        return {id(child): parent for parent in self.nodes for child in ast.iter_child_nodes(parent)}

    def around(self, node: ast.AST) -> tuple[ast.AST, ...]:
        """What `node` stands in, innermost first."""
        found: list[ast.AST] = []
        at = self._parents.get(id(node))
        while at is not None:
            found.append(at)
            at = self._parents.get(id(at))
        return tuple(found)

    def span(self, node: Positioned) -> tuple[int, int]:
        """Where `node` stands, in characters."""
        return self._offsets.span(node)

    def text(self, node: Positioned) -> str:
        """What stands there."""
        start, end = self.span(node)
        return self.source[start:end]

    def first(self) -> int:
        """Where an import may go: before the first statement that is neither docstring nor `from __future__`."""
        for index, node in enumerate(self.tree.body):
            match node:
                case ast.Expr(value=ast.Constant(value=str())) if index == 0:
                    pass
                case ast.ImportFrom(module="__future__"):
                    pass
                case _:
                    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
                    return self._offsets.at(min([node.lineno, *(one.lineno for one in decorators)]), 0)
        return 0
