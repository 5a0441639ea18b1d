"""`openai.error.X` is `openai.Y`: https://github.com/openai/openai-python/discussions/742."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import reads_of
from workers.review.shapes.together import Step
from workers.review.shapes.uses import imports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change, Site

PREFIX = "openai.error."
_NEW = {
    "APIConnectionError": "APIConnectionError",
    "APIError": "APIError",
    "AuthenticationError": "AuthenticationError",
    "InvalidRequestError": "BadRequestError",
    "OpenAIError": "OpenAIError",
    "PermissionError": "PermissionDeniedError",
    "RateLimitError": "RateLimitError",
    "ServiceUnavailableError": "InternalServerError",
    "Timeout": "APITimeoutError",
}
_GONE = frozenset({"user_message", "json_body", "http_body", "headers", "error", "should_retry"})


def steps(code: Code, found: tuple[Use, ...]) -> Iterator[Step]:
    """Every error class that is named, and every import of one."""
    for use in found:
        if use.dotted.startswith(PREFIX) and isinstance(use.node, ast.Attribute):
            yield _named(code, use)
    for site, statement in imports(code, "openai"):
        yield from _imported(site, statement)
    for site, handler in _handlers(code):
        yield from _read(site, handler)


def _named(code: Code, use: Use) -> Step:
    site, (start, end) = use.site, use.site.span(use.node)
    last = use.dotted.removeprefix(PREFIX)
    new = _successor(code, use, last)
    if new is None or code.imports.dotted(use.root, site.cell) != "openai":
        return Step(site=site, start=start, anchor=site.text(use.node), why="it has no counterpart under this name")
    after = site.span(use.root)[1]
    return Step(site=site, start=start, anchor=site.text(use.node), changes=((site, (after, end, f".{new}")),))


def _successor(code: Code, use: Use, last: str) -> str | None:
    """The class of the same errors. `APIError` became the base of most: before other handlers it would take what is theirs."""
    if last == "APIError" and _first_of_several(code, use):
        return "InternalServerError"
    return _NEW.get(last)


def _first_of_several(code: Code, use: Use) -> bool:
    around = use.site.around(use.node)
    handler = next((one for one in around if isinstance(one, ast.ExceptHandler)), None)
    whole = next((one for one in around if isinstance(one, ast.Try)), None)
    if handler is None or whole is None or handler not in whole.handlers:
        return False
    later = whole.handlers[whole.handlers.index(handler) + 1 :]
    return any(_openai(code, use.site, one) for one in later)


def _openai(code: Code, site: Site, handler: ast.ExceptHandler) -> bool:
    caught = list(ast.walk(handler.type)) if handler.type is not None else []
    return any((code.imports.dotted(one, site.cell) or "").startswith("openai.") for one in caught)


def _imported(site: Site, statement: ast.Import | ast.ImportFrom) -> Iterator[Step]:
    start = site.span(statement)[0]
    text = site.text(statement)
    match statement:
        case ast.ImportFrom(module="openai.error", names=names):
            at = text.find("openai.error")
            changes: list[Change] = [(start + at, start + at + len("openai.error"), "openai")]
            changes += [one for alias in names for one in _alias(site, alias)]
            unknown = [alias.name for alias in names if alias.name not in _NEW]
            why = f"{', '.join(unknown)} has no counterpart" if unknown else ""
            yield Step(site=site, start=start, anchor=text, changes=tuple((site, one) for one in changes), why=why)
        case ast.ImportFrom(module="openai", names=names) if any(alias.name == "error" for alias in names):
            yield Step(site=site, start=start, anchor=text, why="the module `openai.error` has no counterpart")
        case ast.Import(names=names):
            for alias in names:
                if alias.name == "openai.error":
                    at = site.span(alias)
                    why = "its errors go by another name" if alias.asname else ""
                    yield Step(site=site, start=at[0], anchor=alias.name, changes=((site, (*at, "openai")),), why=why)
        case _:
            pass


def _alias(site: Site, alias: ast.alias) -> Iterator[Change]:
    new = _NEW.get(alias.name, alias.name)
    if new != alias.name:
        start, end = site.span(alias)
        yield (start, end, f"{new} as {alias.asname or alias.name}")


def _handlers(code: Code) -> Iterator[tuple[Site, ast.ExceptHandler]]:
    for site in code.sites:
        for node in site.nodes:
            if isinstance(node, ast.ExceptHandler) and node.name and node.type is not None:
                caught = (code.imports.dotted(one, site.cell) or "" for one in ast.walk(node.type))
                if any(name.startswith(PREFIX) for name in caught):
                    yield site, node


def _read(site: Site, handler: ast.ExceptHandler) -> Iterator[Step]:
    """What is read of an error that was caught."""
    for load in reads_of(site, handler.body, handler.name or ""):
        match site.around(load)[0]:
            case ast.Attribute(attr="http_status") as attribute:
                start, end = site.span(attribute)
                change = (end - len("http_status"), end, "status_code")
                yield Step(site=site, start=start, anchor=site.text(attribute), changes=((site, change),))
            case ast.Attribute(attr=name) as attribute if name in _GONE:
                text = site.text(attribute)
                yield Step(site=site, start=site.span(attribute)[0], anchor=text, why="errors no longer have it")
            case _:
                pass
