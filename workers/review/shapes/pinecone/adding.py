"""One more argument at the end of a call, in the way the call is written, its comments where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.review.shapes.uses import line_end

if TYPE_CHECKING:
    import ast

    from workers.review.sites import Change, Site


def added(site: Site, call: ast.Call, new: str) -> tuple[Change, ...] | str:
    """The changes that put `new` behind the last argument; why there are none where it cannot be told where."""
    given = sorted((*call.args, *call.keywords), key=lambda one: site.span(one)[1])
    if not given:
        return "it is given nothing"
    last = given[-1]
    end, close = site.span(last)[1], site.span(call)[1] - 1
    indent = _indent(site, call, last)
    tail = site.source[end:close]
    if "#" not in tail:
        return ((end, end, f", {new}" if indent is None else f",\n{indent}{new}"),)
    stop = line_end(site, end)
    if indent is None or stop > close:
        return "a comment stands among its arguments"
    if "," in site.source[end:stop].partition("#")[0]:
        return ((stop, stop, f"\n{indent}{new},"),)
    return ((end, end, ","), (stop, stop, f"\n{indent}{new}"))


def _indent(site: Site, call: ast.Call, last: ast.expr | ast.keyword) -> str | None:
    """The indentation of the line that the argument starts, or None where it shares it with what is before."""
    start, _ = site.span(last)
    line = site.source.rfind("\n", 0, start) + 1
    told = site.source[line:start]
    return told if not told.strip() and line > site.span(call)[0] else None
