"""`FunctionMessage(content=..., name=...)` is `ToolMessage(..., tool_call_id=...)`: a tool's answer names the call it answers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.bound_tools.asked import scope_of
from workers.review.shapes.kinds import imports
from workers.review.shapes.shape import keyword
from workers.review.shapes.together import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.bound_tools.asked import Asked
    from workers.review.shapes.kinds import Imported, Kinds
    from workers.review.sites import Change, Site

_HOME = "langchain_core.messages"
_OLD, _NEW = "FunctionMessage", "ToolMessage"


def replies(kinds: Kinds, reads: Asked) -> Iterator[Step]:
    """Every import and use of the class."""
    bound = [one for one in imports(kinds) if one.dotted.rpartition(".")[2] == _OLD]
    for one in bound:
        yield _import(kinds, one)
        for site, load in kinds.loads(one.bound):
            yield _use(kinds, site, load, reads)


def _import(kinds: Kinds, one: Imported) -> Step:
    start, end = one.site.span(one.alias)
    there = any(other.dotted == f"{_HOME}.{_NEW}" for other in imports(kinds))
    plain = one.dotted == f"{_HOME}.{_OLD}" and one.alias.asname is None and isinstance(one.statement, ast.ImportFrom)
    why = "" if plain and not there and not kinds.binds(_NEW) else f"it is not imported from `{_HOME}` alone"
    return Step(site=one.site, start=start, anchor=_OLD, changes=((one.site, (start, end, _NEW)),), why=why)


def _use(kinds: Kinds, site: Site, load: ast.Name, reads: Asked) -> Step:
    start, end = site.span(load)
    changes: list[tuple[Site, Change]] = [(site, (start, end, _NEW))]
    around = site.around(load)
    call = around[0] if around and isinstance(around[0], ast.Call) and around[0].func is load else None
    why = ""
    if call is not None:
        answered = _answered(kinds, site, call, reads)
        why = "" if answered else "which call it answers is not written out"
        last = max((site.span(one)[1] for one in call.keywords), default=end)
        changes.append((site, (last, last, f', tool_call_id={answered}.tool_calls[0]["id"]')))
    return Step(site=site, start=start, anchor=_OLD, changes=tuple(changes), why=why)


def _answered(kinds: Kinds, site: Site, call: ast.Call, reads: Asked) -> str:
    """The one message whose call is read in the function that makes the answer."""
    scope = scope_of(site, call)
    names = {one.id for where, one in reads.messages if where is site and scope_of(site, one) is scope}
    plain = not call.args and keyword(call, "content") is not None and keyword(call, "name") is not None
    if len(names) != 1 or not plain or any(one.arg in {None, "tool_call_id"} for one in call.keywords):
        return ""
    (name,) = names
    inside = {
        (node.lineno, node.col_offset) for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name
    }
    stored = [one for one in kinds.stores(name) if one[0] == site.cell and one[1:] in inside]
    return name if len(stored) <= 1 else ""
