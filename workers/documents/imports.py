"""What a name stands for at a place in a document, followed through imports and rebindings in document order."""

from __future__ import annotations

import ast
import bisect
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from workers.documents.magics import mask
from workers.documents.scopes import Assigned, Binding, Position, Scope, imported, scopes, start
from workers.documents.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.protocols import Cell

__all__ = ["Assigned", "ImportMap"]

_IMPORT = re.compile(r"(?:import|from)[ \t][^\r\n]*")
_REBOUND = re.compile(r"(?:def[ \t]+|class[ \t]+|for[ \t]+)?([A-Za-z_]\w*)(?=[ \t]*(?:=(?!=)|\(|:|in\b))")
_NAME = re.compile(r"[^\W\d]\w*")
_BARE = re.compile(r"(?<![\w.])[^\W\d]\w*+(?![ \t]*[.(\[])")
_DEFINING = re.compile(r"\b(?:def|class|import|from)\b[^\n]*")
_LINE = re.compile(r"\r\n|\r|\n")


class ImportMap:
    """The names of one document: where each came from, cell after cell.

    A rebinding (assignment, definition, loop target, `del`) ends what an import said from there on; parameters and
    names assigned inside a function hide the module's. What a star import brings is unknown, so nothing is claimed.

    A cell is read when a name that stands in it is asked for: of a long document that is a small part.
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._sources = {cell.index: cell.source for cell in cells if cell.kind == "code"}
        self._bindable: dict[int, frozenset[str] | None] = {}
        self._named: dict[str, list[tuple[int, Binding]]] = {}

    def _module(self, name: str) -> list[tuple[int, Binding]]:
        """(cell, binding) of every binding of the name in the module, in document order."""
        if name not in self._named:
            self._named[name] = [
                (cell, binding)
                for cell, source in self._sources.items()
                if (name in source or not source.isascii()) and self._may_bind(cell, name)
                for binding in _bound(source, cell)[0].get(name, ())
            ]
        return self._named[name]

    def _may_bind(self, cell: int, name: str) -> bool:
        if cell not in self._bindable:
            self._bindable[cell] = _bindable(self._sources[cell])
        names = self._bindable[cell]
        return names is None or name in names

    def dotted(self, node: ast.AST, cell: int) -> str | None:
        """The dotted origin of a name or attribute chain of cell `cell`: `np.int` -> `numpy.int`; None when unknown."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        bound = self._bound(node.id, start(node), cell)
        origin = bound[-1].origin if bound else None
        return ".".join([origin, *reversed(parts)]) if origin else None

    def assigned(self, node: ast.Name, cell: int) -> tuple[Assigned, ...]:
        """Every expression that `node` may hold there; empty when one of them is unknown.

        More than one only where branches assign different values.
        """
        bound = self._bound(node.id, start(node), cell)
        values = tuple(binding.assigned for binding in bound if binding.assigned)
        return values if len(values) == len(bound) else ()

    def local(self, name: str, node: ast.AST, cell: int) -> bool:
        """True when something in the document binds `name` where `node` stands, so a builtin of that name is hidden."""
        return bool(self._bound(name, start(node), cell)) or bool(self._module(name))

    def standing_for(self, origin: str, node: ast.AST, cell: int) -> str | None:
        """A name that stands for the dotted `origin` where `node` is, e.g. `linalg` after `from scipy import linalg`."""
        last = origin.rpartition(".")[2]
        bearing = [each for each, source in self._sources.items() if last in source or not source.isascii()]
        for name in dict.fromkeys(name for each in bearing for name in _bound(self._sources[each], each)[0]):
            bound = self._bound(name, start(node), cell)
            if bound and all(binding.origin == origin for binding in bound):
                return name
        return None

    def _bound(self, name: str, position: Position, cell: int) -> list[Binding]:
        """The last certain binding before `position` and the conditional ones after it; empty when nothing binds it."""
        scope = self._innermost(position, cell)
        innermost = scope
        while scope is not None and scope.kind != "module":
            visible = scope.kind != "class" or scope is innermost
            if visible and name in scope.names:
                found = _holding(scope.names[name], position)
                if found or scope.kind != "class":
                    return found or scope.names[name][:1]
            scope = scope.parent
        return self._global(name, position, cell, deferred=innermost is not None and innermost.kind == "function")

    def _global(self, name: str, position: Position, cell: int, *, deferred: bool) -> list[Binding]:
        bound = self._module(name)
        before = [binding for at, binding in bound if (at, binding.position) <= (cell, position)]
        if not before and deferred:
            # A function runs after it is defined: an import further down may well be in force by then.
            return [binding for _, binding in bound[:1]]
        return _since_certain(before)

    def _innermost(self, position: Position, cell: int) -> Scope | None:
        inner = _bound(self._sources[cell], cell)[1] if cell in self._sources else []
        index = bisect.bisect_right(inner, position, key=lambda scope: scope.start) - 1
        scope: Scope | None = inner[index] if index >= 0 else None
        while scope is not None and scope.kind != "module" and not scope.start <= position < scope.end:
            scope = scope.parent
        return None if scope is None or scope.kind == "module" else scope


def _bindable(source: str) -> frozenset[str] | None:
    """Names that a cell may bind, by its text; None where that cannot be told, and it may bind any.

    What is followed by a dot, a bracket or a parenthesis is looked into or called, unless a statement defines or imports it.
    """
    if "\\\n" in source:
        # A line that goes on: an import may name what stands in the next one.
        return None
    # As Python reads identifiers: one that is not ASCII may be written in another way where it is bound.
    source = source if source.isascii() else unicodedata.normalize("NFKC", source)
    defining = " ".join(_DEFINING.findall(source))
    return frozenset(_BARE.findall(source)).union(_NAME.findall(defining))


def _bound(source: str, cell: int) -> tuple[Mapping[str, list[Binding]], list[Scope]]:
    """What a cell binds in the module, and its inner scopes by where they start. Shared: read, never change."""
    return _bound_in(parse(source), source, cell)


@lru_cache(maxsize=1024)
def _bound_in(tree: ast.Module | None, source: str, cell: int) -> tuple[Mapping[str, list[Binding]], list[Scope]]:
    """For this very tree: what a name was assigned is compared with nodes of the tree that `parse` hands out now."""
    if tree is None:
        guessed: dict[str, list[Binding]] = {}
        for name, binding in _guessed(source):
            guessed.setdefault(name, []).append(binding)
        return guessed, []
    module, *inner = scopes(tree, cell)
    return module.names, sorted(inner, key=lambda scope: scope.start)


def _holding(bindings: list[Binding], position: Position) -> list[Binding]:
    return _since_certain([binding for binding in bindings if binding.position <= position])


def _since_certain(bindings: list[Binding]) -> list[Binding]:
    """The tail from the last binding that was not in a branch."""
    certain = max((index for index, binding in enumerate(bindings) if not binding.conditional), default=0)
    return bindings[certain:]


def _guessed(source: str) -> Iterator[tuple[str, Binding]]:
    """Bindings of a cell that does not parse (Python 2, a half-written line), from its unindented lines alone."""
    for number, line in enumerate(_LINE.split(mask(source).text), start=1):
        if _IMPORT.match(line):
            tree = parse(line.partition(";")[0])
            for node in tree.body if tree else ():
                if isinstance(node, ast.Import | ast.ImportFrom):
                    for name, origin in imported(node):
                        yield name, Binding(position=(number, len(line)), origin=origin)
        elif (found := _REBOUND.match(line)) and "(" not in line[found.end(1) : found.end(1) + 1]:
            yield found[1], Binding(position=(number, len(line)))
