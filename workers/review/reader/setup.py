"""Explicit set-up: a document that needs packages says how to get them."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, IssueType
from workers.documents.python import mask
from workers.review.reader.drafts import draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.drafts import Draft
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

_INSTALL = re.compile(r"\b(?:pip3?|conda|mamba|uv|poetry)\s+(?:pip\s+)?(?:install|add)\b")
_PROSE = re.compile(
    rf"{_INSTALL.pattern}|requirements[\w.-]*\.txt|environment\.ya?ml|pyproject\.toml|\binstall", re.IGNORECASE
)


def unstated(code: Code) -> Iterator[Draft]:
    """One finding, at the first import of a package that nothing says how to install."""
    if _stated(code):
        return
    found = [(site, node, name) for site in code.sites for node, name in _packages(site)]
    if not found:
        return
    site, node, _ = found[0]
    names = ", ".join(dict.fromkeys(name for _, _, name in found))
    yield draft(
        "reader/setup",
        site.cell,
        site.span(node)[0],
        names,
        message=f"Nothing says how to install {names}",
        fix="State the set-up before the first import: an install cell, or a sentence that names the requirements.",
        issue_type=IssueType.SETUP_GAP,
        cause=Cause.ENVIRONMENT,
    )


def _stated(code: Code) -> bool:
    for cell in code.document.cells:
        if cell.kind == "code" and any(_INSTALL.search(text) for _, text in mask(cell.source).magics):
            return True
        if cell.kind == "code" and mask(cell.source).cell_magic and _INSTALL.search(cell.source):
            return True
        if cell.kind != "code" and _PROSE.search(cell.source):
            return True
    return False


def _packages(site: Site) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Imports from outside the standard library, by top-level name."""
    for node in site.nodes:
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        for module in modules:
            top = module.partition(".")[0]
            if top not in sys.stdlib_module_names:
                yield node, top
