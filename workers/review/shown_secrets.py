"""Where a cell shows what it read from the environment or asked a person for, and the edit that shows only that it is there."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Suggestion
from workers.documents.python import parse
from workers.review.drafts import replace
from workers.review.read_secrets import Reading, environment, holds, read
from workers.review.sites import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit
    from workers.protocols import Cell, Document

_SHOWING = frozenset({"print", "display", "pprint"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """An expression that a cell shows and that holds a secret."""

    node: ast.expr
    sure: bool
    """What it is called says that it is a secret; an environment holds much else."""
    whole: ast.expr | None = None
    """The environment itself, where all of it is shown."""


def mending(document: Document, cell: int) -> Suggestion | None:
    """The edit after which the cell shows no secret it read: `bool(...)` of it, or the sorted names of the environment.

    None where nothing of the kind is shown, or not all of it stands where it can be told.
    """
    here = document.cells[cell]
    if here.kind != "code" or parse(here.source) is None:
        return None
    reading = read(document)
    site = Site(cell, here.source)
    found = [each for node in _displayed(site, reading, cell) for each in _secrets(node, reading, cell)]
    sure = [each for each in found if each.sure or each.whole]
    # Of several values that may be anything, nobody can tell which one it was.
    chosen = sure or (found if len(found) == 1 else [])
    if not chosen or not all(_stands(site, each) for each in chosen):
        return None
    return Suggestion(edits=tuple(_edit(here, site, each) for each in chosen), resolved=True)


def _edit(cell: Cell, site: Site, shown: _Shown) -> Edit:
    start, end = site.span(shown.node)
    new = f"bool({site.text(shown.node)})" if shown.whole is None else f"sorted({site.text(shown.whole)})"
    return replace(cell, start, end, new)


def _stands(site: Site, shown: _Shown) -> bool:
    """Whether the text at its place is the expression: inside f-strings the parser's places are not always true."""
    try:
        written = ast.parse(site.text(shown.node).strip(), mode="eval").body
    except SyntaxError:
        return False
    return ast.dump(written) == ast.dump(shown.node)


def _displayed(site: Site, reading: Reading, cell: int) -> Iterator[ast.expr]:
    """What the cell shows: the arguments of its `print` and `display` statements, and its last expression."""
    for node in site.nodes:
        match node:
            case ast.Expr(value=ast.Call(func=function, args=args, keywords=keywords)) if _shows(
                function, reading, cell
            ):
                if not any(each.arg in {"file", None} for each in keywords):
                    yield from args
            case _:
                pass
    last = site.tree.body[-1] if site.tree.body else None
    if isinstance(last, ast.Expr) and not (isinstance(last.value, ast.Call) and _shows(last.value.func, reading, cell)):
        end = site.span(last)[1]
        if not site.source[end:].lstrip().startswith(";"):
            yield last.value


def _shows(function: ast.expr, reading: Reading, cell: int) -> bool:
    match function:
        case ast.Name(id=name) if name in _SHOWING:
            origin = reading.names.dotted(function, cell)
            local = reading.names.local(name, function, cell)
            return not local or origin in {"pprint.pprint", "IPython.display.display"}
        case ast.Attribute():
            return reading.names.dotted(function, cell) in {"pprint.pprint", "IPython.display.display"}
        case _:
            return False


def _secrets(node: ast.expr, reading: Reading, cell: int) -> Iterator[_Shown]:
    """The secrets in something shown, the outermost expression of each."""
    if any(reading.names.local(name, node, cell) for name in ("bool", "sorted")):
        return
    if (whole := environment(node, reading, cell)) is not None:
        yield _Shown(node=node, sure=True, whole=whole)
    elif (sure := holds(node, reading, cell)) is not None and not isinstance(node, ast.JoinedStr):
        yield _Shown(node=node, sure=sure)
    else:
        for part in _parts(node):
            yield from _secrets(part, reading, cell)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.JoinedStr(values=values):
            # A format made for a text may not fit a truth value.
            yield from (
                each.value for each in values if isinstance(each, ast.FormattedValue) and each.format_spec is None
            )
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            yield from elements
        case _:
            pass
