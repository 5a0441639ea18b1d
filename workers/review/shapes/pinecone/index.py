"""Methods of an index take their arguments by name: `upsert(vectors=...)`, `query(vector=...)`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.knowledge.rule import reached, version
from workers.review.shapes.pinecone.half import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site

_FIRST = {
    "upsert": ("vectors", "namespace"),
    "query": ("vector",),
    "fetch": ("ids", "namespace"),
    "delete": ("ids",),
    "update": ("id", "values"),
}
_CLIENTS = frozenset({"pinecone.Pinecone"})
_BY_NAME = {"query": "3", "upsert": "10", "fetch": "10", "delete": "10", "update": "10"}
"""Since when a method takes nothing by its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A call of an index that passes arguments by their places."""

    site: Site
    call: ast.Call
    method: str
    changes: tuple[Change, ...]

    def fails(self, installed: str) -> bool:
        """The installed client refuses it."""
        return bool(installed) and reached(version(_BY_NAME[self.method]), version(installed))


def by_place(code: Code) -> Iterator[Placed]:
    """Every such call, with the names of what is passed."""
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(value=receiver, attr=method) if method in _FIRST and call.args:
                names = _FIRST[method]
                fits = len(call.args) <= len(names) and not any(isinstance(one, ast.Starred) for one in call.args)
                if fits and _index(code, receiver, site):
                    at = [site.span(one)[0] for one in call.args]
                    named = tuple((start, start, f"{name}=") for start, name in zip(at, names, strict=False))
                    yield Placed(site=site, call=call, method=method, changes=named)
            case _:
                pass


def _index(code: Code, node: ast.expr, site: Site) -> bool:
    """All that the expression may hold is an index of the package."""
    if isinstance(node, ast.Call):
        return _opens(code, node, site)
    held = code.imports.assigned(node, site.cell) if isinstance(node, ast.Name) else ()
    homes = {one.cell: one for one in code.sites}
    return bool(held) and all(
        one.item is None
        and one.cell in homes
        and isinstance(one.value, ast.Call)
        and _opens(code, one.value, homes[one.cell])
        for one in held
    )


def _opens(code: Code, call: ast.Call, site: Site) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id=name) as holder, attr="Index" | "GRPCIndex"):
            dotted = code.imports.dotted(holder, site.cell)
            unbound = name == PACKAGE and not code.imports.local(PACKAGE, holder, site.cell)
            return dotted == PACKAGE or unbound or code.made_by(holder, site, _CLIENTS)
        case ast.Attribute(value=ast.Name() as holder, attr="index"):
            return code.made_by(holder, site, _CLIENTS)
        case _:
            return False
