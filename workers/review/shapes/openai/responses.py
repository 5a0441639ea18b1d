"""Chat Completions to Responses: the call, what is read of its answer, and the schemas of functions.

Parameters: https://platform.openai.com/docs/guides/migrate-to-responses. Whatever has no counterpart is left to a person.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.shape import Code, Hit, Mandate, renamed_keyword
from workers.review.shapes.targets import Target, target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_CLIENTS = frozenset(
    f"openai.{name}" for name in ("OpenAI", "AsyncOpenAI", "AzureOpenAI", "AsyncAzureOpenAI", "Client")
)
_RENAMED = {"messages": "input", "max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}
_KEPT = frozenset(
    {"model", "temperature", "top_p", "user", "metadata", "store", "timeout", "extra_headers", "service_tier"}
)
_PATH = ".chat.completions.create"


def completions(code: Code, mandate: Mandate) -> Iterator[tuple[Site, ast.Call]]:
    """Every `chat.completions.create` of an OpenAI client, or of a receiver the owner names."""
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(
                value=ast.Attribute(value=ast.Attribute(value=client, attr="chat"), attr="completions"), attr="create"
            ):
                named = isinstance(client, ast.Name) and client.id in mandate.receivers
                module = code.imports.dotted(client, site.cell) == "openai"
                if named or module or code.made_by(client, site, _CLIENTS):
                    yield site, call
            case _:
                pass


def find(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """Every call of Chat Completions."""
    for site, call in completions(code, mandate):
        start, _ = site.span(call)
        changes, unlock = _changes(code, site, call)
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(call.func),
            message="Chat Completions where the Responses API is preferred",
            fix="Call `responses.create(model=..., input=...)` and read `.output_text`.",
            changes=tuple(change for at, change in changes if at is site),
            elsewhere=tuple((at, change) for at, change in changes if at is not site),
            unlock=unlock,
            target="openai.OpenAI.responses",
            needs=_needs(code, site, call),
        )


def _needs(code: Code, site: Site, call: ast.Call) -> tuple[Target, ...]:
    """`responses` of the client, and that its `create` takes what it will be passed."""
    root = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    module = code.imports.dotted(root, site.cell)
    makers = sorted(code.makers(root, site) & _CLIENTS) or ["openai" if module == "openai" else "openai.OpenAI"]
    created = target(call, "openai.resources.responses.Responses.create", _RENAMED)
    names = [Target(call=Question(name=f"{maker}.responses")) for maker in makers]
    return (*names, replace(created, arguments_only=True))


def _changes(code: Code, site: Site, call: ast.Call) -> tuple[list[tuple[Site, Change]], str]:
    """The changes, or why there are none."""
    unknown = sorted({str(one.arg) for one in call.keywords if one.arg not in _RENAMED and one.arg not in _KEPT})
    if unknown or call.args:
        return [], f"No counterpart in the Responses API for {', '.join(unknown) or 'positional arguments'}."
    if "messages" not in {one.arg for one in call.keywords} or _structured(code):
        return [], "The messages hold more than text."
    read = _read(code, site, call)
    if read is None:
        return [], "The answer is read in a way that `output_text` does not cover."
    _, end = site.span(call.func)
    path = end - len(_PATH)
    if site.source[path:end] != _PATH:
        return [], "The call is written over several lines."
    changes: list[tuple[Site, Change]] = [(site, (path, end, ".responses.create"))]
    changes += [(site, renamed_keyword(site, one, _RENAMED[one.arg])) for one in call.keywords if one.arg in _RENAMED]
    return changes + read, ""


def _structured(code: Code) -> bool:
    """Messages with images, calls or their results somewhere in the document."""
    words = {"image_url", "input_audio", "tool_call_id", "tool_calls", "function_call"}
    return any(
        (isinstance(node, ast.Constant) and node.value in words)
        or (isinstance(node, ast.Attribute) and node.attr in words)
        for site in code.sites
        for node in site.nodes
    )


def _read(code: Code, site: Site, call: ast.Call) -> list[tuple[Site, Change]] | None:
    """The change of every place that reads the answer's text; None where it is read otherwise or goes elsewhere."""
    around = site.around(call)
    if around and isinstance(around[0], ast.Await):
        around = around[1:]
    direct = _text_of(around)
    if direct is not None:
        return [(site, _output_text(site, site.span(call)[1], direct))]
    match around:
        case [ast.Assign(targets=[ast.Name(id=name)], value=value), *_]:
            return _of_name(code, name, value, site.cell)
        case _:
            return None


def _of_name(code: Code, name: str, value: ast.expr, cell: int) -> list[tuple[Site, Change]] | None:
    # Two cells of the same text share one tree, so a node is known by its cell as well.
    changes: list[tuple[Site, Change]] = []
    for site in code.sites:
        for node in site.nodes:
            if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
                continue
            held = code.imports.assigned(node, site.cell)
            if held and all(one.value is not value or one.cell != cell for one in held):
                continue
            text = _text_of(site.around(node))
            if len(held) != 1 or text is None:
                return None
            changes.append((site, _output_text(site, site.span(node)[1], text)))
    return changes


def _text_of(around: tuple[ast.AST, ...]) -> ast.Attribute | None:
    """The `.choices[0].message.content` that is read of an expression, given what it stands in."""
    match around:
        case (
            ast.Attribute(attr="choices"),
            ast.Subscript(slice=ast.Constant(value=0)),
            ast.Attribute(attr="message"),
            ast.Attribute(attr="content", ctx=ast.Load()) as content,
            *_,
        ):
            return content
        case _:
            return None


def _output_text(site: Site, after: int, content: ast.Attribute) -> Change:
    return (after, site.span(content)[1], ".output_text")
