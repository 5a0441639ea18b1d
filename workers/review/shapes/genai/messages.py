"""A conversation as a list of dictionaries: its texts are dictionaries themselves for the new client."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads
from workers.review.shapes.genai.texts import textual

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_ROLES = frozenset({"user", "model"})
_ASKED = frozenset({"generate_content", "count_tokens"})
_KEYWORDS = frozenset({"contents", "history"})
_SHOWN = frozenset({"print", "display", "len", "pprint"})


def conversation(plan: Plan, site: Site, value: ast.expr) -> Changes | None:
    """The changes of `[{"role": "user", "parts": ["text"]}]`, written out or by name; None where it is not seen as a whole."""
    if isinstance(value, ast.List):
        return _all(plan, [(site, one) for one in value.elts])
    if not isinstance(value, ast.Name):
        return None
    homes = {one.cell: one for one in plan.code.sites}
    items: list[tuple[Site, ast.expr]] = []
    held = plan.code.imports.assigned(value, site.cell)
    for one in held:
        if not isinstance(one.value, ast.List) or one.item is not None or one.cell not in homes:
            return None
        items += [(homes[one.cell], item) for item in one.value.elts]
    for at, load in loads(plan.code, value.id):
        put = _put(at, load)
        if put is None:
            return None
        items += [(at, item) for item in put]
    return _all(plan, items) if held else None


def _put(site: Site, load: ast.Name) -> list[ast.expr] | None:
    """What is put into the conversation where its name is read; None where something else is done with it."""
    match site.around(load)[:2]:
        case [ast.Attribute(attr="append"), ast.Call(args=[item], keywords=[])]:
            return [item]
        case [ast.keyword(arg=name), *_]:
            return [] if name in _KEYWORDS else None
        case [ast.Call(func=ast.Attribute(attr=asked)) as call, *_] if call.func is not load:
            return [] if asked in _ASKED else None
        case [ast.Call(func=ast.Name(id=shown)), *_]:
            return [] if shown in _SHOWN else None
        case [ast.Expr(), *_]:
            return []
        case _:
            return None


def _all(plan: Plan, items: list[tuple[Site, ast.expr]]) -> Changes | None:
    changes: Changes = ()
    for site, item in items:
        made = _message(plan, site, item)
        if made is None:
            return None
        changes = (*changes, *made)
    return changes


def _message(plan: Plan, site: Site, item: ast.expr) -> Changes | None:
    """One message: `candidate.content` of an answer is one already."""
    if isinstance(item, ast.Attribute):
        return () if item.attr == "content" else None
    if not isinstance(item, ast.Dict):
        return None
    told = {
        one.value: value for one, value in zip(item.keys, item.values, strict=True) if isinstance(one, ast.Constant)
    }
    role, parts = told.get("role"), told.get("parts")
    if len(item.keys) != 2 or parts is None or not isinstance(role, ast.Constant) or role.value not in _ROLES:  # noqa: PLR2004 - role and parts
        return None
    if not isinstance(parts, ast.List):
        return _wrapped(plan, site, parts, "[{", "}]")
    made = [_wrapped(plan, site, one, "{", "}") for one in parts.elts]
    return tuple(change for one in made for change in one or ()) if None not in made else None


def _wrapped(plan: Plan, site: Site, part: ast.expr, opening: str, closing: str) -> Changes | None:
    """A text as the dictionary of one; a dictionary of one as it is."""
    match part:
        case ast.Dict(keys=[ast.Constant(value="text")]) if opening == "{":
            return ()
        case ast.Attribute(attr="text"):
            pass
        case _ if not textual(plan.code, site, part):
            return None
        case _:
            pass
    start, end = site.span(part)
    changes: tuple[Change, ...] = ((start, start, f'{opening}"text": '), (end, end, closing))
    return tuple((site, one) for one in changes)
