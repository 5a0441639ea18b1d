"""Safety settings: a list of dictionaries in the API's own words, which is all that the new client takes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.sites import Site

_CATEGORIES = {
    "HARASSMENT": "HARM_CATEGORY_HARASSMENT",
    "HATE": "HARM_CATEGORY_HATE_SPEECH",
    "HATE_SPEECH": "HARM_CATEGORY_HATE_SPEECH",
    "SEX": "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "SEXUAL": "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "SEXUALLY_EXPLICIT": "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "DANGER": "HARM_CATEGORY_DANGEROUS_CONTENT",
    "DANGEROUS": "HARM_CATEGORY_DANGEROUS_CONTENT",
    "DANGEROUS_CONTENT": "HARM_CATEGORY_DANGEROUS_CONTENT",
}
"""The short words that the old client took."""
_THRESHOLDS = {
    "LOW": "BLOCK_LOW_AND_ABOVE",
    "MED": "BLOCK_MEDIUM_AND_ABOVE",
    "MEDIUM": "BLOCK_MEDIUM_AND_ABOVE",
    "HIGH": "BLOCK_ONLY_HIGH",
    "NONE": "BLOCK_NONE",
}
_WORDS = {
    "HarmCategory": _CATEGORIES | {word: word for word in _CATEGORIES.values()},
    "HarmBlockThreshold": {word: word for word in _THRESHOLDS.values()}
    | {word: full for word, full in _THRESHOLDS.items() if word != "NONE"},
}
"""By the class that has them as well, under the same names before and after."""
_OLD = "google.generativeai.types"


def settings(plan: Plan, site: Site, value: ast.expr) -> str:
    """What is given instead; empty where it is not written out, or its name is read for something else."""
    if not isinstance(value, ast.Name):
        return _written(plan, site, value)
    held = plan.code.imports.assigned(value, site.cell)
    homes = {one.cell: one for one in plan.code.sites}
    if not held or not all(_read(at, load) for at, load in loads(plan.code, value.id)):
        return ""
    for one in held:
        home = homes.get(one.cell)
        made = _written(plan, home, one.value) if home is not None and one.item is None else ""
        if not made or home is None:
            return ""
        if isinstance(one.value, ast.Dict):
            plan.aside.append((home, (*home.span(one.value), made)))
    return value.id


def _written(plan: Plan, site: Site, value: ast.expr) -> str:
    if isinstance(value, ast.List):
        return site.text(value) if all(_setting(one) for one in value.elts) else ""
    if not isinstance(value, ast.Dict) or None in value.keys:
        return ""
    items: list[str] = []
    for key, one in zip(value.keys, value.values, strict=True):
        category = _word(plan, site, key, "HarmCategory")
        threshold = _word(plan, site, one, "HarmBlockThreshold")
        if not category or not threshold:
            return ""
        items.append(f'{{"category": {category}, "threshold": {threshold}}}')
    return _laid_out(site, value, items)


def _laid_out(site: Site, value: ast.Dict, items: list[str]) -> str:
    """A line for each where each had one."""
    text, first = site.text(value), next(filter(None, value.keys), None)
    if "\n" not in text or first is None:
        return f"[{', '.join(items)}]"
    start = site.span(first)[0]
    indent = site.source[site.source.rfind("\n", 0, start) + 1 : start]
    closing = text[text.rfind("\n") + 1 : -1]
    if indent.strip() or closing.strip():
        return f"[{', '.join(items)}]"
    lines = "".join(f"{indent}{one},\n" for one in items)
    return f"[\n{lines}{closing}]"


def _word(plan: Plan, site: Site, value: ast.expr | None, kind: str) -> str:
    """A word of the API as it will be written; empty for what is none."""
    match value:
        case ast.Constant(value=str(word)):
            return f'"{full}"' if (full := _WORDS[kind].get(word.upper())) else ""
        case ast.Attribute(attr=word) if word in _WORDS[kind].values():
            known = plan.code.imports.dotted(value, site.cell) == f"{_OLD}.{kind}.{word}"
            if known:
                plan.spend(site, value)
            return site.text(value) if known else ""
        case _:
            return ""


def _setting(value: ast.expr) -> bool:
    match value:
        case ast.Dict(keys=[ast.Constant(value=first), ast.Constant(value=second)], values=[one, other]):
            told = {first: one, second: other}
        case _:
            return False
    return told.keys() == {"category", "threshold"} and all(
        isinstance(one, ast.Constant) and str(one.value).upper() in _WORDS[kind].values()
        for one, kind in ((told["category"], "HarmCategory"), (told["threshold"], "HarmBlockThreshold"))
    )


def _read(site: Site, load: ast.Name) -> bool:
    """The name is handed on or shown, not changed."""
    match site.around(load)[0]:
        case ast.keyword(arg="safety_settings") | ast.Expr() | ast.Call(func=ast.Name(id="print" | "display" | "len")):
            return True
        case _:
            return False
