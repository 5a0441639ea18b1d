"""Where in a cell the thing stands that a message complains of, and the edits that would change it.

Every function gives alternatives, the likeliest first: a later iteration offers the next when one was refused.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit
    from workers.documents.references import Reading

Group = tuple["Edit", ...]
"""Edits that belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What runs at one line of a cell: a simple statement, or the head of a compound one."""

    cell: int
    nodes: tuple[ast.AST, ...]
    """Everything in it, outermost first."""


def region(reading: Reading, cell: int, line: int) -> Region | None:
    """The region at `line` (from 1); None where the cell does not parse or nothing stands there."""
    tree = reading.trees.get(cell)
    if tree is None:
        return None
    covering = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _covers(node, line)]
    innermost = [node for node in covering if not any(_covers(inner, line) for inner in _statements(node))]
    if not innermost:
        return None
    return Region(cell=cell, nodes=tuple(node for statement in innermost for node in _own(statement)))


def _covers(statement: ast.stmt, line: int) -> bool:
    return statement.lineno <= line <= (statement.end_lineno or statement.lineno)


def _statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements inside a compound one."""
    return (node for node in ast.walk(statement) if isinstance(node, ast.stmt) and node is not statement)


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement without those of statements inside it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))


def calls_with(here: Region, keyword: str) -> Iterator[tuple[ast.Call, ast.keyword]]:
    """The calls of a region that pass `keyword`."""
    for node in here.nodes:
        if isinstance(node, ast.Call):
            for one in node.keywords:
                if one.arg == keyword:
                    yield node, one


def keyword_edit(reading: Reading, cell: int, passed: tuple[ast.Call, ast.keyword], new: str, value: str = "") -> Group:
    """Rename a keyword, with a new value where one is given; nothing where the call passes the new one already."""
    call, keyword = passed
    if any(one.arg == new for one in call.keywords):
        return ()
    start, end = reading.span(cell, keyword)
    if value:
        return (reading.edit(cell, start, end, f"{new}={value}"),)
    return (reading.edit(cell, start, start + len(keyword.arg or ""), new),)


def attributes(reading: Reading, here: Region, old: str, new: str) -> list[Group]:
    """Alternatives that rename an attribute of something that no import explains, one per object it is read of."""
    groups: dict[str, list[Edit]] = {}
    for node in here.nodes:
        if isinstance(node, ast.Attribute) and node.attr == old and reading.imports.dotted(node, here.cell) is None:
            _, end = reading.span(here.cell, node)
            if reading.written(here.cell, node) and reading.sources[here.cell][end - len(old) : end] == old:
                receiver = reading.text(here.cell, node.value)
                groups.setdefault(receiver, []).append(reading.edit(here.cell, end - len(old), end, new))
    return [tuple(edits) for edits in groups.values()]


def positions(reading: Reading, here: Region, key: int | None) -> list[Group]:
    """Alternatives that put `.iloc` between an object and its integer subscript (`key`, or any), one per object.

    The same object with any integer subscript is taken along: where one key is no label, the others were positions too.
    """
    groups: dict[str, Group] = {}
    for node in here.nodes:
        found = _by_integer(node)
        if found is None or (key is not None and found[1] != key):
            continue
        receiver = reading.text(here.cell, found[0].value)
        if receiver not in groups and not receiver.endswith((".iloc", ".loc", ".iat", ".at", ".ix", ".values")):
            groups[receiver] = tuple(_same_object(reading, here.cell, found[0], receiver))
    return list(groups.values())


def _by_integer(node: ast.AST) -> tuple[ast.Subscript, int] | None:
    """A subscript with an integer literal, and the integer."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=int(key))) if not isinstance(key, bool):
            return node, key
        case ast.Subscript(slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(key)))) if not isinstance(
            key, bool
        ):
            return node, -key
        case _:
            return None


def _same_object(reading: Reading, cell: int, subscript: ast.Subscript, receiver: str) -> Iterator[Edit]:
    root = _root(subscript.value)
    holds = reading.imports.assigned(root, cell) if root else ()
    for other, tree in reading.trees.items():
        for node in ast.walk(tree):
            found = _by_integer(node)
            if found is None or reading.text(other, found[0].value) != receiver or isinstance(found[0].ctx, ast.Del):
                continue
            if not reading.written(other, found[0].value):
                continue
            own = _root(found[0].value)
            if found[0] is subscript or (own and holds and reading.imports.assigned(own, other) == holds):
                _, end = reading.span(other, found[0].value)
                yield reading.edit(other, end, end, ".iloc")


def _root(node: ast.expr) -> ast.Name | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node if isinstance(node, ast.Name) else None
