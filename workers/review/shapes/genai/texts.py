"""Whether an expression is certainly one text: by how it is written, by what its name holds, or by what all callers hand over."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following import functions
from workers.review.shapes.following.bound import loads, otherwise, parameters, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Function
    from workers.review.sites import Site

_SAME = frozenset({"format", "strip", "lstrip", "rstrip", "lower", "upper", "replace", "title", "capitalize"})
"""Methods of a text that hand out a text."""
_DEPTH = 6


def textual(code: Code, site: Site, value: ast.expr, depth: int = _DEPTH) -> bool:
    """True where the value is seen to be a text."""
    match value:
        case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _SAME:
            known = textual(code, site, inner, depth)
        case ast.Subscript(value=inner, slice=ast.Slice()):
            known = textual(code, site, inner, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            known = textual(code, site, left, depth) or textual(code, site, right, depth)
        case ast.Subscript(value=ast.Name() as name, slice=ast.Constant(value=str(key))) if depth:
            items = _taken(code, site, name)
            known = bool(items) and all(_has(code, at, one, key, depth - 1) for at, one in items)
        case ast.Name() if depth:
            known = _name(code, site, value, depth - 1)
        case _:
            known = _plainly(value)
    return known


def _plainly(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.Call(func=ast.Attribute(attr="read_text")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="join")):
            return True
        case _:
            return False


def _name(code: Code, site: Site, name: ast.Name, depth: int) -> bool:
    function = functions.enclosing(site.around(name))
    if function is not None and name.id in parameters(function):
        return _parameter(code, site, function, name.id, depth)
    if otherwise(site, name):
        items = _taken(code, site, name)
        return bool(items) and all(one is not None and textual(code, at, one, depth) for at, one in items or ())
    held = code.imports.assigned(name, site.cell)
    homes = {one.cell: one for one in code.sites}
    return bool(held) and all(
        one.item is None and one.cell in homes and textual(code, homes[one.cell], one.value, depth) for one in held
    )


def _parameter(code: Code, site: Site, function: Function, name: str, depth: int) -> bool:
    """It says so itself, or every caller hands a text over."""
    told = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    annotated = next((one.annotation for one in told if one.arg == name), None)
    if stored(tuple(function.body), name):
        return False
    if annotated is not None:
        return isinstance(annotated, ast.Name) and annotated.id == "str"
    callers = None if functions.method(site, function) else functions.callers(code, function)
    handed = [(at, functions.given(function, call, name)) for at, call in callers or ()]
    return bool(handed) and all(value is not None and textual(code, at, value, depth) for at, value in handed)


def _taken(code: Code, site: Site, name: ast.Name) -> list[tuple[Site, ast.expr | None]]:
    """All that a loop takes under the name, from a list whose items are written out; empty where that is not seen."""
    listed = next((one for node in site.around(name) for one in _looped(node, name.id)), None)
    if listed is None or otherwise(site, listed):
        return []
    homes = {one.cell: one for one in code.sites}
    held = code.imports.assigned(listed, site.cell)
    lists = [
        (homes[one.cell], one.value.elts)
        for one in held
        if one.item is None and one.cell in homes and isinstance(one.value, ast.List)
    ]
    if len(lists) != len(held):
        return []
    items: list[tuple[Site, ast.expr | None]] = [(at, one) for at, every in lists for one in every]
    return items + [(at, one) for at, load in loads(code, listed.id) for one in _added(at, load)]


def _looped(node: ast.AST, name: str) -> Iterator[ast.Name]:
    """The list that a loop around the place takes `name` from."""
    loops = [node] if isinstance(node, ast.For | ast.AsyncFor) else getattr(node, "generators", [])
    for one in loops:
        match one.target, one.iter:
            case ast.Name(id=target), ast.Name() as listed if target == name:
                yield listed
            case (
                ast.Tuple(elts=[_, ast.Name(id=target)]),
                ast.Call(func=ast.Name(id="enumerate"), args=[ast.Name() as listed]),
            ) if target == name:
                yield listed
            case _:
                pass


def _added(site: Site, load: ast.Name) -> Iterator[ast.expr | None]:
    """What is put into a list; None where that is not seen."""
    match site.around(load)[:2]:
        case [ast.Attribute(attr="append"), ast.Call(args=[item])]:
            yield item
        case [ast.Attribute(attr="extend" | "insert"), *_]:
            yield None
        case _:
            pass


def _has(code: Code, site: Site, item: ast.expr | None, key: str, depth: int) -> bool:
    """The dictionary is written out, and what stands under the key is a text."""
    if not isinstance(item, ast.Dict):
        return False
    under = [
        value
        for name, value in zip(item.keys, item.values, strict=True)
        if isinstance(name, ast.Constant) and name.value == key
    ]
    return bool(under) and None not in item.keys and textual(code, site, under[-1], depth)
