"""Signatures as they are written, and whether one function can stand for another."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING

from workers.knowledge.mining.model import Function, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.knowledge.mining.model import Binding

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_DEFAULT = 60
_STATEMENTS = 4
SUPER = "super().__init__"
"""What a class forwards to that is only another name of its base."""


def function(node: Definition, lines: list[str], *, method: bool) -> Function:
    """A definition as a value; a method loses its receiver."""
    names = tuple(dotted(_called(each)) for each in node.decorator_list)
    bound = method and "staticmethod" not in names
    parameters = tuple(_parameters(node.args))
    return Function(
        line=node.lineno,
        parameters=parameters[1:] if bound and parameters and parameters[0].binding != "many" else parameters,
        digest=digest(node, lines),
        forwards=_forwards(node),
        decorators=names,
        words=frozenset(_strings(node.decorator_list)),
    )


def digest(node: Definition | ast.ClassDef, lines: list[str]) -> str:
    """Of a definition's text without decorators, indentation and comments at the ends of its lines."""
    text = "\n".join(line.strip() for line in lines[node.lineno - 1 : node.end_lineno])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def stands_for(old: Function, new: Function) -> bool:
    """True when every call that binds to `old` binds to `new` in the same way."""
    if any(one.binding in {"many", "others"} for one in old.parameters):
        return old.parameters == new.parameters
    by_name = {one.name: one for one in new.parameters}
    for at, one in enumerate(old.parameters):
        other = by_name.get(one.name)
        if (
            other is None
            or other.binding not in _TAKEN_BY[one.binding]
            or (one.default or other.default) != other.default
        ):
            return False
        if one.binding != "keyword" and (at >= len(new.parameters) or new.parameters[at] is not other):
            return False
    added = new.parameters[len(old.parameters) :]
    return all(one.default is not None or one.binding in {"many", "others"} or one.name in _names(old) for one in added)


_TAKEN_BY: dict[Binding, frozenset[Binding]] = {
    "positional": frozenset({"positional", "either"}),
    "either": frozenset({"either"}),
    "keyword": frozenset({"either", "keyword"}),
}


def _names(one: Function) -> frozenset[str]:
    return frozenset(each.name for each in one.parameters)


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    positional: list[tuple[ast.arg, Binding]] = [(one, "positional") for one in arguments.posonlyargs]
    placed: list[tuple[ast.arg, Binding]] = [*positional, *((one, "either") for one in arguments.args)]
    missing = len(placed) - len(arguments.defaults)
    for at, (one, binding) in enumerate(placed):
        yield Parameter(one.arg, binding, _text(arguments.defaults[at - missing]) if at >= missing else None)
    if arguments.vararg:
        yield Parameter(arguments.vararg.arg, "many", None)
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Parameter(one.arg, "keyword", _text(default) if default else None)
    if arguments.kwarg:
        yield Parameter(arguments.kwarg.arg, "others", None)


def _text(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:_DEFAULT]
    except RecursionError:
        return "..."


def _forwards(node: Definition) -> str:
    """What a body only hands on to: `f` of `return f(*args, **kwargs)`, or `self.f` of `return self.f` in a property."""
    body = [each for each in node.body if not _is_words(each)]
    if len(body) > _STATEMENTS or not body:
        return ""
    if not all(_leaves_alone(each, node.args) for each in body[:-1]):
        return ""
    match body[-1]:
        case ast.Return(value=ast.Call() as call) if _hands_on(call, node.args):
            return dotted(call.func)
        case ast.Return(value=ast.Attribute() as value) if not _given(node.args):
            return dotted(value)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")))) as call):
            return SUPER if _hands_on(call, node.args) else ""
        case _:
            return ""


def _leaves_alone(node: ast.stmt, arguments: ast.arguments) -> bool:
    """Neither changes what was given nor anything in it: an import, or a name of its own."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    given = {name.lstrip("*") for name in _given(arguments)}
    return isinstance(node, ast.Assign) and all(
        isinstance(target, ast.Name) and target.id not in given for target in node.targets
    )


def _hands_on(call: ast.Call, arguments: ast.arguments) -> bool:
    """Everything that was given is passed, under the same names or in the same order, and nothing else."""
    given, passed = _given(arguments), _passed(call)
    return given[: len(call.args)] == passed[: len(call.args)] and sorted(given) == sorted(passed)


def _passed(call: ast.Call) -> tuple[str, ...]:
    """What a call passes, each thing under the name that `_given` has for it; `=` for what has none."""
    placed = ["*" + dotted(each.value) if isinstance(each, ast.Starred) else dotted(each) for each in call.args]
    return (*placed, *map(_named, call.keywords))


def _named(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        return f"**{dotted(keyword.value)}"
    return keyword.arg if dotted(keyword.value) == keyword.arg else "="


def _given(arguments: ast.arguments) -> tuple[str, ...]:
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    many = [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    others = [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    return (*names, *many, *(one.arg for one in arguments.kwonlyargs), *others)


def _is_words(node: ast.stmt) -> bool:
    """A docstring, or a warning."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    return isinstance(node.value, ast.Call) and "warn" in dotted(node.value.func).lower()


def dotted(node: ast.expr) -> str:
    """`a.b.c` as it is written; empty for anything that is more than names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _strings(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value
            elif isinstance(each, ast.keyword) and each.arg:
                yield each.arg
