"""`StringIO.StringIO` held whatever a string held: text is `io.StringIO` now, bytes are `io.BytesIO`.

https://docs.python.org/3/whatsnew/3.0.html#text-vs-data-instead-of-unicode-vs-8-bit
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.python import ImportMap
    from workers.review.python2.site import Mended
    from workers.review.sites import Change, Site

MODULES = frozenset({"StringIO", "cStringIO"})
_OLD = "StringIO"
_NEW = "BytesIO"
_TAKE_BYTES = frozenset(
    {
        "PIL.Image.open",
        "gzip.GzipFile",
        "matplotlib.pyplot.imread",
        "matplotlib.image.imread",
        "numpy.load",
        "pandas.ExcelFile",
        "pandas.read_excel",
        "pandas.read_stata",
        "scipy.io.loadmat",
        "tarfile.open",
        "zipfile.ZipFile",
    }
)
_TAKE_TEXT = frozenset({"csv.reader", "csv.DictReader"})
_GIVE_BYTES = frozenset({"base64.b64decode", "base64.urlsafe_b64decode", "zlib.decompress", "bz2.decompress"})
_OPENED = frozenset({"urllib2.urlopen", "urllib.urlopen", "urllib.request.urlopen"})
_ANSWERS = frozenset(f"requests.{verb}" for verb in ("get", "post", "put", "request"))
_DEPTH = 4
"""How far a name is followed to what it was assigned."""


@dataclass(frozen=True)
class Buffers:
    """The calls of the class in one document."""

    mended: Mended

    @property
    def imports(self) -> ImportMap:
        """Of the document."""
        return self.mended.imports

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """The cells that name the class."""
        return tuple(self.mended.of(_OLD))

    @cached_property
    def _uses(self) -> tuple[tuple[Site, ast.expr, bool], ...]:
        """Every place that names the class, and whether it makes a buffer for bytes; none where an import brings more."""
        statements = (node for site in self.sites for node in ast.walk(site.tree) if isinstance(node, ast.ImportFrom))
        if any(one.module in MODULES and not _plain(one) for one in statements):
            return ()
        return tuple(
            (site, node, self._for_bytes(site, node))
            for site in self.sites
            for node in ast.walk(site.tree)
            if isinstance(node, ast.Name | ast.Attribute) and self._is_class(node, site.cell)
        )

    def _is_class(self, node: ast.Name | ast.Attribute, cell: int) -> bool:
        name = node.id if isinstance(node, ast.Name) else node.attr
        return name == _OLD and (self.imports.dotted(node, cell) or "") in {f"{module}.{_OLD}" for module in MODULES}

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The classes that the document needs: of text unless all that it makes are for bytes."""
        told = {bytes_ for _, _, bytes_ in self._uses}
        return (*((_NEW,) if True in told else ()), *((_OLD,) if told != {True} else ()))

    def changes(self) -> Iterator[tuple[int, Change]]:
        """The class's name where a buffer is for bytes."""
        for site, node, bytes_ in self._uses:
            if bytes_:
                _, end = site.span(node)
                yield site.cell, (end - len(_OLD), end, _NEW)

    def _for_bytes(self, site: Site, node: ast.expr) -> bool:
        match site.around(node)[:2]:
            case (ast.Call(func=function, args=args, keywords=[]) as call, outer) if function is node:
                takes = self._taker(site, outer, call)
                if takes in _TAKE_BYTES:
                    return True
                return takes not in _TAKE_TEXT and len(args) == 1 and self._bytes(args[0], site.cell, _DEPTH)
            case _:
                return False

    def _taker(self, site: Site, outer: ast.AST, call: ast.Call) -> str:
        """The dotted name of what is handed the buffer itself."""
        if isinstance(outer, ast.keyword) and outer.arg == "fileobj":
            outer = site.around(outer)[0]
        elif not isinstance(outer, ast.Call) or outer.args[:1] != [call]:
            return ""
        return self.imports.dotted(outer.func, site.cell) or "" if isinstance(outer, ast.Call) else ""

    def _bytes(self, value: ast.expr, cell: int, depth: int) -> bool:
        """It is bytes in Python 3, for certain."""
        match value:
            case ast.Constant(value=told):
                return isinstance(told, bytes)
            case ast.Name() if depth:
                held = self.imports.assigned(value, cell)
                return bool(held) and all(
                    one.item is None and self._bytes(one.value, one.cell, depth - 1) for one in held
                )
            case ast.Attribute(value=base, attr="content"):
                return self._made(base, cell, _ANSWERS)
            case ast.Call():
                return self._given(value, cell)
            case _:
                return False

    def _given(self, call: ast.Call, cell: int) -> bool:
        """The call gives bytes."""
        match call.func:
            case ast.Attribute(value=base, attr="read"):
                archive = self._made(base, cell, _OPENED | {"zipfile.ZipFile"})
                return archive or (not call.args and self._binary_file(base, cell))
            case function:
                return self.imports.dotted(function, cell) in _GIVE_BYTES

    def _made(self, value: ast.expr, cell: int, makers: frozenset[str]) -> bool:
        calls = self._calls(value, cell)
        return bool(calls) and all(self.imports.dotted(one.func, at) in makers for one, at in calls)

    def _binary_file(self, value: ast.expr, cell: int) -> bool:
        calls = self._calls(value, cell)
        return bool(calls) and all(_opens_bytes(one) and not self.imports.local("open", one, at) for one, at in calls)

    def _calls(self, value: ast.expr, cell: int) -> list[tuple[ast.Call, int]]:
        """The calls that may have made a value; empty where it may have come otherwise."""
        if isinstance(value, ast.Call):
            return [(value, cell)]
        held = self.imports.assigned(value, cell) if isinstance(value, ast.Name) else ()
        made = [(one.value, one.cell) for one in held if one.item is None and isinstance(one.value, ast.Call)]
        return made if len(made) == len(held) else []


def _plain(statement: ast.ImportFrom) -> bool:
    return [(alias.name, alias.asname) for alias in statement.names] == [(_OLD, None)]


def _opens_bytes(call: ast.Call) -> bool:
    match call:
        case ast.Call(func=ast.Name(id="open"), args=[_, ast.Constant(value=str(mode)), *_]):
            return "b" in mode
        case _:
            return False


def imported(site: Site, node: ast.ImportFrom, buffers: Buffers) -> Change | None:
    """`from StringIO import StringIO` as the import of the classes that are needed; None for what imports otherwise."""
    if not _plain(node) or _NEW not in buffers.kinds:
        return None
    start, end = site.span(node)
    return (start, end, f"from io import {', '.join(buffers.kinds)}")
