"""What an expression does, as far as it can be told from its text: does it compute, or does it merely state a value?"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from workers.validate.statements import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.validate.statements import Statement

BUILTINS = frozenset(dir(builtins)) | {"unicode", "long", "xrange", "raw_input", "basestring", "reduce", "unichr"}
"""Names nobody has to define, those of Python 2 included."""
_CASTS = frozenset(
    {"str", "unicode", "bytes", "int", "long", "float", "bool", "list", "tuple", "set", "frozenset", "dict"}
)
_LATER = (ast.Lambda, ast.GeneratorExp)
"""Expressions whose inside does not run where they stand."""


def is_literal(node: ast.AST) -> bool:
    """True for a constant and for a container of constants, however it is signed or nested."""
    match node:
        case ast.Constant(value=value):
            literal = value is not Ellipsis
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.JoinedStr(values=parts):
            literal = all(map(is_literal, parts))
        case ast.Dict(keys=keys, values=values):
            literal = all(is_literal(item) for item in (*keys, *values) if item is not None)
        case ast.UnaryOp(operand=inner) | ast.FormattedValue(value=inner):
            literal = is_literal(inner)
        case ast.BinOp(left=left, right=right):
            literal = is_literal(left) and is_literal(right)
        case _:
            literal = False
    return literal


def states_the_same(old: ast.AST, literal: ast.AST) -> bool:
    """True when `old` said no more than the text of `literal` does: `plt.cm.spectral` -> `"nipy_spectral"`."""
    if not (isinstance(literal, ast.Constant) and isinstance(literal.value, str)):
        return False
    said = [node.attr for node in ast.walk(old) if isinstance(node, ast.Attribute)]
    said += [node.value for node in ast.walk(old) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return any(word and word.lower() in literal.value.lower() for word in said)


def is_cast(node: ast.AST) -> bool:
    """True for a builtin constructor called with literals only."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in _CASTS:
            return all(map(is_literal, args)) and all(is_literal(item.value) for item in keywords)
        case _:
            return False


def runs(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that run where it stands: not those inside a lambda or a generator nobody draws from."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.GeneratorExp) and isinstance(node, ast.Call):
            yield from ast.walk(child)
        elif not isinstance(child, (*_LATER, ast.stmt)):
            yield from runs(child)


def calls(nodes: Iterable[ast.AST]) -> list[ast.Call]:
    """The calls among some nodes."""
    return [node for node in nodes if isinstance(node, ast.Call)]


def loaded(node: ast.AST) -> frozenset[str]:
    """Names a statement reads, builtins left out."""
    found = (inner.id for inner in own_nodes(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load))
    return frozenset(found) - BUILTINS


def definitions(fresh: Iterable[Statement]) -> Mapping[str, ast.stmt]:
    """New names -> the new statement that binds them: where `hits = answer.points` got its `answer`."""
    found: dict[str, ast.stmt] = {}
    for statement in fresh:
        for target in statement.targets:
            if statement.node is not None and target.isidentifier():
                found[target] = statement.node
    return found


def expanded(node: ast.stmt, new: Mapping[str, ast.stmt]) -> list[ast.stmt]:
    """A statement with the new statements its names come from, itself first."""
    found = [node]
    waiting = [node]
    while waiting:
        for name in sorted(loaded(waiting.pop())):
            if (origin := new.get(name)) is not None and origin not in found:
                found.append(origin)
                waiting.append(origin)
    return found
