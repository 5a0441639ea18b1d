"""A file of google.generativeai that a name holds: its own methods are the client's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.together import Changes
    from workers.review.sites import Site

_GONE = frozenset({"to_dict", "to_proto"})


def asked(plan: Plan, site: Site, made: ast.Call) -> tuple[Changes, str]:
    """`file.delete()` is `client.files.delete(name=file.name)`; or why a file of the call has no counterpart."""
    changes: Changes = ()
    match site.around(made)[0]:
        case ast.Assign(targets=[ast.Name(id=name)]):
            pass
        case _:
            return (), ""
    for at, load in loads(plan.code, name):
        if not any(one.value is made for one in plan.code.imports.assigned(load, at.cell)):
            continue
        match at.around(load)[:2]:
            case [ast.Attribute(attr="delete"), ast.Call(args=[], keywords=[]) as call]:
                change = (*at.span(call), f"{plan.client}.files.delete(name={name}.name)")
                changes = (*changes, (at, change))
            case [ast.Attribute(attr=method), *_] if method in _GONE:
                return (), f"`{name}.{method}` has no counterpart"
            case _:
                pass
    return changes, ""
