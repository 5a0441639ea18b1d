"""`request_options` of a call: its time and its retries, as `HttpOptions`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.sites import Site

_RETRY = "google.api_core.retry"
_DELAYS = {"initial": "initial_delay", "maximum": "max_delay", "multiplier": "exp_base"}
"""Arguments of google.api_core's `Retry` that the new client has as well."""


def options(plan: Plan, site: Site, value: ast.expr) -> str:
    """What becomes of the options; empty where that is not written out."""
    told = _told(plan, site, value)
    types = plan.types(site, value)
    if not told:
        return ""
    made: list[tuple[str, str]] = []
    for name, one in told.items():
        match name, one:
            case "timeout", ast.Constant(value=int(seconds) | float(seconds)) if seconds > 0:
                made.append(("timeout", str(round(seconds * 1000))))
            case "retry", ast.Call() if types and (retries := _retries(plan, site, one, types)):
                made.append(("retry_options", retries))
            case _:
                return ""
    if types:
        return f"{types}.HttpOptions({', '.join(f'{name}={text}' for name, text in made)})"
    listed = ", ".join(f'"{name}": {text}' for name, text in made)
    return f"{{{listed}}}"


def _told(plan: Plan, site: Site, value: ast.expr) -> dict[str, ast.expr]:
    match value:
        case ast.Dict(keys=keys, values=values):
            named = [one.value if isinstance(one, ast.Constant) else None for one in keys]
            told = {name: one for name, one in zip(named, values, strict=True) if isinstance(name, str)}
            return told if len(told) == len(keys) else {}
        case ast.Call(func=ast.Attribute(attr="RequestOptions") as function, args=[], keywords=given) if all(
            one.arg for one in given
        ):
            plan.spend(site, function)
            return {str(one.arg): one.value for one in given}
        case _:
            return {}


def _retries(plan: Plan, site: Site, call: ast.Call, types: str) -> str:
    """`retry.Retry(initial=2)` as the client's own; empty where it is told what has no counterpart."""
    if plan.code.imports.dotted(call.func, site.cell) not in {f"{_RETRY}.Retry", f"{_RETRY}.retry_unary.Retry"}:
        return ""
    if call.args or not {one.arg for one in call.keywords} <= _DELAYS.keys():
        return ""
    root: ast.expr = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    plan.retries.add((site.cell, id(root)))
    told = ", ".join(f"{_DELAYS[one.arg or '']}={site.text(one.value)}" for one in call.keywords)
    return f"{types}.HttpRetryOptions({told})"
