"""Safety settings: which of the old ways to write them the new client takes as they are."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads

if TYPE_CHECKING:
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

_CATEGORIES = frozenset(
    f"HARM_CATEGORY_{one}" for one in ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
)
_THRESHOLDS = frozenset({"BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE"})


def kept(code: Code, site: Site, value: ast.expr) -> bool:
    """A list of dictionaries of the API's own words, written out here or where its name is given them.

    The old client took short words (`"HARASSMENT"`) and one dictionary of all as well; the new one does not.
    """
    if isinstance(value, ast.List):
        return all(_setting(one) for one in value.elts)
    if not isinstance(value, ast.Name) or not all(_read(at, load) for at, load in loads(code, value.id)):
        return False
    held = code.imports.assigned(value, site.cell)
    return bool(held) and all(
        one.item is None and isinstance(one.value, ast.List) and all(map(_setting, one.value.elts)) for one in held
    )


def _setting(value: ast.expr) -> bool:
    match value:
        case ast.Dict(keys=[ast.Constant(value=first), ast.Constant(value=second)], values=[one, other]):
            told = {first: one, second: other}
        case _:
            return False
    return (
        told.keys() == {"category", "threshold"}
        and _word(told["category"]) in _CATEGORIES
        and _word(told["threshold"]) in _THRESHOLDS
    )


def _word(value: ast.expr) -> str:
    return value.value.upper() if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _read(site: Site, load: ast.Name) -> bool:
    """The name is handed on or shown, not changed."""
    match site.around(load)[0]:
        case ast.keyword(arg="safety_settings") | ast.Expr() | ast.Call(func=ast.Name(id="print" | "display" | "len")):
            return True
        case _:
            return False
