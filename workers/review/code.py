"""A document's Python cells, parsed once, and what the expressions in them stand for."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING

from workers.contract.domain import Edit
from workers.documents.python import Assigned, ImportMap, Offsets, Positioned, of_kind, parse, walked
from workers.knowledge.spoken import Spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.protocols import Document

_DEPTH = 60
"""How far a value is followed through calls and assignments, far from Python's own limit."""
_GUARDS = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "NameError"})
"""Exceptions whose handler shows that the author expects the name to be missing."""
_RENAMED = re.compile(r"\b(\w+)[\s\\]+as[\s\\]+(\w+)")
_VERSION_WORDS = frozenset({"__version__", "version_info", "hasattr", "LooseVersion", "parse_version", "PY2", "PY3"})


class CodeCell:
    """One cell that parses. What is derived from its tree is derived once, when it is first asked for."""

    def __init__(self, index: int, source: str, tree: ast.Module) -> None:
        self.index = index
        self.source = source
        self.tree = tree

    @property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node, outer before inner; what says load or store is left out."""
        return walked(self.tree)

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """Every call outside guards."""
        return tuple(node for node in of_kind(self.tree, ast.Call) if id(node) not in self.guarded)

    @cached_property
    def offsets(self) -> Offsets:
        """Positions of the tree in the source."""
        return Offsets(self.source)

    @cached_property
    def guarded(self) -> frozenset[int]:
        """`id`s of the nodes inside a guard: an `except ImportError`, an `if` about a version."""
        return frozenset(_guarded((*of_kind(self.tree, ast.Try), *of_kind(self.tree, ast.If))))

    @cached_property
    def parents(self) -> Mapping[int, ast.AST]:
        """Parent of every name, by the name's `id`."""
        return {
            id(child): parent
            for parent in self.nodes
            for child in ast.iter_child_nodes(parent)
            if isinstance(child, ast.Name)
        }

    def text(self, node: Positioned) -> str:
        """The source of `node`."""
        start, end = self.offsets.span(node)
        return self.source[start:end]

    def edit(self, start: int, end: int, new: str) -> Edit:
        """Replace a stretch of this cell."""
        return Edit(cell=self.index, start=start, end=end, old=self.source[start:end], new=new)


class Code:
    """The cells of a document that are Python, with their names resolved."""

    def __init__(self, document: Document, makes: Mapping[str, str]) -> None:
        self.imports = ImportMap(document.cells)
        self._sources = {cell.index: cell.source for cell in document.cells if cell.kind == "code"}
        self._parsed: dict[int, CodeCell | None] = {}
        self._makes = makes
        self._kinds: dict[int, str | None] = {}

    def named(self, node: ast.AST, cell: int) -> str | None:
        """The dotted name of an expression: by imports (`np.int`) or by the receiver's type (`frame.append`)."""
        return self._named(node, cell, _DEPTH)

    @cached_property
    def cells(self) -> tuple[CodeCell, ...]:
        """Every code cell that parses."""
        return tuple(cell for index in self._sources if (cell := self._cell(index)))

    @cached_property
    def complete(self) -> bool:
        """Every code cell parses, so no use of a name is out of sight."""
        return len(self.cells) == len(self._sources)

    def renamed(self, names: frozenset[str]) -> frozenset[str]:
        """`names` and what an import may call one of them instead."""
        return names.union(
            new for source in self._sources.values() for old, new in _RENAMED.findall(source) if old in names
        )

    def cells_with(self, reached: frozenset[str], called: frozenset[str]) -> Iterator[CodeCell]:
        """The cells that parse and may take one of `reached` from something, or call one of `called`; no other is read."""
        for index, source in self._sources.items():
            wanted = any(word in source for word in called) or not reached.isdisjoint(Spoken([source]).reached)
            if wanted and (cell := self._cell(index)):
                yield cell

    def _cell(self, index: int) -> CodeCell | None:
        """The cell, parsed once."""
        if index not in self._parsed:
            tree = parse(self._sources[index])
            self._parsed[index] = CodeCell(index, self._sources[index], tree) if tree else None
        return self._parsed[index]

    def kind(self, node: ast.expr, cell: int) -> str | None:
        """The dotted type of a value, where constructors, readers and assignments prove it."""
        return self._type(node, cell, _DEPTH)

    def _named(self, node: ast.AST, cell: int, depth: int) -> str | None:
        if dotted := self.imports.dotted(node, cell):
            return dotted
        if isinstance(node, ast.Attribute) and (kind := self._type(node.value, cell, depth)):
            return f"{kind}.{node.attr}"
        return None

    def _type(self, node: ast.expr, cell: int, depth: int) -> str | None:
        """The dotted type of a value, where constructors, readers and assignments prove it; each value is followed once."""
        if depth == 0:
            return None
        if id(node) not in self._kinds:
            # Written before it is known: a value that leads back to itself ends here.
            self._kinds[id(node)] = None
            self._kinds[id(node)] = self._followed(node, cell, depth - 1)
        return self._kinds[id(node)]

    def _followed(self, node: ast.expr, cell: int, depth: int) -> str | None:
        match node:
            case ast.Name():
                return self._common(self.imports.assigned(node, cell), depth)
            case ast.Call(func=function):
                return self._makes.get(self._named(function, cell, depth) or "")
            case ast.Attribute():
                return self._makes.get(f"@{self._named(node, cell, depth)}")
            case ast.Subscript(value=value, slice=index):
                kind = self._type(value, cell, depth)
                return self._makes.get(f"{kind}[{_subscript(index)}]") if kind else None
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
                step = self._step(right, cell, depth)
                kind = self._type(left, cell, depth) if step else None
                return self._makes.get(f"{kind}+{step}") if kind else None
            case _:
                return None

    def _step(self, right: ast.expr, cell: int, depth: int) -> str:
        """What a value is moved on by: a whole number, or the last name of what is called; empty for anything else."""
        match right:
            case ast.Constant(value=int()):
                return "int"
            case ast.Call(func=function):
                return (self._named(function, cell, depth) or "").rpartition(".")[2]
            case _:
                return ""

    def _common(self, values: tuple[Assigned, ...], depth: int) -> str | None:
        """The one type that all possible values have."""
        kinds = {self._assigned(value, depth) for value in values}
        return kinds.pop() if len(kinds) == 1 else None

    def _assigned(self, value: Assigned, depth: int) -> str | None:
        if value.item is None:
            return self._type(value.value, value.cell, depth)
        if not isinstance(value.value, ast.Call):
            return None
        made = self._named(value.value.func, value.cell, depth)
        return self._makes.get(f"{made}:{value.item}") if made else None

    @cached_property
    def loads(self) -> tuple[tuple[CodeCell, ast.Name], ...]:
        """Every name that is read, in document order of its cells."""
        return tuple(
            (cell, node)
            for cell in self.cells
            for node in of_kind(cell.tree, ast.Name)
            if isinstance(node.ctx, ast.Load)
        )

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Every name the document binds or reads anywhere."""
        nodes = [node for cell in self.cells for node in cell.nodes]
        return frozenset(name for node in nodes for name in _identifiers(node))

    @cached_property
    def patched(self) -> frozenset[str]:
        """Dotted names the document assigns itself (`np.int = int`): its own answer to the staleness."""
        stores = (
            self.imports.dotted(node, cell.index)
            for cell in self.cells
            for node in of_kind(cell.tree, ast.Attribute)
            if isinstance(node.ctx, ast.Store)
        )
        return frozenset(name for name in stores if name)

    def patches(self, dotted: str) -> bool:
        """Whether one name is among the `patched`; only cells that spell it are read for it."""
        last = dotted.rpartition(".")[2]
        return any(
            node.attr == last and isinstance(node.ctx, ast.Store) and self.imports.dotted(node, index) == dotted
            for index, source in self._sources.items()
            if (last in source or not source.isascii()) and (cell := self._cell(index))
            for node in of_kind(cell.tree, ast.Attribute)
        )


def _identifiers(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name.partition(".")[0]
        case _:
            pass


def _guarded(nodes: Iterable[ast.AST]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.Try) and any(_expects_absence(handler) for handler in node.handlers):
            inside: list[ast.stmt] = [
                *node.body,
                *(one for handler in node.handlers for one in handler.body),
                *node.orelse,
            ]
        elif isinstance(node, ast.If) and _about_versions(node.test):
            inside = [*node.body, *node.orelse]
        else:
            continue
        for statement in inside:
            yield from map(id, ast.walk(statement))


def _expects_absence(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(
        isinstance(node, ast.Name) and node.id in _GUARDS for node in ast.walk(handler.type)
    )


def _about_versions(test: ast.expr) -> bool:
    words = (getattr(node, "attr", None) or getattr(node, "id", None) for node in ast.walk(test))
    return any(word in _VERSION_WORDS for word in words)


def _subscript(index: ast.expr) -> str:
    match index:
        case ast.Constant(value=str()):
            return "str"
        case ast.List():
            return "list"
        case ast.Compare() | ast.UnaryOp(op=ast.Invert()) | ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
            return "mask"
        case _:
            return ""
