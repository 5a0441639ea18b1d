"""What the client of a document is called, how its class is written, and how that is imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following import bound
from workers.review.shapes.pinecone import half
from workers.review.shapes.pinecone.spec import Home, home
from workers.review.shapes.together import free
from workers.review.shapes.uses import imports, line_end, position

if TYPE_CHECKING:
    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.shapes.uses import Use
    from workers.review.sites import Site

_MAKER = "Pinecone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the uses of a document are written anew."""

    name: str
    """Of the client."""
    maker: str
    """Its class, as it is written."""
    prefix: str
    """Before other classes of the package."""
    inits: tuple[Use, ...]
    """What becomes the client; empty where it is there already."""
    made: half.Client | None
    """The client that is there."""
    where: Home | str
    """Of new indexes."""
    kind: str
    """The class that says so; empty where the document needs none."""
    installed: str
    around: Changes = ()
    """The changes of imports."""
    why: str = ""
    """Why nothing can be moved."""

    def before(self, use: Use) -> bool:
        """The client is there when the use runs."""
        if self.made is not None:
            return self.made.before(use)
        first = self.inits[0] if self.inits else use
        return use.deferred or position(use.site, use.node) >= position(first.site, first.node)


def plan(code: Code, found: list[Use], installed: str) -> Plan:
    """How the uses that were found are to be written."""
    inits = tuple(use for use in found if use.dotted == "pinecone.init")
    made = half.client(code) if not inits else None
    where = home(code, inits, installed)
    makes = any(_makes_index(use) for use in found)
    kind = where.kind if makes and isinstance(where, Home) else ""
    why = "" if inits or made else "the client's key is not given in this document"
    written = _reference(code, found, kind) if not why else ("pinecone.Pinecone", "pinecone.", ())
    if isinstance(written, str):
        why, written = written, ("pinecone.Pinecone", "pinecone.", ())
    maker, prefix, around = written
    name = made.name if made else free(code, "pc", "pinecone_client")
    return Plan(
        name=name,
        maker=maker,
        prefix=prefix,
        inits=inits,
        made=made,
        where=where,
        kind=kind,
        installed=installed,
        around=around,
        why=why,
    )


def _makes_index(use: Use) -> bool:
    call = use.site.around(use.node)[0]
    told = call.keywords if isinstance(call, ast.Call) else []
    return use.dotted == "pinecone.create_index" and all(one.arg != "spec" for one in told)


def _reference(code: Code, found: list[Use], kind: str) -> tuple[str, str, Changes] | str:
    """How the class is written, what stands before the other classes, and the change of the import."""
    if any(half.nameless(code, use) for use in found):
        return _of_parts(code, found, kind)
    statements = list(imports(code, half.PACKAGE))
    at_top = [(site, one) for site, one in statements if isinstance(one, ast.Import) and one in site.tree.body]
    if not at_top:
        return "`pinecone` is not imported at the top"
    site, one = at_top[0]
    alias = next(alias for alias in one.names if alias.name.partition(".")[0] == half.PACKAGE)
    module = alias.asname or half.PACKAGE
    start, end = site.span(one)
    rest = site.source[end : line_end(site, end)].strip()
    plain = len(one.names) == 1 and alias.asname is None and alias.name == half.PACKAGE and len(statements) == 1
    # Cells that are written alike share their tree, so the cell tells them apart.
    roots = {(use.site.cell, id(use.root)) for use in found}
    others = any((at.cell, id(load)) not in roots for at, load in bound.loads(code, half.PACKAGE))
    taken = any(free(code, name) != name for name in (_MAKER, kind) if name)
    if not plain or others or taken or (rest and not rest.startswith("#")):
        return f"{module}.{_MAKER}", f"{module}.", ()
    names = ", ".join(filter(None, (_MAKER, kind)))
    return _MAKER, "", ((site, (start, end, f"from pinecone import {names}")),)


def _of_parts(code: Code, found: list[Use], kind: str) -> tuple[str, str, Changes] | str:
    """The same where only names of the package are imported: one more of them, beside the client's class."""
    inits = [use for use in found if use.dotted == "pinecone.init"]
    named = [code.imports.standing_for("pinecone.Pinecone", use.node, use.site.cell) for use in inits]
    if inits and (None in named or len(set(named)) > 1):
        return "the class of the client is not imported where it is needed"
    maker = next(filter(None, named), _MAKER)
    uses = [use for use in found if _makes_index(use)] if kind else []
    if not uses:
        return maker, "", ()
    told = {code.imports.standing_for(f"pinecone.{kind}", use.node, use.site.cell) for use in uses}
    if told == {kind}:
        return maker, "", ()
    at = _beside(code, uses)
    if at is None or free(code, kind) != kind:
        return f"`{kind}` is not imported where it is needed"
    site, end = at
    return maker, "", ((site, (end, end, f", {kind}")),)


def _beside(code: Code, needed: list[Use]) -> tuple[Site, int] | None:
    """Behind the last name of the first import that all of them come after."""
    for site, one in imports(code, half.PACKAGE):
        plain = isinstance(one, ast.ImportFrom) and one.module == half.PACKAGE and one in site.tree.body
        early = all(use.deferred or position(site, one) < position(use.site, use.node) for use in needed)
        if plain and early and any(alias.name == _MAKER for alias in one.names):
            return site, site.span(one.names[-1])[1]
    return None
