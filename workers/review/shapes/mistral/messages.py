"""`ChatMessage(role="user", content=text)` is a dictionary: every client since 1.0 takes it as a message."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.together import Step
from workers.review.shapes.uses import uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change

MESSAGE = "mistralai.models.chat_completion.ChatMessage"
_FIELDS = frozenset({"role", "content", "name", "tool_calls", "tool_call_id"})


def messages(code: Code) -> Iterator[Step]:
    """Every message that is made, and everything else of its module."""
    for use in uses(code, "mistralai.models.chat_completion"):
        yield _message(code, use)


def _message(code: Code, use: Use) -> Step:
    site, (start, end) = use.site, use.site.span(use.node)
    call = site.around(use.node)[0]
    anchor = site.text(use.node)
    named = isinstance(call, ast.Call) and call.func is use.node and not call.args
    if use.dotted != MESSAGE or not named or not isinstance(call, ast.Call):
        return Step(site=site, start=start, anchor=anchor, why="it is used otherwise than by making a message")
    if any(one.arg not in _FIELDS for one in call.keywords) or _asked(code):
        return Step(site=site, start=start, anchor=anchor, why="messages are read, or have other fields")
    opening = site.source.index("(", end)
    changes: list[Change] = [(start, opening + 1, "{")]
    for one in call.keywords:
        at = site.span(one)[0]
        changes.append(
            (at, site.span(one.value)[0] if one.arg is None else _after(site.source, at, one.arg), f'"{one.arg}": ')
        )
    last = site.span(call)[1]
    changes.append((last - 1, last, "}"))
    return Step(site=site, start=start, anchor=anchor, changes=tuple((site, one) for one in changes))


def _after(source: str, at: int, name: str) -> int:
    """Where the value of a keyword begins, parentheses and all."""
    equals = source.index("=", at + len(name)) + 1
    return equals + len(source[equals:]) - len(source[equals:].lstrip())


def _asked(code: Code) -> bool:
    """Somewhere in the document a field is read of what may be such a message."""
    for site in code.sites:
        for node in site.nodes:
            match node:
                case ast.Attribute(value=value, attr="role" | "content", ctx=ast.Load()) if code.made_by(
                    value, site, frozenset({MESSAGE})
                ):
                    return True
                case ast.Attribute(value=ast.Subscript(value=ast.Name(id=name)), attr="role" | "content") if (
                    "messages" in name or name == "history"
                ):
                    return True
                case _:
                    pass
    return False
