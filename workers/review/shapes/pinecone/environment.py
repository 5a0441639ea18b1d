"""What `init` was told of an environment: no client takes it any more, and what only `init` read of it goes with it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.documents.python import mask
from workers.review.shapes.following import bound
from workers.review.shapes.shape import keyword, without
from workers.review.shapes.together import without_line
from workers.review.shapes.uses import line_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.review.shapes.shape import Code
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change, Site

_READING = frozenset(
    {
        "os.getenv",
        "getenv",
        "os.environ.get",
        "environ.get",
        "input",
        "getpass",
        "getpass.getpass",
    }
)
"""Calls that only ask for a value: of one that nobody needs, nobody asks."""
_VARIABLE = "PINECONE_ENVIRONMENT"
"""What the old package read of the process's environment by itself, and the new one does not."""
_ABOUT = re.compile(r"#.*\b(?:env|environments?|PINECONE_ENV\w*)\b", re.IGNORECASE)


def untold(site: Site, call: ast.Call, place: ast.keyword) -> Change:
    """The change that takes the argument away; with its line where a comment stands there, which was about it."""
    start, end = site.span(place)
    line, stop = site.source.rfind("\n", 0, start) + 1, line_end(site, end)
    before = max(
        (site.span(one)[1] for one in (*call.args, *call.keywords) if site.span(one)[1] <= start), default=start
    )
    rest = site.source[end:stop].strip(" \t\r")
    own = not site.source[line:start].strip() and (not rest or rest.lstrip(", \t").startswith("#"))
    commented = "#" in site.source[before:start] or "#" in rest
    return (line, stop + 1, "") if own and commented and stop < len(site.source) else without(site, call, place)


def leftovers(code: Code, inits: Sequence[Use]) -> tuple[tuple[Site, Change], ...]:
    """The statements that only made what `init` was told as the environment."""
    told = [(use.site, value) for use in inits if (value := _told(use)) is not None]
    names = dict.fromkeys(value.id for _, value in told if isinstance(value, ast.Name))
    statements = [found for name in names if (found := _made(code, name, [value for _, value in told])) is not None]
    if told and all(_variable(value) for _, value in told):
        statements += _set(code, len(told))
    return tuple((site, _whole(site, one)) for site, one in statements if len(site.tree.body) > 1)


def _told(use: Use) -> ast.expr | None:
    call = use.site.around(use.node)[0]
    given = keyword(call, "environment") if isinstance(call, ast.Call) else None
    return given.value if given else None


def _made(code: Code, name: str, told: list[ast.expr]) -> tuple[Site, ast.Assign] | None:
    """The one statement that binds the name, where only `init` reads it."""
    reads = [load for _, load in bound.loads(code, name)]
    if not reads or any(all(load is not one for one in told) for load in reads) or _elsewhere(code, name):
        return None
    found = [
        (site, one)
        for site in code.sites
        for one in site.tree.body
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and _is(one.targets[0], name) and _idle(one.value)
    ]
    stores = sum(_is(node, name) for site in code.sites for node in site.nodes)
    return found[0] if len(found) == stores == 1 else None


def _is(node: ast.AST, name: str) -> bool:
    """It binds the name."""
    return isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)


def _idle(value: ast.expr) -> bool:
    """It reads a text or asks for one, and does nothing else."""
    kinds = ast.Constant | ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BoolOp | ast.Or | ast.expr_context
    nodes = list(ast.walk(value))
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    return all(isinstance(node, kinds) for node in nodes) and all(name in _READING for name in calls)


def _elsewhere(code: Code, name: str) -> bool:
    """A cell that does not parse, a declaration or the line of a magic names it too."""
    read = {site.cell for site in code.sites}
    word = re.compile(rf"\b{re.escape(name)}\b")
    told = (node for site in code.sites for node in site.nodes if isinstance(node, ast.Global | ast.Nonlocal))
    if any(name in node.names for node in told):
        return True
    for cell in code.document.cells:
        if cell.kind == "code" and word.search(cell.source):
            masked = mask(cell.source)
            hidden = cell.index not in read or masked.cell_magic or any(word.search(line) for _, line in masked.magics)
            if hidden:
                return True
    return False


def _variable(value: ast.expr) -> bool:
    match value:
        case ast.Subscript(value=holder, slice=ast.Constant(value=str(key))):
            return key == _VARIABLE and ast.unparse(holder) in {"os.environ", "environ"}
        case _:
            return False


def _set(code: Code, reads: int) -> Iterator[tuple[Site, ast.Assign]]:
    """Where the old package's variable is set, if nothing but that and `init` names it."""
    found = [
        (site, one)
        for site in code.sites
        for one in site.tree.body
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and _variable(one.targets[0]) and _idle(one.value)
    ]
    own = sum(ast.unparse(one.value).count(_VARIABLE) for _, one in found)
    said = sum(cell.source.count(_VARIABLE) for cell in code.document.cells if cell.kind == "code")
    if len(found) == 1 and said == 1 + own + reads:
        yield found[0]


def _whole(site: Site, statement: ast.stmt) -> Change:
    """Its lines, with the comments that are about it."""
    start, end = site.span(statement)
    stop = line_end(site, end)
    if site.source[end:stop].strip(" \t\r") and not site.source[end:stop].lstrip().startswith("#"):
        return without_line(site, statement)
    line = site.source.rfind("\n", 0, start) + 1
    while line and _ABOUT.match(above := site.source[:line].splitlines()[-1].strip()) and above:
        line = site.source.rfind("\n", 0, line - 1) + 1
    return (line, stop + 1, "") if stop < len(site.source) else (max(line - 1, 0), stop, "")
