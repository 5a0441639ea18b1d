"""Settings of a model, of a call and of its request, as entries of one `config`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.review.sites import Site

SETTINGS = ("generation_config", "safety_settings", "request_options")
"""Keywords of a call that become entries."""


def entries(site: Site, given: ast.keyword) -> list[str] | None:
    """The entries that a keyword becomes; None where what it holds is not written out."""
    value = given.value
    match given.arg, value:
        case "generation_config", ast.Dict():
            inner = site.text(value)[1:-1].strip().rstrip(",")
            return [inner] if inner else []
        case "generation_config", ast.Call(func=ast.Attribute(attr="GenerationConfig"), args=[], keywords=told) if all(
            one.arg for one in told
        ):
            return [f'"{one.arg}": {site.text(one.value)}' for one in told]
        case ("system_instruction", _) | ("safety_settings", ast.List()):
            return [f'"{given.arg}": {site.text(value)}']
        case "request_options", ast.Dict(
            keys=[ast.Constant(value="timeout")], values=[ast.Constant(value=int(seconds))]
        ):
            return [f'"http_options": {{"timeout": {seconds * 1000}}}']
        case _:
            return None


def joined(site: Site, given: list[ast.keyword], own: str = "") -> str | None:
    """All of them as one dictionary, after the entries of one that goes by a name; None where one is not written out."""
    told = [entries(site, one) for one in given]
    if any(one is None for one in told):
        return None
    parts = [*([f"**{own}"] if own else []), *(entry for one in told for entry in one or ())]
    return f"{{{', '.join(parts)}}}"
