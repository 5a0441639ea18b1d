"""From a finding about a gone name or keyword back to its place, and the edit that puts another there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.contract.domain import Suggestion
from workers.documents.references import BUILTINS, Reading, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit, Finding
    from workers.protocols import Document

VALUE = re.compile(r"`(?P<call>[\w.]+)` (?:does not take|warns of) the text `(?P<text>[^`]*)` as `(?P<argument>\w+)`")
KEYWORD = re.compile(r"`(?P<call>[\w.]+)` does not take this keyword `(?P<bad>\w+)`")
NAME = re.compile(r"`(?P<name>[\w.]+)` does not exist|reading `(?P<read>[\w.]+)` warns")


def gone(finding: Finding) -> str | None:
    """The dotted name that a finding of `api/name` or `api/warning` is about."""
    found = NAME.search(finding.message) if finding.rule in {"api/name", "api/warning"} else None
    return (found["name"] or found["read"]) if found else None


def refused(finding: Finding) -> tuple[str, str] | None:
    """(callable, keyword) that a finding of `api/keyword` is about; None where it is about positions."""
    found = KEYWORD.search(finding.message) if finding.rule == "api/keyword" else None
    return (found["call"], found["bad"]) if found else None


def unfit(finding: Finding) -> tuple[str, str, str] | None:
    """(callable, argument, text) that a finding of `api/value` is about."""
    found = VALUE.search(finding.message) if finding.rule == "api/value" else None
    return (found["call"], found["argument"], found["text"]) if found else None


def renaming(document: Document, finding: Finding, new: str) -> Suggestion | None:
    """The edits that make the name of a finding of `api/name` refer to `new`, in full; not resolved yet.

    None where that takes more than a rename at its place: another import, another receiver. The name of a type's attribute,
    such as `pandas.Series.iteritems`, stands at a value of that type.
    """
    name = gone(finding)
    if name is None or finding.place is None or new == name:
        return None
    reading = Reading(document)
    for reference in _at(reading, finding, name):
        if edits := reading.renamed(reference, new):
            builtin = new.startswith(BUILTINS)
            return Suggestion(edits=edits, target=None if builtin else new, resolved=builtin)
    return None


def rekeyword(document: Document, finding: Finding, new: str) -> Suggestion | None:
    """The edit that spells the keyword of a finding of `api/keyword` as `new`; its target is the callable.

    None where the call passes `new` already. Whether the callable takes `new` is for the caller to ask.
    """
    asked = refused(finding)
    if asked is None or finding.place is None or not new.isidentifier():
        return None
    reading = Reading(document)
    for call, keyword in _keywords(reading, finding, asked[1]):
        if edit := respelled(reading, finding.place.cell, call, keyword, new):
            return Suggestion(edits=(edit,), target=asked[0], resolved=False)
    return None


def respelled(reading: Reading, cell: int, call: ast.Call, keyword: ast.keyword, new: str) -> Edit | None:
    """`keyword` of `call` under another name; None where the call passes that one too."""
    old = keyword.arg or ""
    start, _ = reading.span(cell, keyword)
    if any(one.arg == new for one in call.keywords) or reading.sources[cell][start : start + len(old)] != old:
        return None
    return reading.edit(cell, start, start + len(old), new)


def _at(reading: Reading, finding: Finding, name: str) -> Iterator[Reference]:
    """The one reference to `name` where the finding points; none where a chain says it twice."""
    cell, offset = _offset(reading, finding)
    if (tree := reading.trees.get(cell)) is None:
        return
    here = [one for one in reading.within(cell, tree) if reading.span(cell, one.node)[0] == offset and one.name == name]
    if not here:
        here = [one for one in _of_values(cell, tree, name) if reading.span(cell, one.node)[0] == offset]
    if len(here) == 1:
        yield here[0]


def _of_values(cell: int, tree: ast.Module, name: str) -> Iterator[Reference]:
    """Attributes of values that end as `name` does."""
    last = name.rpartition(".")[2]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr == last:
            yield Reference(cell=cell, name=name, node=node, of_value=True)


def _keywords(reading: Reading, finding: Finding, bad: str) -> Iterator[tuple[ast.Call, ast.keyword]]:
    cell, offset = _offset(reading, finding)
    tree = reading.trees.get(cell)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree else ():
        for keyword in call.keywords:
            if keyword.arg == bad and reading.span(cell, keyword)[0] == offset:
                yield call, keyword


def _offset(reading: Reading, finding: Finding) -> tuple[int, int]:
    """Cell and character offset that a finding points at; -1 outside of the cell."""
    place = finding.place
    if place is None or place.cell not in reading.sources:
        return -1, -1
    lines = reading.sources[place.cell].split("\n")
    if place.line > len(lines):
        return place.cell, -1
    return place.cell, sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1
