"""Methods of an index take their arguments by name: `upsert(vectors=...)`, `query(vector=...)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site

_FIRST = {"upsert": ("vectors", "namespace"), "query": ("vector",), "fetch": ("ids", "namespace"), "delete": ("ids",)}
_INDEXES = frozenset({"pinecone.Index"})


def named_arguments(code: Code) -> Iterator[tuple[Site, Change]]:
    """The names of what is passed to an index of the module by position."""
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(value=receiver, attr=method) if method in _FIRST and call.args:
                if len(call.args) <= len(_FIRST[method]) and code.made_by(receiver, site, _INDEXES):
                    yield from _named(site, call, _FIRST[method])
            case _:
                pass


def _named(site: Site, call: ast.Call, names: tuple[str, ...]) -> Iterator[tuple[Site, Change]]:
    for name, one in zip(names, call.args, strict=False):
        if not isinstance(one, ast.Starred):
            at = site.span(one)[0]
            yield site, (at, at, f"{name}=")
