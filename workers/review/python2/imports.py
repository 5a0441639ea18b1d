"""Modules of the standard library that moved: the import and every use of what it bound, in one go."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers.documents.python import of_kind
from workers.review.python2 import buffers
from workers.review.python2.buffers import Buffers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.documents.python import ImportMap
    from workers.review.python2.site import Mended, Reading
    from workers.review.sites import Change, Site

MODULES = {
    "BaseHTTPServer": "http.server",
    "ConfigParser": "configparser",
    "Cookie": "http.cookies",
    "HTMLParser": "html.parser",
    "Queue": "queue",
    "SimpleHTTPServer": "http.server",
    "SocketServer": "socketserver",
    "StringIO": "io",
    "Tkinter": "tkinter",
    "__builtin__": "builtins",
    "anydbm": "dbm",
    "cPickle": "pickle",
    "cStringIO": "io",
    "commands": "subprocess",
    "cookielib": "http.cookiejar",
    "copy_reg": "copyreg",
    "htmlentitydefs": "html.entities",
    "httplib": "http.client",
    "thread": "_thread",
    "tkFileDialog": "tkinter.filedialog",
    "tkMessageBox": "tkinter.messagebox",
    "tkSimpleDialog": "tkinter.simpledialog",
    "ttk": "tkinter.ttk",
    "urlparse": "urllib.parse",
    "xmlrpclib": "xmlrpc.client",
}
"""Renamed modules: https://peps.python.org/pep-3108/."""
_TAKEN_APART = frozenset({"urllib", "urllib2"})
WORDS = frozenset({*MODULES, *_TAKEN_APART})
"""Modules whose import is stale, or may be."""

_PARSE = ("quote", "quote_plus", "unquote", "unquote_plus", "urlencode")
_REQUEST = (
    "FancyURLopener",
    "FileHandler",
    "HTTPBasicAuthHandler",
    "HTTPCookieProcessor",
    "HTTPHandler",
    "HTTPPasswordMgrWithDefaultRealm",
    "HTTPRedirectHandler",
    "HTTPSHandler",
    "OpenerDirector",
    "ProxyHandler",
    "Request",
    "URLopener",
    "build_opener",
    "install_opener",
    "pathname2url",
    "url2pathname",
    "urlcleanup",
    "urlopen",
    "urlretrieve",
)
_ERROR = ("ContentTooShortError", "HTTPError", "URLError")
SPLIT: dict[str, str] = {
    name: module
    for module, names in {"urllib.parse": _PARSE, "urllib.request": _REQUEST, "urllib.error": _ERROR}.items()
    for name in names
}
"""What urllib and urllib2 held, and the module that holds it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An import of a moved module; changes are (cell, change), in mended sources."""

    name: str
    cell: int
    start: int
    end: int
    changes: tuple[tuple[int, Change], ...]
    target: str


def moved(sites: Iterable[Reading], mended: Mended) -> Iterator[Moved]:
    """Every import of a moved module that stands in `sites`, with its uses in the whole document."""
    done: set[tuple[int, Change]] = set()
    for move in _moves(sites, mended):
        # A module imported twice: its uses are renamed by the first finding alone.
        yield replace(move, changes=tuple(change for change in move.changes if change not in done))
        done.update(move.changes)


def _moves(sites: Iterable[Reading], mended: Mended) -> Iterator[Moved]:
    held = Buffers(mended)
    for site in sites:
        for node in site.unguarded:
            match node:
                case ast.Import():
                    for alias in node.names:
                        for one in _import(alias, site, mended):
                            yield _with_bytes(one, held) if one.name in buffers.MODULES else one
                case ast.ImportFrom(module=str(module), level=0) if module in buffers.MODULES:
                    yield from (_with_bytes(one, held) for one in _from(node, module, site, held))
                case ast.ImportFrom(module=str(module), level=0):
                    yield from _from(node, module, site, held)
                case _:
                    pass


def _with_bytes(move: Moved, held: Buffers) -> Moved:
    """Buffers for bytes are of another class."""
    return replace(move, changes=(*move.changes, *held.changes()))


def _import(alias: ast.alias, site: Site, mended: Mended) -> Iterator[Moved]:
    start, end = site.span(alias)
    new = MODULES.get(alias.name)
    made: list[tuple[int, Change]] = []
    if alias.name in _TAKEN_APART and not alias.asname:
        found = list(_split(alias.name, mended))
        modules = sorted({module for module, _, _ in found})
        if not found and alias.name == "urllib":
            return
        new = ", ".join(modules or ["urllib.request"])
        made = [(cell, change) for _, cell, change in found]
    elif new is not None and not alias.asname:
        uses = [
            (other.cell, other.span(node))
            for other in mended.of(alias.name)
            for node in _uses(alias.name, other, mended.imports)
        ]
        plain = len(re.findall(rf"^[ \t]*(?:import|from)\b.*\b{alias.name}\b", mended.text, re.MULTILINE)) == 1
        if plain and not re.search(rf"\b{alias.name}\b", mended.unread):
            made = [(cell, (first, last, new)) for cell, (first, last) in uses]
        else:
            new = f"{new} as {alias.name}"
    if new is None:
        return
    stop = start + len(alias.name)
    changes = ((site.cell, (start, stop, new)), *made)
    yield Moved(
        name=alias.name, cell=site.cell, start=start, end=end, changes=changes, target=new.split(" ")[0].strip(",")
    )


def _uses(name: str, site: Site, imports: ImportMap) -> Iterator[ast.Name]:
    for node in of_kind(site.tree, ast.Name):
        if node.id == name and isinstance(node.ctx, ast.Load) and imports.dotted(node, site.cell) == name:
            yield node


def _split(name: str, mended: Mended) -> Iterator[tuple[str, int, Change]]:
    """(new module, cell, change) for every `urllib2.x` that has a new home."""
    for site in mended.of("."):
        for node in of_kind(site.tree, ast.Attribute):
            if node.attr in SPLIT:
                dotted = mended.imports.dotted(node, site.cell)
                if dotted == f"{name}.{node.attr}":
                    start, end = site.span(node.value)
                    yield SPLIT[node.attr], site.cell, (start, end, SPLIT[node.attr])


def _from(node: ast.ImportFrom, module: str, site: Site, held: Buffers) -> Iterator[Moved]:
    start, end = site.span(node)
    names = [alias.name for alias in node.names]
    if module in _TAKEN_APART and all(name in SPLIT for name in names):
        homes = sorted({SPLIT[name] for name in names})
        lines = [f"from {home} import {_listed(node, home)}" for home in homes]
        column = start - (site.source.rfind("\n", 0, start) + 1)
        text = ("\n" + site.source[start - column : start]).join(lines)
        change: Change = (start, end, text)
        if len(homes) == 1:
            change = _module(start, module, homes[0], site)
        yield Moved(name=module, cell=site.cell, start=start, end=end, changes=((site.cell, change),), target=homes[0])
    elif module in MODULES:
        new = MODULES[module]
        whole = buffers.imported(site, node, held) if module in buffers.MODULES else None
        change = whole or _module(start, module, new, site)
        yield Moved(name=module, cell=site.cell, start=start, end=end, changes=((site.cell, change),), target=new)


def _module(start: int, module: str, new: str, site: Site) -> Change:
    at = site.source.index(module, start + len("from"))
    return (at, at + len(module), new)


def _listed(node: ast.ImportFrom, home: str) -> str:
    return ", ".join(
        alias.name + (f" as {alias.asname}" if alias.asname else "")
        for alias in node.names
        if SPLIT[alias.name] == home
    )
