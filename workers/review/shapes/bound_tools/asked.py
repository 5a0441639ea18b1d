"""What is read of a message that asks for a call: `additional_kwargs["function_call"]` is an item of `tool_calls`.

https://docs.langchain.com/oss/python/langchain/messages: each has `name`, `args` (a dictionary, where functions had JSON) and `id`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following.passes import harmless
from workers.review.shapes.shape import Function
from workers.review.shapes.together import Step, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site

_OLD = "function_call"
_FIRST = "tool_calls[0]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Every place that speaks of the call, and the messages whose call is read."""

    steps: tuple[Step, ...]
    messages: tuple[tuple[Site, ast.Name], ...]


def asked(code: Code) -> Asked:
    """All that reads a message's function call."""
    steps: list[Step] = []
    messages: list[tuple[Site, ast.Name]] = []
    for site in code.sites:
        for node in site.nodes:
            if isinstance(node, ast.Constant) and node.value == _OLD:
                read = _read(code, site, node)
                steps.append(read if read is not None else _left(site, node))
                messages += [(site, one) for one in _message(site, node)]
            elif isinstance(node, ast.Attribute) and node.attr == _OLD:
                steps.append(_left(site, node))
    return Asked(steps=tuple(steps), messages=tuple(messages))


def _left(site: Site, node: ast.expr) -> Step:
    why = "it is read in a way that has no plain counterpart"
    return Step(site=site, start=site.span(node)[0], anchor=site.text(node), why=why)


def _message(site: Site, node: ast.Constant) -> Iterator[ast.Name]:
    """The name whose call is read as an item."""
    match site.around(node)[0]:
        case ast.Subscript(value=ast.Attribute(value=ast.Name() as message, attr="additional_kwargs")):
            yield message
        case _:
            pass


def _read(code: Code, site: Site, node: ast.Constant) -> Step | None:
    around = site.around(node)
    match around[0]:
        case (
            ast.Compare(
                left=left,
                ops=[ast.In() | ast.NotIn() as how],
                comparators=[ast.Attribute(value=message, attr="additional_kwargs")],
            ) as outer
        ) if left is node:
            return _present(site, outer, message, missing=isinstance(how, ast.NotIn))
        case ast.Subscript(value=ast.Attribute(value=message, attr="additional_kwargs"), ctx=ast.Load()) as outer:
            return _item(code, site, outer, message)
        case _:
            return None


def _present(site: Site, outer: ast.Compare, message: ast.expr, *, missing: bool) -> Step:
    """`"function_call" in message.additional_kwargs` asks whether there is one."""
    asks = f"{site.text(message)}.tool_calls"
    around = site.around(outer)
    new = f"not {asks}" if missing else asks if harmless(around[0], around) else f"bool({asks})"
    return _step(site, outer, message, new)


def _item(code: Code, site: Site, outer: ast.Subscript, message: ast.expr) -> Step | None:
    around = site.around(outer)
    call = f"{site.text(message)}.{_FIRST}"
    match around[:2]:
        case (ast.Subscript(slice=ast.Constant(value="name"), ctx=ast.Load()) as named, *_) if named.value is outer:
            return _step(site, named, message, f'{call}["name"]')
        case (
            ast.Subscript(slice=ast.Constant(value="arguments"), ctx=ast.Load()) as given,
            ast.Call(args=[only], keywords=[], func=function) as loaded,
        ) if only is given and code.imports.dotted(function, site.cell) == "json.loads":
            return _step(site, loaded, message, f'{call}["args"]')
        case _:
            return None


def _step(site: Site, node: ast.expr, message: ast.expr, new: str) -> Step:
    start, end = site.span(node)
    text = site.text(node)
    why = "" if "#" not in text and written(site, node) else "what is written there cannot be kept"
    if not _answers(site, message):
        why = "whether it is a model's message is not certain: others have no `tool_calls`"
    change: Change = (start, end, new)
    return Step(site=site, start=start, anchor=" ".join(text.split()), changes=((site, change),), why=why)


def _answers(site: Site, message: ast.expr) -> bool:
    """It is what a call returned or the item of a list, by every assignment around it; no parameter, no name of a loop."""
    if not isinstance(message, ast.Name):
        return _made(message)
    scope = scope_of(site, message)
    stores = [one for one in ast.walk(scope) if isinstance(one, ast.Name) and one.id == message.id]
    bound = [site.around(one)[0] for one in stores if isinstance(one.ctx, ast.Store)]
    return bool(bound) and all(isinstance(one, ast.Assign) and _made(one.value) for one in bound)


def _made(value: ast.expr) -> bool:
    value = value.value if isinstance(value, ast.Await) else value
    return isinstance(value, ast.Call) or (isinstance(value, ast.Subscript) and not isinstance(value.slice, ast.Slice))


def scope_of(site: Site, node: ast.AST) -> ast.AST:
    """The function that it stands in, or the cell."""
    return next((one for one in site.around(node) if isinstance(one, Function)), site.tree)
