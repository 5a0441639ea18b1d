"""What is read of an answer that calls a function, when functions become tools: a list of calls, answered by their ids.

https://platform.openai.com/docs/guides/function-calling
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.flow import follow
from workers.review.shapes.following.passes import harmless
from workers.review.shapes.following.values import Read, Source
from workers.review.shapes.openai.answers import CHAT
from workers.review.shapes.openai.messages import kept_in_messages
from workers.review.shapes.openai.place import CLIENTS
from workers.review.shapes.together import unfollowed, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_OLD = "function_call"
_ANSWERED = frozenset({"role", "name", "content"})


def answers(code: Code, takers: Sequence[tuple[Site, ast.Call]]) -> tuple[Changes, str]:
    """The changes of all that speaks of a called function, or why there are none."""
    if not all(_of_client(code, site, call) for site, call in takers):
        return (), "The answer's `function_call` is read: with tools it comes as a list of calls."
    sources = [Source(site=site, node=call, kind=CHAT) for site, call in takers]
    followed = follow(code, sources, kept_in_messages(code))
    read = [one for one in followed.reads if one.field == _OLD]
    if why := unfollowed(followed.lost):
        return (), f"The answer is not followed: {why}."
    made = [_read(one) for one in read]
    changes = [(one.site, change) for one, change in zip(read, made, strict=True) if change is not None]
    known = {(one.site.cell, id(one.outer)) for one in read}
    if len(changes) != len(read) or not _all_seen(code, known):
        return (), "The answer's `function_call` is read in a way that has no plain counterpart."
    given = [(site, one) for site, node in _replies(code) for one in _reply(code, site, node, read) or (None,)]
    replies = [(site, one) for site, one in given if one is not None]
    if len(replies) != len(given):
        return (), "Which call a function's result answers is not written out."
    return (*changes, *replies, *_reasons(code)), ""


def _of_client(code: Code, site: Site, call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(
            value=ast.Attribute(value=ast.Attribute(value=client, attr="chat"), attr="completions"), attr="create"
        ):
            return code.made_by(client, site, CLIENTS) and all(one.arg != "stream" for one in call.keywords)
        case _:
            return False


def _read(read: Read) -> Change | None:
    """`.function_call.name` is `.tool_calls[0].function.name`; whether there is one is asked of the list."""
    around = read.site.around(read.outer)
    if read.how != "attribute" or not written(read.site, read.outer):
        return None
    end = read.site.span(read.outer)[1]
    match around[0]:
        case ast.Attribute(attr="name" | "arguments"):
            return (end - len(_OLD), end, "tool_calls[0].function")
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return (end - len(_OLD), end, "tool_calls")
        case parent if harmless(parent, around) and not isinstance(parent, ast.Expr | ast.FormattedValue):
            return (end - len(_OLD), end, "tool_calls")
        case _:
            return None


def _all_seen(code: Code, known: set[tuple[int, int]]) -> bool:
    """Nothing in the document speaks of a called function but what was followed."""
    return all(
        (site.cell, id(node)) in known
        for site in code.sites
        for node in site.nodes
        if isinstance(node, ast.Attribute) and node.attr == _OLD
    ) and not any(
        isinstance(node, ast.Constant) and node.value == _OLD and not _compared(site, node)
        for site in code.sites
        for node in site.nodes
    )


def _compared(site: Site, node: ast.AST) -> bool:
    """`finish_reason == "function_call"`."""
    match site.around(node)[0]:
        case ast.Compare(left=ast.Attribute(attr="finish_reason"), ops=[ast.Eq() | ast.NotEq()]):
            return True
        case _:
            return False


def _reasons(code: Code) -> Iterator[tuple[Site, Change]]:
    for site in code.sites:
        for node in site.nodes:
            if isinstance(node, ast.Constant) and node.value == _OLD and _compared(site, node):
                start, end = site.span(node)
                yield site, (start, end, f"{site.source[start]}tool_calls{site.source[start]}")


def _replies(code: Code) -> Iterator[tuple[Site, ast.Dict]]:
    """Every message with a function's result."""
    for site in code.sites:
        for node in site.nodes:
            if isinstance(node, ast.Dict) and any(
                isinstance(key, ast.Constant)
                and key.value == "role"
                and isinstance(value, ast.Constant)
                and value.value == "function"
                for key, value in zip(node.keys, node.values, strict=True)
            ):
                yield site, node


def _reply(code: Code, site: Site, node: ast.Dict, read: list[Read]) -> tuple[Change, ...] | None:
    """The role and whom it answers: the one message whose call is read in the cell and that was put into the messages."""
    told = {
        key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }
    names = {one.base.id for one in read if one.site is site and isinstance(one.base, ast.Name)}
    if told.keys() != _ANSWERED or len(names) != 1:
        return None
    message = names.pop()
    if not any(_appends(call, message) for at, call in code.calls() if at is site):
        return None
    key = next(key for key in node.keys if isinstance(key, ast.Constant) and key.value == "name")
    start, end = site.span(told["role"])
    quote = site.source[start]
    first, last = site.span(key)[0], site.span(told["name"])[1]
    answered = f"{quote}tool_call_id{quote}: {message}.tool_calls[0].id"
    return ((start, end, f"{quote}tool{quote}"), (first, last, answered))


def _appends(call: ast.Call, message: str) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(attr="append"), args=[ast.Name(id=name)]):
            return name == message
        case _:
            return False
