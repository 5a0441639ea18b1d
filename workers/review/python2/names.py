"""Names that Python 3 no longer has: builtins and attributes of the standard library."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.python2.site import Stale

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.python import ImportMap
    from workers.review.python2.site import Reading
    from workers.review.sites import Site

BUILTINS = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "unichr": "chr",
    "long": "int",
    "basestring": "str",
}
"""Removed builtins and the name that took their place."""

IMPORTED = {"reduce": "functools", "intern": "sys", "reload": "importlib"}
"""Removed builtins that live on in a module."""

ATTRIBUTES = {
    "itertools.izip": "zip",
    "itertools.imap": "map",
    "itertools.ifilter": "filter",
    "itertools.izip_longest": "itertools.zip_longest",
    "itertools.ifilterfalse": "itertools.filterfalse",
    "os.getcwdu": "os.getcwd",
    "string.letters": "string.ascii_letters",
    "string.lowercase": "string.ascii_lowercase",
    "string.uppercase": "string.ascii_uppercase",
    "string.maketrans": "str.maketrans",
    "sys.maxint": "sys.maxsize",
}
"""Removed attributes of the standard library: https://docs.python.org/3/whatsnew/3.0.html."""


LAST = frozenset(name.rpartition(".")[2] for name in ATTRIBUTES)
"""What removed attributes are called behind their last dot."""


def names(site: Reading, imports: ImportMap) -> Iterator[Stale]:
    """Every removed name that is read in the cell and that nothing in the document defines."""
    for node in site.unguarded:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in BUILTINS or name in IMPORTED:
                yield from () if imports.local(name, node, site.cell) else _builtin(node, site)
            case ast.Attribute(attr=name) if name in LAST:
                yield from _attribute(node, imports.dotted(node, site.cell) or "", site)
            case _:
                pass


def _builtin(node: ast.Name, site: Site) -> Iterator[Stale]:
    start, end = site.span(node)
    if node.id in BUILTINS:
        new = BUILTINS[node.id]
        yield Stale(name=node.id, start=start, end=end, changes=((start, end, new),), target=new)
    elif node.id in IMPORTED:
        module, first = IMPORTED[node.id], site.first()
        changes = ((first, first, f"from {module} import {node.id}\n"),)
        yield Stale(name=node.id, start=start, end=end, changes=changes, target=f"{module}.{node.id}")


def _attribute(node: ast.Attribute, dotted: str, site: Site) -> Iterator[Stale]:
    new = ATTRIBUTES.get(dotted)
    if new is None:
        return
    start, end = site.span(node)
    module = dotted.rpartition(".")[0]
    if new.startswith(f"{module}."):
        start = end - len(node.attr)
        new = new.removeprefix(f"{module}.")
    yield Stale(name=dotted, start=start, end=end, changes=((start, end, new),), target=ATTRIBUTES[dotted])
