"""Findings the author has answered: a comment, a cell tag or an HTML comment tells mendloop to leave them.

`# mendloop: ignore` on the line, `# mendloop: ignore[numpy/int]` for one rule, a prefix (`numpy/`) or a glob (`numpy/*`),
several apart by commas; `# mendloop: ignore-cell[...]` in the first line of a cell; the tags `mendloop-ignore` and
`mendloop-ignore:<rule>`; `<!-- mendloop: ignore[...] -->` in Markdown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from workers.documents.python import comments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.contract.domain import Finding
    from workers.protocols import Cell, Document

_TAG = "mendloop-ignore"
_WORDS = re.compile(r"mendloop:\s*ignore(?P<cell>-cell)?(?![\w-])\s*(?:\[(?P<rules>[^\]]*)\])?")
_HTML = re.compile(r"<!--(.*?)-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one comment or tag silences in its cell."""

    line: int | None
    """From 1; None for the whole cell."""
    rules: tuple[str, ...]
    """Empty for every rule."""

    def silences(self, finding: Finding) -> bool:
        """True when `finding`, of the same cell, is meant."""
        if self.line is not None and (finding.place is None or finding.place.line != self.line):
            return False
        return not self.rules or any(_names(rule, finding.rule) for rule in self.rules)


def apply(findings: Iterable[Finding], document: Document) -> tuple[Finding, ...]:
    """The findings that nobody has silenced, in their order. One without a place cannot be silenced."""
    answers: dict[int, tuple[_Answer, ...]] = {}
    kept: list[Finding] = []
    for finding in findings:
        if finding.place is None:
            kept.append(finding)
            continue
        index = finding.place.cell
        if index not in answers:
            answers[index] = tuple(_answers(document.cells[index]))
        if not any(answer.silences(finding) for answer in answers[index]):
            kept.append(finding)
    return tuple(kept)


def _answers(cell: Cell) -> Iterator[_Answer]:
    for tag in cell.tags:
        name, _, rule = tag.partition(":")
        if name == _TAG:
            yield _Answer(line=None, rules=(rule.strip(),) if rule.strip() else ())
    for line, text in comments(cell.source) if cell.kind == "code" else _html(cell.source):
        for found in _WORDS.finditer(text):
            if not found["cell"]:
                yield _Answer(line=line, rules=_listed(found["rules"]))
            elif line == 1:
                yield _Answer(line=None, rules=_listed(found["rules"]))


def _html(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every HTML comment, by the line it ends in."""
    for found in _HTML.finditer(source):
        yield 1 + source.count("\n", 0, found.end()), found[1]


def _listed(text: str | None) -> tuple[str, ...]:
    """The rules between the brackets. Empty brackets name nothing that exists, rather than everything."""
    if text is None:
        return ()
    return tuple(rule.strip() for rule in text.split(",") if rule.strip()) or ("",)


def _names(pattern: str, rule: str) -> bool:
    return pattern == rule or (pattern.endswith("/") and rule.startswith(pattern)) or fnmatchcase(rule, pattern)
