"""Prerequisites come first: keys are spoken of, and names defined, before the cells that need them."""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

from workers.contract.domain import IssueType
from workers.documents.python import mask
from workers.review.reader.drafts import draft, prose_before

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.drafts import Draft
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

_SAID = re.compile(r"\bapi[ -_]?keys?\b|\benvironment variables?\b|\bcredentials?\b|\btokens?\b")
_READS = frozenset({"os.getenv", "os.environ.get", "google.colab.userdata.get"})
_KNOWN = frozenset(dir(builtins)) | {"display", "get_ipython", "In", "Out", "exit", "quit", "__file__"}
_DEFINES = re.compile(r"%(?:run|pylab|load|store|matplotlib\s+--list|R|autoreload)\b")


def unmentioned_keys(code: Code) -> Iterator[Draft]:
    """Environment variables and keys that are read before any prose speaks of them."""
    given: set[str] = set()
    for site in code.sites:
        prose = prose_before(code.document, site.cell)
        given |= _set(site)
        for node, name in _reads(code, site):
            if name in given or name.lower() in prose or _SAID.search(prose):
                continue
            given.add(name)
            yield draft(
                "reader/prerequisite",
                site.cell,
                site.span(node)[0],
                name,
                message=f"`{name}` is needed here and nothing before says so",
                fix=f"Say before this cell that `{name}` has to be set, and how to get it.",
                issue_type=IssueType.SETUP_GAP,
            )


def _set(site: Site) -> set[str]:
    """Keys that the cell itself stores, as in `os.environ["KEY"] = ...`."""
    return {
        node.slice.value
        for node in site.nodes
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }


def _reads(code: Code, site: Site) -> Iterator[tuple[ast.expr, str]]:
    """Keys that have to be there: a read with something to fall back on needs nothing."""
    optional = {id(part) for node in site.nodes for test in _fallbacks(node) for part in ast.walk(test)}
    for node in site.nodes:
        if id(node) in optional:
            continue
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                if code.imports.dotted(value, site.cell) == "os.environ":
                    yield node, name
            case ast.Call(func=function, args=[ast.Constant(value=str(name))], keywords=[]):
                if code.imports.dotted(function, site.cell) in _READS:
                    yield node, name
            case _:
                pass


def _fallbacks(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test):
            yield test
        case ast.BoolOp(op=ast.Or(), values=[*values, _]):
            yield from values
        case _:
            pass


def used_before_defined(code: Code) -> Iterator[Draft]:
    """Names read at the top level of a cell that only a later cell defines."""
    if _unknowable(code):
        return
    bound = [(site, _bound(site)) for site in code.sites]
    known: set[str] = set(_KNOWN)
    for index, (site, names) in enumerate(bound):
        known |= names
        later = {name for _, after in bound[index + 1 :] for name in after}
        told: set[str] = set()
        for node in _top_level(site.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in later - known - told:
                told.add(node.id)
                yield _too_early(site, node)


def _too_early(site: Site, node: ast.Name) -> Draft:
    return draft(
        "reader/prerequisite",
        site.cell,
        site.span(node)[0],
        node.id,
        message=f"`{node.id}` is used before the cell that defines it",
        fix=f"Move the cell that defines `{node.id}` before this one.",
        issue_type=IssueType.RUNTIME_RISK,
    )


def _unknowable(code: Code) -> bool:
    """Something in the document may bring names that nobody can see: a star import, `%run`, a cell that does not parse."""
    cells = [cell for cell in code.document.cells if cell.kind == "code"]
    stars = any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for site in code.sites for node in site.nodes
    )
    magics = any(_DEFINES.search(text) for cell in cells for _, text in mask(cell.source).magics)
    return stars or magics or len(cells) != len(code.sites)


def _bound(site: Site) -> set[str]:
    """Every name that the cell's top level binds; names bound in functions as `global` too."""
    names: set[str] = set()
    for node in site.nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.partition(".")[0])
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                names.add(name)
            case _:
                pass
    return names


def _top_level(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when the cell runs: everything outside the bodies of functions."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack.extend(reversed([*node.args.defaults, *getattr(node, "decorator_list", [])]))
        else:
            stack.extend(reversed(list(ast.iter_child_nodes(node))))
