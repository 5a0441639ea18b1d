"""Every use of a package in a document, each as the whole dotted name it stands in."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One name of the package, as long as it goes on."""

    site: Site
    node: ast.Attribute | ast.Name
    dotted: str
    root: ast.Name

    @property
    def deferred(self) -> bool:
        """It stands in a function, which runs after it is defined."""
        return any(
            isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for one in self.site.around(self.node)
        )


def uses(code: Code, package: str) -> tuple[Use, ...]:
    """Every use of `package`, in document order."""
    found = [use for site in code.sites for node in site.nodes if (use := _use(code, site, node, package)) is not None]
    return tuple(sorted(found, key=lambda use: (use.site.cell, use.site.span(use.node))))


def _use(code: Code, site: Site, node: ast.AST, package: str) -> Use | None:
    if not isinstance(node, ast.Attribute | ast.Name):
        return None
    around = site.around(node)
    if around and isinstance(around[0], ast.Attribute):
        return None
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    dotted = code.imports.dotted(node, site.cell) if isinstance(root, ast.Name) else None
    stored = isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    if dotted is None or stored or not isinstance(root, ast.Name):
        return None
    return Use(site=site, node=node, dotted=dotted, root=root) if f"{dotted}.".startswith(f"{package}.") else None


def imports(code: Code, package: str) -> Iterator[tuple[Site, ast.Import | ast.ImportFrom]]:
    """Every statement that imports the package or something of it."""
    for site in code.sites:
        for node in site.nodes:
            match node:
                case ast.Import(names=names) if any(f"{one.name}.".startswith(f"{package}.") for one in names):
                    yield site, node
                case ast.ImportFrom(module=str(module), level=0) if f"{module}.".startswith(f"{package}."):
                    yield site, node
                case _:
                    pass


def position(site: Site, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Cell and character."""
    return (site.cell, site.span(node)[0])


def line_end(site: Site, at: int) -> int:
    """Where the line ends that `at` stands in."""
    found = site.source.find("\n", at)
    return len(site.source) if found < 0 else found


def in_magics(code: Code, name: str) -> bool:
    """A line that is handed to a magic or to the shell names it: what it uses is not seen."""
    told = re.compile(rf"(?m)^[ \t]*[%!].*\b{re.escape(name)}\b")
    return any(told.search(cell.source) for cell in code.document.cells if cell.kind == "code")
