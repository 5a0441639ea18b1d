"""How a field that was read as an item of a dictionary is read as an attribute."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.values import Plain, Series
from workers.review.shapes.together import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.review.shapes.following.values import Read
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site


def attributes(reads: Iterable[Read]) -> tuple[Changes, str]:
    """The changes of all reads, or why one of them has none."""
    changes: list[tuple[Site, Change]] = []
    taken: dict[tuple[int, int, int, str], ast.expr] = {}
    for read in reads:
        if read.how == "attribute":
            continue
        place = (read.site.cell, *read.site.span(read.outer), read.how)
        if taken.setdefault(place, read.outer) is not read.outer or not written(read.site, read.outer):
            return (), f"where `{read.field}` is read in a formatted text is not certain"
        made = _change(read)
        if made is None:
            return (), f"`{read.site.text(read.outer)}` has no plain counterpart"
        changes += [(read.site, one) for one in made]
    return tuple(changes), ""


def _change(read: Read) -> tuple[Change, ...] | None:
    match read.how:
        case "item":
            return _item(read)
        case "get":
            return _got(read)
        case "in" | "not in":
            return _present(read)
        case "keys" | "dump" | "dumped":
            return _whole(read)
        case "attribute":
            return ()


def _whole(read: Read) -> tuple[Change, ...] | None:
    """All fields under the names they have in the API."""
    site, outer = read.site, read.outer
    end = site.span(outer)[1]
    if read.how == "dumped":
        return ((end, end, ".model_dump()"),)
    if not isinstance(outer, ast.Call) or not isinstance(outer.func, ast.Attribute):
        return None
    at = site.span(outer.func)[1] - len(outer.func.attr)
    return ((at, at, "model_dump(by_alias=True)."),) if read.how == "keys" else ((at, end, "model_dump()"),)


def _name(field: str) -> str | None:
    """The attribute that a key is found under; None for what cannot be one."""
    name = field.replace("/", "_").replace("-", "_")
    return name if name.isidentifier() else None


def _item(read: Read) -> tuple[Change, ...] | None:
    name, site = _name(read.field), read.site
    if name is None or not isinstance(read.outer, ast.Subscript):
        return None
    at = site.span(read.outer.slice)[0]
    opening = site.source.rfind("[", site.span(read.base)[1], at)
    return ((opening, site.span(read.outer)[1], f".{name}"),) if opening >= 0 else None


def _got(read: Read) -> tuple[Change, ...] | None:
    """`.get("a")` is `.a`; a default holds for None as well, which is what an attribute says where nothing is there."""
    name, site = _name(read.field), read.site
    if name is None or not isinstance(read.outer, ast.Call):
        return None
    opening, end = site.span(read.outer.func)[1] - len("get"), site.span(read.outer)[1]
    kind = read.record.fields[read.field]
    default = read.default
    if default is None or isinstance(kind, Series) or (isinstance(default, ast.Constant) and default.value is None):
        return ((opening, end, name),)
    if not isinstance(kind, Plain) or not isinstance(default, ast.Constant) or default.value:
        return None
    first, last = site.span(default)
    if _alone(read):
        return ((opening, first, f"{name} or "), (last, end, ""))
    start = site.span(read.outer)[0]
    return ((start, start, "("), (opening, first, f"{name} or "), (last, end, ")"))


def _alone(read: Read) -> bool:
    """The whole of a value: `or` binds no weaker than what stands around it."""
    around = read.site.around(read.outer)
    match around[0] if around else None:
        case ast.Assign() | ast.AugAssign() | ast.Return() | ast.Expr() | ast.keyword():
            return True
        case ast.Call(args=args):
            return any(one is read.outer for one in args)
        case _:
            return False


def _present(read: Read) -> tuple[Change, ...] | None:
    """`"a" in x` is `x.a is not None`: an answer has all of its fields, and None in those that are not there."""
    name, site = _name(read.field), read.site
    start, end = site.span(read.outer)
    first, last = site.span(read.base)
    if name is None or last != end:
        return None
    return ((start, first, ""), (last, end, f".{name} is {'not ' if read.how == 'in' else ''}None"))
