"""What every shape rule works with: the cells that parse, what names stand for, and the edits of arguments."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, Edit, IssueType, Rung, Severity, Staleness, Suggestion
from workers.documents.python import ImportMap, parse
from workers.review.drafts import Draft
from workers.review.sites import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.protocols import Document, Environment
    from workers.review.shapes.targets import Target
    from workers.review.sites import Change

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code cells of a document that parse, and what their names stand for."""

    document: Document
    sites: tuple[Site, ...]
    imports: ImportMap

    @classmethod
    def of(cls, document: Document) -> Code:
        """The code of `document`; cells that do not parse are left out of `sites`, not of what names stand for."""
        cells = [cell for cell in document.cells if cell.kind == "code"]
        sites = tuple(Site(cell.index, cell.source) for cell in cells if parse(cell.source) is not None)
        return cls(document=document, sites=sites, imports=ImportMap(cells))

    def calls(self) -> Iterator[tuple[Site, ast.Call]]:
        """Every call, with the cell it stands in."""
        for site in self.sites:
            for node in site.nodes:
                if isinstance(node, ast.Call):
                    yield site, node

    def made_by(self, node: ast.expr, site: Site, classes: frozenset[str]) -> bool:
        """True when all that `node` may hold is what a call of one of `classes` (dotted names) returned."""
        makers = self.makers(node, site)
        return bool(makers) and makers <= classes

    def makers(self, node: ast.expr, site: Site) -> frozenset[str]:
        """Dotted names of what was called to make all that `node` may hold; empty where one of them is unknown."""
        if isinstance(node, ast.Call):
            return frozenset(filter(None, [self.imports.dotted(node.func, site.cell)]))
        values = self.imports.assigned(node, site.cell) if isinstance(node, ast.Name) else ()
        made = [
            self.imports.dotted(one.value.func, one.cell)
            for one in values
            if isinstance(one.value, ast.Call) and one.item is None
        ]
        known = frozenset(filter(None, made))
        return known if len(made) == len(values) and None not in made else frozenset()

    def local_class(self, node: ast.expr, site: Site) -> ast.ClassDef | None:
        """The class of the document that the name's one value was made by; None where it is not one of its own."""
        values = self.imports.assigned(node, site.cell) if isinstance(node, ast.Name) else ()
        names = {
            one.value.func.id
            for one in values
            if isinstance(one.value, ast.Call) and isinstance(one.value.func, ast.Name)
        }
        if len(values) != 1 or len(names) != 1:
            return None
        name = names.pop()
        found = [
            node for one in self.sites for node in one.nodes if isinstance(node, ast.ClassDef) and node.name == name
        ]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """Why a form is looked for: the owner named it, or the installed version no longer has it."""

    rule: str
    staleness: Staleness
    evidence: str
    """Where the rule is from."""
    installed: str = ""
    """The version of the shape's package; empty where there is none."""
    environment: Environment | None = None
    """That of the artifact, for what else stands in it."""
    receivers: frozenset[str] = frozenset()
    """Names the owner says are meant, whatever they hold."""
    resolves: bool = False
    """The new form exists in the installed version."""
    closed: bool = False
    """The target takes nothing new any more, so no edit is offered."""
    life: str = ""
    """What is known of the target's end."""
    with_responses: bool = False
    """The owner also moves to the Responses API, so schemas take its flat form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A stale form: where it starts, and the changes that mend it, or why none are offered."""

    site: Site
    start: int
    anchor: str
    message: str
    fix: str
    changes: tuple[Change, ...] = ()
    elsewhere: tuple[tuple[Site, Change], ...] = ()
    """Changes in other cells that belong to it."""
    unlock: str = ""
    target: str | None = None
    own: bool = False
    """The target is the document's own, so nothing has to resolve."""
    needs: tuple[Target, ...] = ()
    """What the environment has to have; empty where it cannot be asked, or need not be."""


def draft(hit: Hit, mandate: Mandate) -> Draft:
    """The hit as a draft, with its edits where they can be made and their target lives."""
    made = [(hit.site, change) for change in hit.changes] + list(hit.elsewhere)
    edits = tuple(_edit(site, change) for site, change in made)
    offered = bool(edits) and not hit.unlock and not mandate.closed
    return Draft(
        cell=hit.site.cell,
        offset=hit.start,
        rule=mandate.rule,
        anchor=hit.anchor,
        message=hit.message,
        issue_type=IssueType.BROKEN_EXECUTION if mandate.staleness is Staleness.BROKEN else IssueType.DEPRECATED_API,
        severity=Severity.HIGH if mandate.staleness is Staleness.BROKEN else Severity.MEDIUM,
        staleness=mandate.staleness,
        rung=Rung.E2,
        cause=Cause.UPSTREAM if mandate.closed else Cause.CODE,
        evidence=mandate.evidence,
        fix=hit.fix,
        unlock=hit.unlock or (mandate.life if mandate.closed else ""),
        suggestion=Suggestion(edits=edits, target=hit.target, resolved=hit.own or mandate.resolves)
        if offered
        else None,
    )


def _edit(site: Site, change: Change) -> Edit:
    start, end, new = change
    return Edit(cell=site.cell, start=start, end=end, old=site.source[start:end], new=new)


def renamed_method(site: Site, function: ast.Attribute, new: str) -> Change:
    """The change of a method's name alone."""
    _, end = site.span(function)
    return (end - len(function.attr), end, new)


def renamed_keyword(site: Site, keyword: ast.keyword, new: str) -> Change:
    """The change of a keyword's name alone."""
    start, _ = site.span(keyword)
    return (start, start + len(keyword.arg or ""), new)


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    """The argument passed by that keyword."""
    return next((one for one in call.keywords if one.arg == name), None)


def without(site: Site, call: ast.Call, gone: ast.keyword) -> Change:
    """The change that takes an argument away with its comma, and with its line where it has one to itself."""
    start, end = site.span(gone)
    text = site.source
    line, stop = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    if not text[line:start].strip() and stop >= 0 and text[end:stop].strip() == ",":
        return (line, stop + 1, "")
    before = [site.span(one)[1] for one in (*call.args, *call.keywords) if site.span(one)[1] <= start]
    if before:
        return (max(before), end, "")
    after = min((site.span(one)[0] for one in call.keywords if site.span(one)[0] >= end), default=end)
    return (start, after, "")


def separator(site: Site, argument: ast.keyword) -> str:
    """What stands between arguments here: a new line where each has its own."""
    start, _ = site.span(argument)
    line = site.source.rfind("\n", 0, start) + 1
    indent = site.source[line:start]
    return f",\n{indent}" if not indent.strip() and line else ", "


def literal(node: ast.expr | None) -> bool:
    """True for a constant as it is written: None, a number, a string, True."""
    return isinstance(node, ast.Constant)
