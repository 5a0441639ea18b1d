"""How a field of a record is read: as an attribute, an item, by `get`, by asking whether it is there, or all at once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.values import Plain, Read, Record, Source

if TYPE_CHECKING:
    from workers.review.shapes.following.values import How

METHODS: dict[str, How] = {
    "keys": "keys",
    "items": "keys",
    "values": "keys",
    "to_dict": "dump",
    "to_dict_recursive": "dump",
}
"""Methods of dictionaries and of answers that speak of all fields at once."""
HANDED_ON = frozenset({"attribute", "item", "get"})
"""Ways to read that give the field's value."""
_UNKNOWN = "it is read in a way that has no counterpart"


def reading(source: Source, around: tuple[ast.AST, ...]) -> Read | str:
    """What is read of a record that stands in `around`, or why that is not understood."""
    match around[0]:
        case ast.Attribute(attr=name) as function if name == "get" or name in METHODS:
            return _method(source, function, around[1:])
        case ast.Attribute(attr=name, ctx=ast.Load()) as outer:
            return field(source, outer, name, "attribute")
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()) as outer if (
            value is source.node
        ):
            return field(source, outer, name, "item")
        case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn() as asked]) as outer:
            return field(source, outer, name, "in" if isinstance(asked, ast.In) else "not in")
        case ast.Compare():
            return "it is compared"
        case _:
            return _UNKNOWN


def field(source: Source, outer: ast.expr, name: str, how: How, default: ast.expr | None = None) -> Read | str:
    """The field of that name, or that there is none."""
    record = source.kind
    if not isinstance(record, Record) or name not in record.fields:
        return f"`{name}` is no field of what comes back"
    return Read(site=source.site, base=source.node, outer=outer, record=record, field=name, how=how, default=default)


def _method(source: Source, function: ast.Attribute, around: tuple[ast.AST, ...]) -> Read | str:
    match around[:1]:
        case [ast.Call(func=func, args=[], keywords=[]) as call] if func is function and function.attr in METHODS:
            return whole(source, call, function.attr)
        case [ast.Call(func=func, args=[ast.Constant(value=str(name)), *defaults], keywords=[]) as call] if (
            func is function and function.attr == "get" and len(defaults) <= 1
        ):
            return field(source, call, name, "get", defaults[0] if defaults else None)
        case _:
            return f"`{function.attr}` is called in a way that has no counterpart"


def whole(source: Source, outer: ast.expr, method: str) -> Read | str:
    """All fields at once; what is in them only where all of that is plain."""
    record = source.kind
    if not isinstance(record, Record):
        return _UNKNOWN
    plain = all(isinstance(one, Plain) for one in record.fields.values())
    if method in {"items", "values"} and not plain:
        return f"`{method}` hands on what is not followed"
    how = METHODS.get(method, "dumped")
    return Read(site=source.site, base=source.node, outer=outer, record=record, field=method, how=how)
