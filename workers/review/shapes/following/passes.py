"""What becomes of a value that is handed to a builtin, only shown, or only asked whether it is there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.values import Kind, Record, Series, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.review.shapes.following.values import Lost
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

SHOWN = frozenset({"print", "display", "len", "str", "repr", "type", "bool", "pprint"})
_SHOWN_DOTTED = frozenset({"pprint.pprint", "IPython.display.display", "rich.print"})
_SAME = frozenset({"list", "sorted", "reversed", "tuple", "iter", "tqdm"})
"""Calls that hand on the values of what they are given."""
_TESTS = (ast.If, ast.While, ast.IfExp, ast.Assert)


def builtin(code: Code, site: Site, call: ast.Call) -> str:
    """The builtin that is called, or what shows a value as one would."""
    dotted = code.imports.dotted(call.func, site.cell)
    if dotted in _SHOWN_DOTTED:
        return "print"
    if dotted in {"tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm"}:
        return "tqdm"
    match call.func:
        case ast.Name(id=name) if not code.imports.local(name, call.func, site.cell):
            return name
        case _:
            return ""


def passed_on(source: Source, call: ast.Call, name: str) -> Kind | None:
    """What a builtin makes of the values it is given; None where it is none that is known."""
    match source.kind, name:
        case Series(), _ if name in _SAME and call.args[:1] == [source.node]:
            return source.kind
        case Series(item=item), "next":
            return item
        case Series(item=item), "enumerate":
            return Series(item=Record(name="", fields={"1": item}))
        case Series(item=item), "zip":
            at = next(index for index, one in enumerate(call.args) if one is source.node)
            return Series(item=Record(name="", fields={str(at): item}))
        case _:
            return None


def harmless(parent: ast.AST | None, around: tuple[ast.AST, ...]) -> bool:
    """It is only shown or asked whether it is there."""
    match parent:
        case ast.Expr() | ast.FormattedValue() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp():
            return len(around) > 1 and harmless(around[1], around[1:])
        case _:
            return isinstance(parent, _TESTS)


def places(lost: Iterable[Lost]) -> Iterator[str]:
    """Each of them in words."""
    for one in lost:
        line = getattr(one.node, "lineno", 1)
        yield f"`{_short(one.site.text(one.node))}` in line {line} of cell {one.site.cell}: {one.why}"


def _short(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= 60 else f"{folded[:57]}..."  # noqa: PLR2004 - a line of a report
