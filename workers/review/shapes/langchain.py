"""LangChain: `LLMChain(llm=..., prompt=...)` is `prompt | llm` with a parser, and its calls are `invoke`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Imported, Kinds, arguments, imports, parent, plain
from workers.review.shapes.shape import Code, Hit, Mandate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_CHAIN = "LLMChain"
_HOMES = frozenset(
    {"langchain", "langchain.chains", "langchain.chains.llm", "langchain_classic.chains", "langchain_classic"}
)
_PARSER = "StrOutputParser"
_PARSERS = "langchain_core.output_parsers"
_MODELS = {"langchain_core.language_models.BaseLLM": "", "langchain_core.language_models.BaseChatModel": ".content"}
"""Kind of model -> what its answer's text is read with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """One `LLMChain(...)`, and the changes of it and its uses; None where one of them cannot be followed."""

    site: Site
    call: ast.Call
    changes: tuple[tuple[Site, Change], ...] | None


def chains(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every `LLMChain` of a document."""
    kinds = Kinds(code)
    found = list(_chains(kinds))
    bound = [one for one in imports(kinds) if _is_chain(one.dotted)]
    known = sum(1 for one in bound for _ in kinds.loads(one.bound)) == len(found)
    mended = bool(bound) and known and kinds.complete and all(one.changes is not None for one in found)
    moved = _imported(kinds, bound) if mended else ()
    for one in found:
        start, _ = one.site.span(one.call)
        yield Hit(
            site=one.site,
            start=start,
            anchor=one.site.text(one.call.func),
            message="`LLMChain` gave way to `prompt | llm`",
            fix=f"Write `prompt | llm | {_PARSER}()` and call `invoke`.",
            elsewhere=(*(one.changes or ()), *moved) if moved else (),
            unlock="" if moved else "What it is made of, or a use of it, has no plain counterpart.",
            target=f"{_PARSERS}.{_PARSER}",
        )


def _is_chain(dotted: str) -> bool:
    home, _, name = dotted.rpartition(".")
    return name == _CHAIN and home in _HOMES


def _chains(kinds: Kinds) -> Iterator[_Chain]:
    for site, call in kinds.calls():
        if isinstance(call.func, ast.Name) and _is_chain(kinds.code.imports.dotted(call.func, site.cell) or ""):
            yield _Chain(site=site, call=call, changes=_changes(kinds, site, call))


def _changes(kinds: Kinds, site: Site, call: ast.Call) -> tuple[tuple[Site, Change], ...] | None:
    given = arguments(call, ("llm", "prompt", "verbose"))
    start, end = site.span(call)
    name = _name(site, call)
    if given is None or call.args or not {"llm", "prompt"} <= given.keys() or "#" in site.source[start:end] or not name:
        return None
    piped = f"{plain(site, given['prompt'])} | {plain(site, given['llm'])} | {_PARSER}()"
    told = [_invoked(where, node) if _holds(kinds, where, node, call) else None for where, node in kinds.loads(name)]
    if len(kinds.stores(name)) != 1 or any(one is None for one in told):
        return None
    return ((site, (start, end, piped)), *(each for one in told if one for each in one))


def _name(site: Site, call: ast.Call) -> str:
    match parent(site, call):
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is call:
            return name
        case _:
            return ""


def _holds(kinds: Kinds, site: Site, node: ast.Name, call: ast.Call) -> bool:
    """It is this chain and nothing else, no parameter of the same name."""
    values = kinds.code.imports.assigned(node, site.cell)
    return bool(values) and all(one.value is call for one in values)


def _invoked(site: Site, node: ast.Name) -> tuple[tuple[Site, Change], ...] | None:
    """`chain.run(x)`, `chain.predict(key=x)` and `chain(x)["text"]` as `chain.invoke(...)`."""
    method = parent(site, node)
    call = parent(site, method) if isinstance(method, ast.Attribute) else method
    if not isinstance(call, ast.Call):
        return None
    if call.func is node:
        return _answered(site, node, call)
    if not isinstance(method, ast.Attribute) or call.func is not method or method.attr not in {"run", "predict"}:
        return None
    asked = _asked(site, call)
    start, end = site.span(method)[1] - len(method.attr), site.span(call)[1]
    return ((site, (start, end, f"invoke({asked})")),) if asked else None


def _answered(site: Site, node: ast.Name, call: ast.Call) -> tuple[tuple[Site, Change], ...] | None:
    """The whole answer holds the inputs too; only its text is what the parser gives."""
    read = parent(site, call)
    match read:
        case ast.Subscript(value=value, slice=ast.Constant(value="text"), ctx=ast.Load()) if value is call:
            asked = _asked(site, call)
        case _:
            return None
    return ((site, (site.span(node)[1], site.span(read)[1], f".invoke({asked})")),) if asked else None


def _asked(site: Site, call: ast.Call) -> str:
    """The one argument of `invoke`; empty where there is none. A prompt with one variable takes its value alone."""
    match call:
        case ast.Call(args=[ast.Starred()]):
            return ""
        case ast.Call(args=[only], keywords=[]):
            return site.text(only)
        case ast.Call(args=[], keywords=[_, *_] as given) if all(one.arg and one.arg != "callbacks" for one in given):
            return "{" + ", ".join(f'"{one.arg}": {site.text(one.value)}' for one in given) + "}"
        case _:
            return ""


def _imported(kinds: Kinds, bound: list[Imported]) -> tuple[tuple[Site, Change], ...]:
    """The import of the chain's class gone, that of the parser made, once."""
    made: list[tuple[Site, Change]] = []
    for index, one in enumerate(bound):
        start, end = one.site.span(one.statement)
        if "#" in one.site.source[start:end] or not isinstance(one.statement, ast.ImportFrom):
            return ()
        rest = [one.site.text(alias) for alias in one.statement.names if alias is not one.alias]
        lines = [f"from {one.statement.module} import {', '.join(rest)}"] if rest else []
        if index == 0 and not kinds.binds(_PARSER):
            lines.append(f"from {_PARSERS} import {_PARSER}")
        if not lines:
            return ()
        indent = one.site.source[one.site.source.rfind("\n", 0, start) + 1 : start]
        made.append((one.site, (start, end, ("; " if indent.strip() else f"\n{indent}").join(lines))))
    return tuple(made)


def models(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`llm(text)` and `llm.predict(text)` are `llm.invoke(text)`; a chat model's answer is a message with `.content`."""
    kinds = Kinds(code)
    for site, call in kinds.calls():
        function = call.func
        named = isinstance(function, ast.Attribute) and function.attr in {"predict", "predict_messages"}
        model = function.value if named and isinstance(function, ast.Attribute) else function
        kind = kinds.of(model, site) if isinstance(model, ast.Name) else None
        if kind in _MODELS:
            yield _model(site, call, model, function, kind)


def _model(site: Site, call: ast.Call, model: ast.expr, function: ast.expr, kind: str) -> Hit:
    start, _ = site.span(call)
    _, after = site.span(model)
    _, end = site.span(function)
    _, stop = site.span(call)
    method = function.attr if isinstance(function, ast.Attribute) else ""
    one = len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred)
    read = _MODELS[kind] if method == "predict" else ""
    changes: tuple[Change, ...] = ((after, end, ".invoke"), (stop, stop, read)) if read else ((after, end, ".invoke"),)
    return Hit(
        site=site,
        start=start,
        anchor=site.text(function),
        message="Models are called with `invoke`",
        fix="Call `invoke`; the text of a chat model's answer is its `content`.",
        changes=changes if one else (),
        unlock="" if one else "It takes more than the one input.",
        target="langchain_core.language_models.BaseLanguageModel.invoke",
    )
