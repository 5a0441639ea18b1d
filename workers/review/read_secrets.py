"""What the names of a document hold that was read from the environment or asked of a person."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.documents.python import ImportMap, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.protocols import Document

_READING = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "getpass.getpass", "google.colab.userdata.get"})
_ASKING = frozenset({"getpass.getpass", "google.colab.userdata.get"})
"""What brings nothing but secrets."""
_SAME = frozenset(
    {"strip", "lstrip", "rstrip", "upper", "lower", "encode", "replace", "title", "removeprefix", "ljust", "rjust"}
)
"""Methods of a text whose result tells the text."""
_SECRET = re.compile(r"(?i)key|token|secret|passw|pwd|credential|auth|api|private|dsn|conn")


@dataclass(slots=True)
class Reading:
    """A document and what its names hold."""

    names: ImportMap
    held: dict[str, bool] = field(default_factory=dict[str, bool])
    """Names and attributes that are bound once, to something read -> whether that is surely a secret."""


def read(document: Document) -> Reading:
    """What every name of the document holds that is bound once."""
    reading = Reading(names=ImportMap(document.cells))
    code = [(cell.index, tree) for cell in document.cells if cell.kind == "code" and (tree := parse(cell.source))]
    bound = [(index, node) for index, tree in code for node in ast.walk(tree)]
    counts: dict[str, int] = {}
    for _, node in bound:
        for name in _binds(node):
            counts[name] = counts.get(name, 0) + 1
    # In document order and twice: a name may hold what another name holds.
    for index, node in (*bound, *bound):
        for name, value in _bindings(node):
            if counts.get(name) == 1 and (sure := holds(value, reading, index)) is not None:
                reading.held[name] = sure
        for name in _looped(node, reading, index):
            if counts.get(name) == 1:
                reading.held[name] = False
    return reading


def _binds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
            yield ast.unparse(node)
        case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case _:
            pass


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value):
            yield ast.unparse(target), value
        case ast.AnnAssign(target=ast.Name() | ast.Attribute() as target, value=ast.expr() as value):
            yield ast.unparse(target), value
        case _:
            pass


def _looped(node: ast.AST, reading: Reading, cell: int) -> Iterator[str]:
    """`for name, value in os.environ.items()`."""
    match node:
        case ast.For(target=ast.Tuple(elts=[_, ast.Name(id=name)]), iter=ast.Call(func=function)):
            if reading.names.dotted(function, cell) == "os.environ.items":
                yield name
        case _:
            pass


def environment(node: ast.expr, reading: Reading, cell: int) -> ast.expr | None:
    """The environment itself in an expression that has all its values: `os.environ`, `dict(os.environ)`, its `items()`."""
    match node:
        case ast.Name() | ast.Attribute() if reading.names.dotted(node, cell) == "os.environ":
            return node
        case ast.Call(func=ast.Name(id="dict" | "str" | "repr"), args=[inner], keywords=[]):
            return environment(inner, reading, cell)
        case ast.Call(func=ast.Attribute(attr="copy" | "items" | "values", value=inner), args=[]):
            return environment(inner, reading, cell)
        case ast.Call(
            func=ast.Name(id="sorted" | "list"),
            args=[ast.Call(func=ast.Attribute(attr="items" | "values")) as inner],
        ):
            return environment(inner, reading, cell)
        case _:
            return None


def holds(node: ast.expr, reading: Reading, cell: int) -> bool | None:
    """Whether the value is surely a secret; None where it is nothing that was read."""
    match node:
        case ast.Name() | ast.Attribute():
            return reading.held.get(ast.unparse(node))
        case ast.Subscript(value=ast.Name() | ast.Attribute() as value, slice=key) if environment(value, reading, cell):
            return _SECRET.search(ast.unparse(key)) is not None
        case ast.Call():
            return _answer(node, reading, cell)
        case _:
            return _any(*(holds(each, reading, cell) for each in _made_of(node)))


def _made_of(node: ast.expr) -> list[ast.expr]:
    """What a slice, a concatenation or a choice is made of."""
    match node:
        case ast.Subscript(value=value, slice=ast.Slice()):
            return [value]
        case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
            return [left, *(right.elts if isinstance(right, ast.Tuple) else [right])]
        case ast.BoolOp(values=values):
            return values
        case _:
            return []


def _answer(node: ast.Call, reading: Reading, cell: int) -> bool | None:
    origin = reading.names.dotted(node.func, cell)
    if origin in _READING:
        return origin in _ASKING or any(_SECRET.search(ast.unparse(each)) for each in node.args[:1])
    match node.func:
        case ast.Name(id="str" | "repr"):
            return _any(*(holds(each, reading, cell) for each in node.args[:1]))
        case ast.Attribute(attr="format", value=ast.Constant(value=str())):
            given = (*node.args, *(each.value for each in node.keywords))
            return _any(*(holds(each, reading, cell) for each in given))
        case ast.Attribute(attr=method, value=value) if method in _SAME:
            return holds(value, reading, cell)
        case _:
            return None


def _any(*held: bool | None) -> bool | None:
    known = [each for each in held if each is not None]
    return any(known) if known else None
