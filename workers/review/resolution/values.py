"""What a value of a document is, as far as its text tells: an expression over importable names that a question may hold."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.python import Assigned
    from workers.review.code import Code

_DEPTH = 60
_LENGTH = 1500
"""Characters of an expression: a chain of rebindings ends somewhere."""
_TEXT_LENGTH = 60
_DISPLAYS: dict[type[ast.expr], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.JoinedStr: "str",
}
_LOOPS = ast.For | ast.AsyncFor | ast.While
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_NOT_LITERAL = "..."


class Values:
    """The values of one document's expressions, each followed once."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._known: dict[int, str | None] = {}

    def expression(self, node: ast.expr, cell: int) -> str | None:
        """The expression of a question for the value of `node`; None where more than one value is possible, or none is known."""
        return self._expression(node, cell, _DEPTH)

    def _expression(self, node: ast.expr, cell: int, depth: int) -> str | None:
        if depth == 0:
            return None
        if id(node) not in self._known:
            # Written before it is known: a value that leads back to itself ends here.
            self._known[id(node)] = None
            said = self._code.imports.dotted(node, cell) or self._followed(node, cell, depth - 1)
            self._known[id(node)] = said if said and len(said) <= _LENGTH and not self._own(said) else None
        return self._known[id(node)]

    def _own(self, name: str) -> bool:
        """True where the document itself put something there."""
        return any(name == patched or name.startswith(f"{patched}.") for patched in self._code.patched)

    def _followed(self, node: ast.expr, cell: int, depth: int) -> str | None:
        match node:
            case ast.Name():
                return self._name(node, cell, depth)
            case ast.Attribute(value=value, attr=attr):
                of = self._expression(value, cell, depth)
                return f"{of}.{attr}" if of else None
            case ast.Call(func=function):
                of = self._function(function, cell, depth)
                return f"{of}({', '.join(_arguments(node))})" if of else None
            case ast.Subscript(value=value, slice=index):
                of = self._expression(value, cell, depth)
                return f"{of}[{_index(index)}]" if of else None
            case ast.Await(value=value):
                of = self._expression(value, cell, depth)
                return f"(await {of})" if of else None
            case _:
                return _display(node)

    def _function(self, node: ast.expr, cell: int, depth: int) -> str | None:
        builtin = isinstance(node, ast.Name) and node.id in {"dict", "list", "set", "str"}
        if builtin and isinstance(node, ast.Name) and not self._code.imports.local(node.id, node, cell):
            return None if self._stars else f"builtins.{node.id}"
        return self._expression(node, cell, depth)

    def _name(self, node: ast.Name, cell: int, depth: int) -> str | None:
        values = self._code.imports.assigned(node, cell)
        if len(values) != 1 or self._unsteady(node):
            return None
        return self._assigned(values[0], depth)

    def _assigned(self, value: Assigned, depth: int) -> str | None:
        if value.item is None:
            return self._expression(value.value, value.cell, depth)
        if isinstance(value.value, ast.Tuple | ast.List):
            items = value.value.elts
            return self._expression(items[value.item], value.cell, depth) if value.item < len(items) else None
        of = self._expression(value.value, value.cell, depth)
        return f"(*{of},)[{value.item}]" if of else None

    def _unsteady(self, node: ast.Name) -> bool:
        """True where the name may hold another value by the time it is read: in a loop that binds it, or in a function."""
        bound = self._bound.get(node.id, [])
        if id(node) in self._deferred:
            return len(bound) > 1
        return node.id in self._loop_names.get(id(node), frozenset())

    @cached_property
    def _stars(self) -> bool:
        return any(
            isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
            for cell in self._code.cells
            for node in cell.nodes
        )

    @cached_property
    def _bound(self) -> dict[str, list[int]]:
        """Cells of every binding of every name."""
        found: dict[str, list[int]] = {}
        for cell in self._code.cells:
            for node in cell.nodes:
                for name in _binds(node):
                    found.setdefault(name, []).append(cell.index)
        return found

    @cached_property
    def _deferred(self) -> frozenset[int]:
        """`id`s of the names read inside functions: when that happens nobody can tell."""
        functions = (node for cell in self._code.cells for node in cell.nodes if isinstance(node, _FUNCTIONS))
        return frozenset(id(one) for node in functions for one in ast.walk(node) if isinstance(one, ast.Name))

    @cached_property
    def _loop_names(self) -> dict[int, frozenset[str]]:
        """`id` of a name inside loops -> the names that those loops bind."""
        found: dict[int, frozenset[str]] = {}
        for cell in self._code.cells:
            for loop in (node for node in cell.nodes if isinstance(node, _LOOPS)):
                inside = list(ast.walk(loop))
                names = frozenset(name for node in inside for name in _binds(node))
                found |= {
                    id(one): found.get(id(one), frozenset()) | names for one in inside if isinstance(one, ast.Name)
                }
        return found


def _binds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
        case _:
            pass


def _display(node: ast.expr) -> str | None:
    """What is written out: a list, a dictionary, a text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return f"builtins.{type(node.value).__name__}()"
    name = _DISPLAYS.get(type(node))
    return f"builtins.{name}()" if name else None


def _arguments(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        yield "*..." if isinstance(argument, ast.Starred) else _literal(argument)
    for keyword in call.keywords:
        yield f"{keyword.arg}={_literal(keyword.value)}" if keyword.arg else "**..."


def _literal(node: ast.expr) -> str:
    """A short literal as it is; everything else is not known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | bool | None):
        written = repr(node.value)
        return written if len(written) <= _TEXT_LENGTH else _NOT_LITERAL
    return _NOT_LITERAL


def _index(index: ast.expr) -> str:
    match index:
        case ast.List():
            return "[...]"
        case ast.Slice():
            return ":"
        case ast.Compare() | ast.UnaryOp(op=ast.Invert()) | ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
            return "~..."
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return f"-{number}"
        case _:
            return _literal(index)
