"""Settings of a model, of a call and of its request, as entries of one `config`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.genai.options import options
from workers.review.shapes.genai.safety import settings

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.sites import Site

SETTINGS = ("generation_config", "safety_settings", "request_options")
"""Keywords of a call that become entries."""
_KNOWN = frozenset(
    {
        "candidate_count",
        "stop_sequences",
        "max_output_tokens",
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "response_mime_type",
        "response_schema",
        "presence_penalty",
        "frequency_penalty",
        "response_logprobs",
        "logprobs",
    }
)
"""Fields of the old `GenerationConfig`: the new `GenerateContentConfig` has them all."""


def entries(plan: Plan, site: Site, given: ast.keyword) -> list[str] | None:
    """The entries that a keyword becomes; None where what it holds is not written out."""
    match given.arg, given.value:
        case "generation_config", value:
            return _generation(plan, site, value)
        case "system_instruction", value:
            return [f'"system_instruction": {site.text(value)}']
        case "safety_settings", value:
            safe = settings(plan, site, value)
            return [f'"safety_settings": {safe}'] if safe else None
        case "request_options", value:
            told = options(plan, site, value)
            return [f'"http_options": {told}'] if told else None
        case _:
            return None


def _generation(plan: Plan, site: Site, value: ast.expr) -> list[str] | None:
    match value:
        case ast.Dict() if written(value):
            told = zip(value.keys, value.values, strict=True)
            return [f"{site.text(key)}: {site.text(one)}" for key, one in told if key is not None]
        case ast.Call(keywords=named) if generation(value) and all(_plain(one.arg, one.value) for one in named):
            plan.spend(site, value.func)
            return [f'"{one.arg}": {site.text(one.value)}' for one in named]
        case ast.Name() if dictionary(plan, site, value):
            return [f"**{value.id}"]
        case _:
            return None


def generation(value: ast.expr) -> bool:
    """The value is a `GenerationConfig(...)` of keywords."""
    return isinstance(value, ast.Call) and _called(value.func) == "GenerationConfig" and not value.args


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else ""


def written(value: ast.Dict) -> bool:
    """A dictionary of settings that are written out and known."""
    keys = [one.value if isinstance(one, ast.Constant) else None for one in value.keys]
    return all(isinstance(key, str) and _plain(key, one) for key, one in zip(keys, value.values, strict=True))


def _plain(name: str | None, value: ast.expr) -> bool:
    """A known field; a schema that is put together by calls is of the old package's own classes."""
    return name in _KNOWN and not (name == "response_schema" and isinstance(value, ast.Call | ast.Dict))


def dictionary(plan: Plan, site: Site, name: ast.Name) -> bool:
    """All that the name may hold are dictionaries of settings."""
    held = plan.code.imports.assigned(name, site.cell)
    return bool(held) and all(
        one.item is None and isinstance(one.value, ast.Dict) and written(one.value) for one in held
    )


def settled(plan: Plan, name: str) -> bool:
    """The name is bound once in the document: what it holds may be meant by it wherever it is read."""
    bound = [
        node
        for site in plan.code.sites
        for node in site.nodes
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    return len(bound) == 1


def whole(plan: Plan, site: Site, given: list[ast.keyword]) -> str:
    """The name of the one object of settings that is given; empty where it is something else."""
    match [(one.arg, one.value) for one in given]:
        case [("generation_config", ast.Name(id=name) as value)] if settled(plan, name):
            held = plan.code.imports.assigned(value, site.cell)
            return name if held and all(one.item is None and generation(one.value) for one in held) else ""
        case _:
            return ""


def joined(plan: Plan, site: Site, given: list[ast.keyword], own: str = "") -> str | None:
    """All of them as one dictionary, after the entries of `own`, a dictionary or its name; None where one is not written out.

    Of settings of safety the old client took each category from the call or else from the model; the new one takes the last list.
    """
    if own in plan.objects or (own in plan.guarded and any(one.arg == "safety_settings" for one in given)):
        return None
    if not own and (name := whole(plan, site, given)):
        plan.objects.add(name)
        return name
    if not own and [one.arg for one in given] == ["generation_config"] and isinstance(given[0].value, ast.Dict):
        return site.text(given[0].value) if written(given[0].value) else None
    told = [entries(plan, site, one) for one in given]
    if any(one is None for one in told):
        return None
    before = own[1:-1] if own.startswith("{") else f"**{own}"
    parts = [*([before] if own else []), *(entry for one in told for entry in one or ())]
    if len(parts) == 1 and parts[0].startswith("**"):
        return parts[0].removeprefix("**")
    return f"{{{', '.join(parts)}}}"
