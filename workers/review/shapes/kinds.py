"""What the shape rules of libraries share: nodes outside guards with the kind of their receivers, and ways to change calls."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workers.knowledge.packs import shipped
from workers.review import code as names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site

_ATOMS = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Tuple, ast.Dict)


class Kinds:
    """The dotted names of a document's expressions: by imports, and by the types the shipped packs know."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self._names = names.Code(code.document, shipped().makes)

    @cached_property
    def guarded(self) -> frozenset[int]:
        """`id`s of the nodes in which the author already answers to another version."""
        cells = [names.CodeCell(site.cell, site.source, site.tree) for site in self.code.sites]
        return frozenset(one for cell in cells for one in cell.guarded)

    @property
    def complete(self) -> bool:
        """Every code cell parses, so no use of a name is out of sight."""
        return self._names.complete

    def of(self, node: ast.expr, site: Site) -> str | None:
        """The dotted type of a value; None where constructors and assignments do not prove one."""
        # A type is what the name of an attribute hangs on.
        named = self._names.named(ast.Attribute(value=node, attr="", ctx=ast.Load()), site.cell)
        imported = self.code.imports.dotted(node, site.cell)
        return named.removesuffix(".") if named and imported is None else None

    def named(self, node: ast.AST, site: Site) -> str:
        """The dotted name of an expression, `pandas.DataFrame.append` for a method; empty where it is unknown."""
        return self._names.named(node, site.cell) or ""

    def nodes(self) -> Iterator[tuple[Site, ast.AST]]:
        """Every node outside guards, cell after cell."""
        for site in self.code.sites:
            for node in site.nodes:
                if id(node) not in self.guarded:
                    yield site, node

    def attributes(self, *attributes: str) -> Iterator[tuple[Site, ast.Attribute]]:
        """Every attribute with one of these names that is read."""
        for site, node in self.nodes():
            if isinstance(node, ast.Attribute) and node.attr in attributes and isinstance(node.ctx, ast.Load):
                yield site, node

    def calls(self) -> Iterator[tuple[Site, ast.Call]]:
        """Every call outside guards."""
        for site, node in self.nodes():
            if isinstance(node, ast.Call):
                yield site, node

    def methods(self, *attributes: str) -> Iterator[tuple[Site, ast.Call, ast.Attribute]]:
        """Every call of a method with one of these names, and its function."""
        for site, call in self.calls():
            if isinstance(call.func, ast.Attribute) and call.func.attr in attributes:
                yield site, call, call.func

    def loads(self, name: str) -> Iterator[tuple[Site, ast.Name]]:
        """Everywhere the name is read, guards included."""
        for site in self.code.sites:
            for node in site.nodes:
                if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                    yield site, node

    def stores(self, name: str) -> tuple[tuple[int, int, int], ...]:
        """Where the name is bound anew: cell, line and column."""
        return tuple(
            (site.cell, node.lineno, node.col_offset)
            for site in self.code.sites
            for node in site.nodes
            if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        )

    def binds(self, name: str) -> bool:
        """Anything in the document is called so."""
        return name in self._names.identifiers


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A name of a library as an import statement binds it."""

    site: Site
    statement: ast.Import | ast.ImportFrom
    alias: ast.alias
    dotted: str

    @property
    def bound(self) -> str:
        """What the document calls it."""
        return self.alias.asname or self.alias.name.partition(".")[0]

    @property
    def alone(self) -> bool:
        """The statement imports nothing else."""
        return len(self.statement.names) == 1


def imports(kinds: Kinds) -> Iterator[Imported]:
    """Every name that an import outside guards binds."""
    for site, node in kinds.nodes():
        match node:
            case ast.Import(names=aliases):
                yield from (Imported(site=site, statement=node, alias=one, dotted=one.name) for one in aliases)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                for one in aliases:
                    yield Imported(site=site, statement=node, alias=one, dotted=f"{module}.{one.name}")
            case _:
                pass


def parent(site: Site, node: ast.AST) -> ast.AST | None:
    """What the node stands in directly."""
    return next(iter(site.around(node)), None)


def plain(site: Site, node: ast.expr) -> str:
    """The expression as a receiver: in parentheses unless it is one piece."""
    text = site.text(node)
    return text if isinstance(node, _ATOMS) else f"({text})"


def commented(site: Site, start: int, end: int) -> bool:
    """A comment may stand in that stretch, which a rewrite would lose."""
    return "#" in site.source[start:end]


def arguments(call: ast.Call, parameters: Iterable[str]) -> dict[str, ast.expr] | None:
    """The call's arguments by the parameters of the old signature; None where they cannot be told apart."""
    expected = tuple(parameters)
    starred = any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords)
    if starred or len(call.args) > len(expected):
        return None
    by_place = dict(zip(expected, call.args, strict=False))
    by_name = {one.arg: one.value for one in call.keywords if one.arg}
    if by_place.keys() & by_name.keys() or not by_name.keys() <= set(expected):
        return None
    return by_place | by_name


def inner(site: Site, call: ast.Call) -> tuple[int, int]:
    """Where what stands between the parentheses of a call starts and ends."""
    _, end = site.span(call)
    after = site.span(call.func)[1]
    return site.source.index("(", after) + 1, end - 1


def text_of(value: ast.expr | None) -> str | None:
    """The string that an expression is; None for anything else."""
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def whole(site: Site, node: ast.expr, new: str) -> tuple[Change, ...]:
    """Write the expression anew; nothing where a comment would get lost."""
    start, end = site.span(node)
    return () if commented(site, start, end) else ((start, end, new),)


def position(site: Site, node: ast.expr | ast.stmt) -> tuple[int, int, int]:
    """Where a node stands in the document, to be compared."""
    return site.cell, node.lineno, node.col_offset


def names_in(node: ast.AST) -> frozenset[str]:
    """Every name that an expression reads."""
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def steady(kinds: Kinds, node: ast.AST, since: tuple[int, int, int], until: tuple[int, int, int]) -> bool:
    """No name of the expression is bound anew between two places."""
    return not any(since < at < until for name in names_in(node) for at in kinds.stores(name))
