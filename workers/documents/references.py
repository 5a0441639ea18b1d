"""Where a document refers to a name of a library, and the exact edits that make it refer to another."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Edit
from workers.documents.python import ImportMap, Offsets, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.protocols import Document

BUILTINS = "builtins."
"""What the full name of a builtin starts with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One place that names something of a library."""

    cell: int
    name: str
    """In full: `numpy.int` for `np.int`."""
    node: ast.Attribute | ast.alias
    statement: ast.ImportFrom | None = None
    """The import that the alias belongs to; None for an attribute."""
    of_value: bool = False
    """`name` is the type's, `node` an attribute of a value of that type: it may be renamed, and nothing else."""


class Reading:
    """A document's Python cells, parsed, with what their names stand for."""

    def __init__(self, document: Document) -> None:
        self.imports = ImportMap(document.cells)
        self.sources = {cell.index: cell.source for cell in document.cells if cell.kind == "code"}
        self.trees = {index: tree for index, source in self.sources.items() if (tree := parse(source)) is not None}
        self._offsets = {index: Offsets(self.sources[index]) for index in self.trees}

    def span(self, cell: int, node: ast.expr | ast.stmt | ast.alias | ast.keyword) -> tuple[int, int]:
        """Where `node` stands in the cell's source, in character offsets."""
        return self._offsets[cell].span(node)

    def text(self, cell: int, node: ast.expr | ast.stmt | ast.alias | ast.keyword) -> str:
        """The source of `node`."""
        start, end = self.span(cell, node)
        return self.sources[cell][start:end]

    def written(self, cell: int, node: ast.expr) -> bool:
        """True where the source at the node's position is the node: inside an f-string older Pythons place it wrong."""
        try:
            there = ast.parse(self.text(cell, node).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return ast.dump(there) == ast.dump(node)

    def edit(self, cell: int, start: int, end: int, new: str) -> Edit:
        """Put `new` in place of a stretch of a cell."""
        return Edit(cell=cell, start=start, end=end, old=self.sources[cell][start:end], new=new)

    def references(self) -> Iterator[Reference]:
        """Every reference of the document, cell after cell."""
        for cell, tree in self.trees.items():
            yield from self.within(cell, tree)

    def within(self, cell: int, tree: ast.AST) -> Iterator[Reference]:
        """The references in a part of a cell; of `a.b.c` each of `a.b.c` and `a.b`, the longest first."""
        for node in ast.walk(tree):
            yield from self.at(cell, node)

    def at(self, cell: int, node: ast.AST) -> Iterator[Reference]:
        """The references that `node` itself makes: an attribute one, an import one for each of its names."""
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if name := self.imports.dotted(node, cell):
                yield Reference(cell=cell, name=name, node=node)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name != "*":
                    yield Reference(cell=cell, name=f"{node.module}.{alias.name}", node=alias, statement=node)

    def renamed(self, reference: Reference, new: str) -> tuple[Edit, ...]:
        """The edits that make `reference` refer to `new`, in full; empty where that would take more than a rename."""
        if isinstance(reference.node, ast.alias):
            return self._imported(reference, reference.node, new)
        if not self.written(reference.cell, reference.node):
            return ()
        if reference.of_value and new.rpartition(".")[0] != reference.name.rpartition(".")[0]:
            return ()
        if new.startswith(BUILTINS) and not reference.of_value:
            return self._builtin(reference, new.removeprefix(BUILTINS))
        return self._attribute(reference, reference.node, new)

    def _builtin(self, reference: Reference, name: str) -> tuple[Edit, ...]:
        if self.imports.local(name, reference.node, reference.cell):
            return ()
        return (self.edit(reference.cell, *self.span(reference.cell, reference.node), name),)

    def _attribute(self, reference: Reference, node: ast.Attribute, new: str) -> tuple[Edit, ...]:
        cell, (start, end) = reference.cell, self.span(reference.cell, node)
        home, _, last = new.rpartition(".")
        if home == reference.name.rpartition(".")[0]:
            written = self.sources[cell][end - len(node.attr) : end] == node.attr
            return (self.edit(cell, end - len(node.attr), end, last),) if written else ()
        root = root_of(node)
        origin = self.imports.dotted(root, cell) if root else None
        if root and origin and home.startswith(origin) and reference.name.startswith(f"{home}."):
            # What stands nearer to the root is loaded already.
            return (self.edit(cell, start, end, root.id + new.removeprefix(origin)),)
        if here := self.imports.standing_for(home, node, cell):
            return (self.edit(cell, start, end, f"{here}.{last}"),)
        return ()

    def _imported(self, reference: Reference, alias: ast.alias, new: str) -> tuple[Edit, ...]:
        """`from a import b` as `from c import d as b`: the name stays what the rest of the document uses."""
        home, _, last = new.rpartition(".")
        statement = reference.statement
        if statement is None or not home or new.startswith(BUILTINS):
            return ()
        known_as = alias.asname or alias.name
        start, end = self.span(reference.cell, alias)
        written = last if known_as == last else f"{last} as {known_as}"
        edits = (self.edit(reference.cell, start, end, written),) if written != self.text(reference.cell, alias) else ()
        if home == statement.module:
            return edits
        return (*self._home(reference.cell, statement, home), *edits) if len(statement.names) == 1 else ()

    def _home(self, cell: int, statement: ast.ImportFrom, home: str) -> tuple[Edit, ...]:
        start, end = self.span(cell, statement)
        found = re.match(r"from\s+([\w.]+)\s", self.sources[cell][start:end])
        if found is None or found[1] != statement.module:
            return ()
        return (self.edit(cell, start + found.start(1), start + found.end(1), home),)


def root_of(node: ast.expr) -> ast.Name | None:
    """The name an attribute chain begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None
