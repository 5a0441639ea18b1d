"""What a model of Gemini is given: bytes in a dictionary are a `Part`, and other dictionaries are left to a person."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads
from workers.review.shapes.genai.messages import conversation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_BYTES = frozenset({"read", "read_bytes", "getvalue", "getbuffer", "tobytes"})
"""Methods that hand out bytes: the old client took a text for base64, the new one for bytes."""
_GIVEN = frozenset({"contents", "content"})
_ASKED = frozenset({"generate_content", "count_tokens", "send_message"})
OTHERS = "what it is given is put together as dictionaries, which have another form"


def given(plan: Plan, site: Site, call: ast.Call) -> tuple[Changes, str]:
    """The changes of what a call is given, or why there are none."""
    changes: Changes = ()
    talks = isinstance(call.func, ast.Attribute) and call.func.attr != "send_message"
    for value in (*call.args, *(one.value for one in call.keywords if one.arg in _GIVEN)):
        said = conversation(plan, site, value) if talks and _messages(plan, site, value) else None
        if said is not None:
            changes = (*changes, *said)
            continue
        for one in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            part = _part(plan, site, one)
            if part is None:
                return (), OTHERS
            changes = (*changes, *part)
    return changes, ""


def _messages(plan: Plan, site: Site, value: ast.expr) -> bool:
    """It may be a list of messages."""
    if isinstance(value, ast.Name):
        return not _free(plan, site, value)
    return isinstance(value, ast.List) and bool(value.elts) and isinstance(value.elts[0], ast.Dict)


def _part(plan: Plan, site: Site, value: ast.expr) -> Changes | None:
    if isinstance(value, ast.Dict):
        return _bytes(plan, site, value)
    if isinstance(value, ast.Name):
        return _named(plan, site, value)
    names = [node for node in ast.walk(value) if isinstance(node, ast.Name)]
    plain = not any(isinstance(node, ast.Dict) for node in ast.walk(value))
    return () if plain and all(_free(plan, site, name) for name in names) else None


def _named(plan: Plan, site: Site, name: ast.Name) -> Changes | None:
    """A name's dictionaries where it is only handed to models; nothing to change where it holds none."""
    if _free(plan, site, name):
        return ()
    held = plan.code.imports.assigned(name, site.cell)
    homes = {one.cell: one for one in plan.code.sites}
    if not all(_handed(at, load) for at, load in loads(plan.code, name.id)):
        return None
    changes: Changes = ()
    for one in held:
        made = (
            _bytes(plan, homes[one.cell], one.value) if isinstance(one.value, ast.Dict) and one.cell in homes else None
        )
        if made is None or one.item is not None:
            return None
        changes = (*changes, *made)
    return changes


def _handed(site: Site, load: ast.Name) -> bool:
    """It is given to a model, by itself or in a list."""
    around = [one for one in site.around(load) if not isinstance(one, ast.List | ast.keyword)][:1]
    match around:
        case [ast.Call(func=ast.Attribute(attr=asked)) as call]:
            return asked in _ASKED and call.func is not load
        case _:
            return False


def _bytes(plan: Plan, site: Site, value: ast.Dict) -> Changes | None:
    """`{"mime_type": m, "data": b}` is `Part.from_bytes(data=b, mime_type=m)`."""
    keys = [one.value if isinstance(one, ast.Constant) else None for one in value.keys]
    types = plan.types(site, value)
    if sorted(map(str, keys)) != ["data", "mime_type"] or not types:
        return None
    told = dict(zip(keys, value.values, strict=True))
    if not _is_bytes(told["data"]):
        return None
    start, end = site.span(value)
    changes: list[Change] = [(start, start + 1, f"{types}.Part.from_bytes("), (end - 1, end, ")")]
    for key, one in zip(value.keys, value.values, strict=True):
        if isinstance(key, ast.Constant):
            changes.append((site.span(key)[0], site.span(one)[0], f"{key.value}="))
    return tuple((site, one) for one in changes)


def _is_bytes(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=bytes()):
            return True
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _BYTES
        case ast.Attribute(attr="content", value=ast.Call(func=ast.Attribute(attr="get"))):
            return True
        case _:
            return False


def _free(plan: Plan, site: Site, name: ast.Name) -> bool:
    """No dictionary is in what the name holds, or in what is put into it."""
    held = [one.value for one in plan.code.imports.assigned(name, site.cell)]
    added = [one for at, load in loads(plan.code, name.id) for one in _added(at.around(load)[:2])]
    return not any(isinstance(node, ast.Dict) for one in (*held, *added) for node in ast.walk(one))


def _added(around: tuple[ast.AST, ...]) -> Iterator[ast.expr]:
    match around:
        case [ast.Attribute(attr="append" | "extend" | "insert"), ast.Call(args=given)]:
            yield from given
        case [ast.AugAssign(value=value), *_]:
            yield value
        case _:
            pass
