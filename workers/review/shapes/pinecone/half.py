"""Documents that were moved by half: `from pinecone import Pinecone`, and `pinecone.Index(...)` still, of a name that nothing binds."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.uses import Use, imports, position, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

PACKAGE = "pinecone"
_RUN = re.compile(r"^[ \t]*%(?:run|load)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The one client of the new form that a document makes, and where it is first made."""

    name: str
    site: Site
    made: ast.Assign

    def before(self, use: Use) -> bool:
        """It is there when the use runs."""
        return use.deferred or position(self.site, self.made) < position(use.site, use.node)


def every_use(code: Code) -> tuple[Use, ...]:
    """Every use of the package, and of its name where nothing binds that any more."""
    found = [*uses(code, PACKAGE), *(_unbound(code) if _imported_in_parts(code) else ())]
    return tuple(sorted(found, key=lambda use: position(use.site, use.node)))


def nameless(code: Code, use: Use) -> bool:
    """The name at its root is bound nowhere."""
    return code.imports.dotted(use.root, use.site.cell) is None


def client(code: Code) -> Client | None:
    """The client that a document makes at its top, where it makes one alone and its name is never bound otherwise."""
    made = [
        Client(name=target.id, site=site, made=statement)
        for site in code.sites
        for statement in site.tree.body
        if isinstance(statement, ast.Assign) and _makes(code, site, statement.value)
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]
    if not made or len({one.name for one in made}) > 1:
        return None
    stored = [node for site in code.sites for node in site.nodes if _stores(node, made[0].name)]
    return made[0] if len(stored) == len(made) else None


def _makes(code: Code, site: Site, value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and code.imports.dotted(value.func, site.cell) == "pinecone.Pinecone"


def _stores(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=bound, ctx=ast.Store() | ast.Del()):
            return bound == name
        case ast.arg(arg=bound) | ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound):
            return bound == name
        case ast.ClassDef(name=bound) | ast.ExceptHandler(name=bound):
            return bound == name
        case ast.alias():
            return (node.asname or node.name.partition(".")[0]) == name
        case _:
            return False


def _imported_in_parts(code: Code) -> bool:
    """Only names of the package are imported, and nothing brings names that are not seen."""
    statements = [one for _, one in imports(code, PACKAGE)]
    every = (node for site in code.sites for node in site.nodes if isinstance(node, ast.ImportFrom))
    starred = any(alias.name == "*" for node in every for alias in node.names)
    ran = any(_RUN.search(cell.source) for cell in code.document.cells if cell.kind == "code")
    return bool(statements) and all(isinstance(one, ast.ImportFrom) for one in statements) and not starred and not ran


def _unbound(code: Code) -> Iterator[Use]:
    for site in code.sites:
        for node in site.nodes:
            match node:
                case ast.Attribute(value=ast.Name(id="pinecone", ctx=ast.Load()) as root) if not code.imports.local(
                    PACKAGE, root, site.cell
                ):
                    yield Use(site=site, node=node, dotted=f"{PACKAGE}.{node.attr}", root=root)
                case _:
                    pass
