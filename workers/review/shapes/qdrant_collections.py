"""`recreate_collection(...)` is what its own warning says: is there one, then delete it, and create it.

https://github.com/qdrant/qdrant-client/blob/master/qdrant_client/qdrant_client.py
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.shape import Hit, keyword, renamed_method
from workers.review.shapes.targets import Target, target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Change, Site

_CLIENT = "qdrant_client.QdrantClient"
_CLIENTS = frozenset({_CLIENT, "qdrant_client.qdrant_client.QdrantClient"})
_OLD = "recreate_collection"


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every call of it on a client of the library."""
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(value=receiver, attr="recreate_collection") as function if code.made_by(
                receiver, site, _CLIENTS
            ):
                yield _hit(site, call, function)
            case _:
                pass


def _hit(site: Site, call: ast.Call, function: ast.Attribute) -> Hit:
    changes = _changes(site, call, function)
    told = isinstance(changes, str)
    return Hit(
        site=site,
        start=site.span(call)[0],
        anchor=site.text(function),
        message=f"`{_OLD}` is deprecated by the client itself",
        fix="Ask `collection_exists`, call `delete_collection` if so, and then `create_collection`.",
        changes=() if told else changes,
        unlock=changes if told else "",
        target=f"{_CLIENT}.create_collection",
        needs=(
            target(call, f"{_CLIENT}.create_collection"),
            Target(call=Question(name=f"{_CLIENT}.collection_exists")),
            Target(call=Question(name=f"{_CLIENT}.delete_collection")),
        ),
    )


def _changes(site: Site, call: ast.Call, function: ast.Attribute) -> tuple[Change, ...] | str:
    """A statement of its own becomes two; what is read of the answer, or said by a line with more on it, is left."""
    around = site.around(call)
    start, _ = site.span(call)
    line = site.source.rfind("\n", 0, start) + 1
    indent = site.source[line:start]
    if not around or not isinstance(around[0], ast.Expr) or indent.strip():
        return "it is no statement of its own"
    named = keyword(call, "collection_name")
    name = named.value if named is not None else call.args[0] if call.args else None
    if name is None or not _plain(name) or not _plain(function.value):
        return "what it is called with would be said twice"
    if len(call.args) > 1:
        return "its arguments are passed by their places"
    client, text = site.text(function.value), site.text(name)
    step = "\t" if "\t" in indent else "    "
    asked = f"if {client}.collection_exists({text}):\n{indent}{step}{client}.delete_collection({text})\n{indent}"
    return ((start, start, asked), renamed_method(site, function, "create_collection"))


def _plain(node: ast.expr) -> bool:
    """Saying it twice is saying it once."""
    return isinstance(node, ast.Constant | ast.Name) or (isinstance(node, ast.Attribute) and _plain(node.value))
