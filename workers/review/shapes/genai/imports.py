"""The imports of google.generativeai, and those that only it needed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads
from workers.review.shapes.together import without_line
from workers.review.shapes.uses import imports, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_SAME = frozenset({"HarmCategory", "HarmBlockThreshold"})
"""Classes that google.genai.types has under the same names."""
_OLD_TYPES = "google.generativeai.types"
Imported = tuple["Site", ast.Import | ast.ImportFrom, str]
"""A statement that imports the package as a whole, and the name it gives it."""


def packages(code: Code) -> list[Imported] | str:
    """Every import of the package under a name, or why one of them is something else."""
    found: list[Imported] = []
    for site, statement in imports(code, "google"):
        match statement:
            case ast.Import(names=[ast.alias(name="google.generativeai", asname=str(alias))]):
                found.append((site, statement, alias))
            case ast.ImportFrom(module="google", names=[ast.alias(name="generativeai", asname=str(alias))]):
                found.append((site, statement, alias))
            case ast.ImportFrom(module="google.generativeai.types", names=names) if {x.name for x in names} <= _SAME:
                pass
            case _ if "generativeai" in site.text(statement):
                return f"`{site.text(statement)}` brings more than the package under a name"
            case _:
                pass
    return found


def renamed(found: list[Imported]) -> Changes:
    """`import google.generativeai as genai` is `from google import genai`."""
    return tuple((site, (*site.span(statement), _new(alias))) for site, statement, alias in found)


def _new(alias: str) -> str:
    return "from google import genai" + ("" if alias == "genai" else f" as {alias}")


def classes(code: Code) -> Changes:
    """`from google.generativeai.types import HarmCategory` is from `google.genai.types`."""
    found: list[tuple[Site, Change]] = []
    for site, statement in imports(code, "google.generativeai"):
        start = site.span(statement)[0]
        at = site.source.find(_OLD_TYPES, start)
        if isinstance(statement, ast.ImportFrom) and statement.module == _OLD_TYPES and at >= 0:
            found.append((site, (at, at + len(_OLD_TYPES), "google.genai.types")))
    return tuple(found)


def needless(plan: Plan) -> Changes:
    """Imports of google.api_core's `retry` that nothing reads any more."""
    return tuple((site, one) for site in plan.code.sites for one in _unread(plan, site)) if plan.retries else ()


def _unread(plan: Plan, site: Site) -> Iterator[Change]:
    for node in site.tree.body:
        match node:
            case ast.ImportFrom(module="google.api_core" | "google.api_core.retry", names=[ast.alias() as alias]):
                read = [(at.cell, id(one)) for at, one in loads(plan.code, alias.asname or alias.name)]
                if read and plan.retries.issuperset(read):
                    yield without_line(site, node)
            case _:
                pass


def caught(plan: Plan) -> str:
    """Why the errors and retries of google.api_core keep the document as it is: the new client raises others."""
    for use in uses(plan.code, "google.api_core"):
        if (use.site.cell, id(use.root)) not in plan.retries:
            return f"`{use.site.text(use.node)}` is made for the errors of the old client"
    return ""
