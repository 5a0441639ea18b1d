"""Calls that Python 3 no longer takes: methods of dictionaries and iterators, and lists that are now lazy.

A lazy `map` or `keys()` is wrapped in `list` only where it is provably used as a list; elsewhere it works as it is.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.documents.python import walked
from workers.review.python2.site import Stale
from workers.review.screen import Sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.python2.site import Mended, Reading
    from workers.review.sites import Change, Site

_VIEWS = {
    f"{prefix}{name}": name
    for prefix, names in {"iter": ("items", "keys", "values"), "view": ("items", "keys", "values")}.items()
    for name in names
}
_DICTIONARIES = frozenset({"dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter"})
_ITERATORS = frozenset(
    {"iter", "open", "csv.reader", "csv.DictReader", "enumerate", "zip", "map", "filter", "reversed"}
)
_LISTS_BEFORE = frozenset({"map", "filter", "zip"})
_TAKES_A_SEQUENCE = frozenset({"numpy.array", "numpy.asarray"})
_FUNCTIONS = frozenset({"execfile", "file", "len"})
_METHODS = frozenset({"has_key", "next", *_VIEWS, *(name.rpartition(".")[2] for name in _TAKES_A_SEQUENCE)})

WORDS = frozenset({"execfile", "has_key", *_VIEWS})
"""Names of what is gone whatever it is called with."""
_TAKEN_FROM = re.compile(r"\)[\s\\]*[\[#]")
_VIEW_TAKEN_FROM = re.compile(r"\b(?:keys|values|items)[\s\\]*(?:#|\([\s\\]*(?:#|\)[\s\\)]*[\[#]))")
SIGNS = (
    Sign(("file",), re.compile(r"\bfile[\s\\]*[(#]")),
    Sign(("next",), re.compile(r"(?:\.[\s\\]*|^[ \t]*)next\b", re.MULTILINE)),
    *(Sign((name,), _TAKEN_FROM) for name in sorted(_LISTS_BEFORE)),
    *(Sign((name,), _VIEW_TAKEN_FROM) for name in ("keys", "values", "items")),
    *(Sign((taker, "(", name)) for taker in ("len", "array") for name in sorted(_LISTS_BEFORE)),
)
"""Signs of which one stands wherever any other of these calls does."""


class Calls:
    """Finds the calls of a document that Python 3 refuses."""

    def __init__(self, mended: Mended, *, python2: bool) -> None:
        self._mended = mended
        self._imports = mended.imports
        self._python2 = python2
        """The document shows other signs of Python 2, so an unknown receiver is worth a word."""

    def stale(self, site: Reading) -> Iterator[Stale]:
        """Every such call of one cell."""
        for node in site.unguarded:
            match node:
                case ast.Call(func=ast.Name(id=name) as function) if name in _FUNCTIONS:
                    yield from self._function(name, node, site) if self._builtin(function, site) else ()
                case ast.Call(func=ast.Attribute(attr=attr)) if attr in _METHODS and attr not in self._mended.defined:
                    yield from self._method(node, node.func, site)  # pyright: ignore[reportArgumentType]  # matched
                case ast.Subscript(value=ast.Call() as value, ctx=ast.Load()):
                    yield from self._as_list(value, site)
                case _:
                    pass

    def _builtin(self, node: ast.Name, site: Site) -> bool:
        return not self._imports.local(node.id, node, site.cell)

    def _function(self, name: str, node: ast.Call, site: Site) -> Iterator[Stale]:
        match name, node.args:
            case "execfile", [path] if not node.keywords:
                yield _execfile(node, path, site)
            case "file", [_, *_]:
                start, end = site.span(node.func)
                yield Stale(name="file", start=start, end=end, changes=((start, end, "open"),), target="open")
            case "len", [ast.Call(func=ast.Name()) as value]:
                yield from self._as_list(value, site)
            case _:
                pass

    def _method(self, node: ast.Call, method: ast.Attribute, site: Site) -> Iterator[Stale]:
        match method.attr, node.args, node.keywords:
            case "has_key", [key], [] if not isinstance(key, ast.Starred):
                yield _has_key(node, method.value, key, site)
            case attr, [], [] if attr in _VIEWS:
                yield from self._told(_view(method, site), method.value, _DICTIONARIES, site)
            case "next", [], []:
                yield from self._told(_next(node, method.value, site), method.value, _ITERATORS, site)
            case _, [ast.Call(func=ast.Name()) as value, *_], _:
                if self._imports.dotted(method, site.cell) in _TAKES_A_SEQUENCE:
                    yield from self._as_list(value, site)
            case _:
                pass

    def _told(self, stale: Stale, receiver: ast.expr, classes: frozenset[str], site: Site) -> Iterator[Stale]:
        if self._is(receiver, site.cell, classes):
            yield stale
        elif self._python2:
            yield Stale(
                name=stale.name,
                start=stale.start,
                end=stale.end,
                changes=stale.changes,
                target=stale.target,
                certain=False,
            )

    def _as_list(self, value: ast.Call, site: Site) -> Iterator[Stale]:
        """`map(...)[0]`, `len(zip(...))`, `numpy.array(map(...))`: there only a list will do."""
        match value:
            case ast.Call(func=ast.Name(id=name) as function) if name in _LISTS_BEFORE:
                lazy = self._builtin(function, site)
            case ast.Call(func=ast.Attribute(value=receiver, attr="keys" | "values" | "items"), args=[]):
                lazy = self._is(receiver, site.cell, _DICTIONARIES)
            case _:
                lazy = False
        if lazy:
            start, end = site.span(value)
            changes = ((start, start, "list("), (end, end, ")"))
            name = f"{site.text(value.func)} as a list"
            yield Stale(name=name, start=start, end=end, changes=changes, target="list")

    def _is(self, node: ast.expr, cell: int, classes: frozenset[str]) -> bool:
        """True when all that `node` may hold was made by one of `classes`, or is a literal of their kind."""
        if not isinstance(node, ast.Name):
            return self._made(node, cell, classes)
        values = self._imports.assigned(node, cell)
        return bool(values) and all(one.item is None and self._made(one.value, one.cell, classes) for one in values)

    def _made(self, value: ast.expr, cell: int, classes: frozenset[str]) -> bool:
        match value:
            case ast.Dict() | ast.DictComp():
                return "dict" in classes
            case ast.GeneratorExp():
                return "iter" in classes
            case ast.Call(func=ast.Name(id=name) as function) if name in classes:
                return not self._imports.local(name, function, cell)
            case ast.Call(func=function):
                return self._imports.dotted(function, cell) in classes
            case _:
                return False


def _execfile(node: ast.Call, path: ast.expr, site: Site) -> Stale:
    start, end = site.span(node)
    first, last = site.span(path)
    changes = ((start, first, "exec(open("), (last, end, ").read())"))
    return Stale(name="execfile", start=start, end=end, changes=changes, target="exec")


def _has_key(node: ast.Call, value: ast.expr, key: ast.expr, site: Site) -> Stale:
    start, end = site.span(node)
    _, last = site.span(value)
    text = site.text(key)
    if not isinstance(key, ast.Name | ast.Constant | ast.Attribute | ast.Subscript | ast.Call | ast.Tuple):
        text = f"({text})"
    opening, closing = ("", "") if id(node) in _unbound(site.tree) else ("(", ")")
    changes: tuple[Change, ...] = ((start, start, f"{opening}{text} in "), (last, end, closing))
    return Stale(name="dict.has_key", start=start, end=end, changes=changes, target="in")


def _unbound(tree: ast.Module) -> set[int]:
    """Expressions that no operator binds: a comparison needs no parentheses there."""
    found: set[int] = set()
    for node in walked(tree):
        match node:
            case ast.If(test=one) | ast.While(test=one) | ast.IfExp(test=one) | ast.Assert(test=one):
                found.add(id(one))
            case ast.BoolOp(values=values):
                found.update(id(one) for one in values)
            case ast.UnaryOp(op=ast.Not(), operand=one) | ast.Assign(value=one) | ast.Return(value=ast.expr() as one):
                found.add(id(one))
            case _:
                pass
    return found


def _view(method: ast.Attribute, site: Site) -> Stale:
    _, end = site.span(method)
    start, new = end - len(method.attr), _VIEWS[method.attr]
    name = f"dict.{method.attr}"
    return Stale(name=name, start=start, end=end, changes=((start, end, new),), target=f"dict.{new}")


def _next(node: ast.Call, value: ast.expr, site: Site) -> Stale:
    start, end = site.span(node)
    _, last = site.span(value)
    changes = ((start, start, "next("), (last, end, ")"))
    return Stale(name="iterator.next", start=start, end=end, changes=changes, target="next")
