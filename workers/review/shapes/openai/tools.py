"""Legacy function schemas become tools: flat for the Responses API, nested where Chat Completions takes them."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.review.shapes.openai.tools_answers import answers
from workers.review.shapes.shape import Code, Hit, Mandate, keyword, renamed_keyword
from workers.review.shapes.targets import Target, target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site


_RENAMED = {"functions": "tools", "function_call": "tool_choice"}
_FLAT = "The call that takes these functions has to move to the Responses API first."
_OTHERS = frozenset({"anthropic", "boto3", "cohere", "google", "mistralai", "vertexai"})


def find(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """Every list of legacy function schemas, with the calls that take it."""
    if _foreign(code):
        return
    for site in code.sites:
        for node in site.nodes:
            match node:
                case ast.List(elts=[_, *_] as items) if all(_legacy(item) for item in items):
                    yield _hit(code, mandate, site, node)
                case _:
                    pass


def _legacy(item: ast.expr) -> bool:
    """A dictionary with a name and a JSON schema as parameters, and no type."""
    if not isinstance(item, ast.Dict) or not item.keys:
        return False
    entries = {
        key.value: value for key, value in zip(item.keys, item.values, strict=True) if isinstance(key, ast.Constant)
    }
    parameters = entries.get("parameters")
    if len(entries) != len(item.keys) or not entries.keys() <= {"name", "description", "parameters", "strict"}:
        return False
    return "name" in entries and isinstance(parameters, ast.Dict) and _is_schema(parameters)


def _is_schema(parameters: ast.Dict) -> bool:
    entries = {
        key.value: value
        for key, value in zip(parameters.keys, parameters.values, strict=True)
        if isinstance(key, ast.Constant)
    }
    match entries.get("type"):
        case ast.Constant(value="object"):
            return True
        case None:
            return "properties" in entries
        case _:
            return False  # other vendors write OBJECT


def _foreign(code: Code) -> bool:
    """The document speaks to another vendor alone, whose schemas have a form of their own."""
    roots = {
        name.partition(".")[0]
        for site in code.sites
        for node in site.nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    return bool(roots & _OTHERS) and "openai" not in roots


def _hit(code: Code, mandate: Mandate, site: Site, schemas: ast.List) -> Hit:
    start, _ = site.span(schemas)
    takers = list(_takers(code, site, schemas))
    nested = bool(takers) and not mandate.with_responses
    unlock, read = _unlock(code, takers, nested=nested)
    changes = [
        change for item in schemas.elts if isinstance(item, ast.Dict) for change in _typed(site, item, nested=nested)
    ]
    calls = [*((at, change) for at, call in takers for change in _call(at, call)), *read]
    return Hit(
        site=site,
        start=start,
        anchor=" ".join(_names(schemas)),
        message="Function schemas in the legacy form: current tools have a type",
        fix='Give each schema `"type": "function"`' + (" around its function." if nested else " beside its name."),
        changes=(*changes, *(change for at, change in calls if at is site)),
        elsewhere=tuple((at, change) for at, change in calls if at is not site),
        unlock=unlock,
        own=True,
        needs=tuple(_taken(call) for _, call in takers),
    )


def _taken(call: ast.Call) -> Target:
    """That the call takes the new keywords."""
    made = target(call, "openai.resources.chat.completions.Completions.create", _RENAMED)
    return replace(made, arguments_only=True)


def _names(schemas: ast.List) -> Iterator[str]:
    for item in schemas.elts:
        if isinstance(item, ast.Dict):
            for key, value in zip(item.keys, item.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "name" and isinstance(value, ast.Constant):
                    yield str(value.value)


def _takers(code: Code, site: Site, schemas: ast.List) -> Iterator[tuple[Site, ast.Call]]:
    """The calls that are handed the list as `functions`."""
    for at, call in code.calls():
        given = keyword(call, "functions")
        if given is None:
            continue
        held = code.imports.assigned(given.value, at.cell) if isinstance(given.value, ast.Name) else ()
        # Two cells of the same text share one tree, so a node is known by its cell as well.
        here = at is site and given.value is schemas
        if here or any(one.value is schemas and one.cell == site.cell for one in held):
            yield at, call


def _unlock(code: Code, takers: list[tuple[Site, ast.Call]], *, nested: bool) -> tuple[str, Changes]:
    """Why the schemas stay, and the changes of what is read of the answers."""
    if not takers:
        return "", ()
    if any(_mentions_function_call(node) for one in code.sites for node in one.nodes):
        changes, why = answers(code, takers)
        return why or ("" if nested else _FLAT), changes
    return ("" if nested else _FLAT), ()


def _mentions_function_call(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="function_call") | ast.Subscript(slice=ast.Constant(value="function_call")):
            return True
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value="function_call"), *_]):
            return True
        case _:
            return False


def _typed(site: Site, schema: ast.Dict, *, nested: bool) -> tuple[Change, ...]:
    """`"type": "function"` in the dictionary's own layout and quotes."""
    start, end = site.span(schema)
    first = next(key for key in schema.keys if key is not None)
    at, _ = site.span(first)
    quote = "'" if site.source[at] == "'" else '"'
    entry = f"{quote}type{quote}: {quote}function{quote}"
    if nested:
        return ((start, start, f"{{{entry}, {quote}function{quote}: "), (end, end, "}"))
    between = site.source[start + 1 : at]
    gap = between if "\n" in between and not between.strip() else " "
    return ((at, at, f"{entry},{gap}"),)


def _call(site: Site, call: ast.Call) -> Iterator[Change]:
    functions, choice = keyword(call, "functions"), keyword(call, "function_call")
    if functions is not None:
        yield renamed_keyword(site, functions, "tools")
    if choice is not None:
        yield renamed_keyword(site, choice, "tool_choice")
        if isinstance(choice.value, ast.Dict):
            start, end = site.span(choice.value)
            yield (start, start, '{"type": "function", "function": ')
            yield (end, end, "}")
