"""A message of the answer that goes back into the list of messages: the client takes its own messages there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads
from workers.review.shapes.openai.answers import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.review.shapes.following.values import Source
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site


def kept_in_messages(code: Code) -> Callable[[Source], bool]:
    """Whether a value is a message that is appended to a list which is only passed on as messages."""

    def keeps(source: Source) -> bool:
        match source.kind, source.site.around(source.node)[:1]:
            case kind, [ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"))] if kind is MESSAGE:
                return all(_passes(site, load) for site, load in loads(code, name))
            case _:
                return False

    return keeps


def _passes(site: Site, load: ast.Name) -> bool:
    """The list is passed on as messages, added to, or counted."""
    match site.around(load)[:2]:
        case [ast.keyword(arg="messages"), *_]:
            return True
        case [ast.Attribute(attr="append" | "extend"), ast.Call()]:
            return True
        case [ast.Call(func=ast.Name(id="print" | "len")), *_]:
            return True
        case _:
            return False
