"""Findings without a suggestion, with what was found out about where the name or keyword went."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, Rung, Suggestion
from workers.documents.references import Reading
from workers.knowledge.rule import BUILTINS
from workers.knowledge.words import unexpected_keyword
from workers.review.resolution import places
from workers.review.whereto.candidates import Gone
from workers.review.whereto.following import Call, Where, sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from workers.contract.domain import Finding, Place
    from workers.protocols import Document
    from workers.review.whereto.following import Follower

About = tuple[Gone, tuple[Call, ...]]
"""What is asked about, and the calls of it."""
_FOLLOWED = frozenset({"api/name", "api/keyword", "execution/error"})
"""Rules whose findings are about something that is gone."""
_MOST = 40
"""Different names that are followed for one document."""
_EVIDENCE = 2000
_OBJECT = re.compile(r"AttributeError: '(?P<type>\w+)' object has no attribute '(?P<name>\w+)'")


@dataclass(slots=True)
class Attaching:
    """Follows what findings are about, each thing once."""

    follower: Follower
    _known: dict[About, Where] = field(default_factory=dict["About", Where])

    async def attached(
        self, document: Document, findings: Sequence[Finding], settled: Collection[Place]
    ) -> tuple[Finding, ...]:
        """The findings in their order; those at `settled` places, and those with a suggestion, as they are."""
        open_ones = [each for each in findings if each.rule in _FOLLOWED and each.place not in settled]
        if not open_ones:
            return tuple(findings)
        reading = Reading(document)
        asked = {id(each): about for each in open_ones if (about := _about(reading, each))}
        names = list(dict.fromkeys(asked.values()))[:_MOST]
        done: list[Finding] = []
        for each in findings:
            about = asked.get(id(each))
            if about is None or about not in names:
                done.append(each)
            else:
                where = await self._where(about, each.evidence)
                done.append(_told(document, reading, each, about[0], where))
        return tuple(done)

    async def _where(self, about: About, words: str) -> Where:
        if about not in self._known:
            gone, calls = about
            self._known[about] = await self.follower.where(gone, (words,) if words else (), calls)
        return self._known[about]


def _about(reading: Reading, finding: Finding) -> About | None:
    """What a finding is about and how that is called; None for what is nothing to follow."""
    if finding.suggestion is not None or finding.place is None:
        return None
    if finding.rule == "api/name" and (name := places.gone(finding)):
        return Gone(name=name), tuple(dict.fromkeys(_calls(reading, finding, name)))
    if finding.rule == "api/keyword" and (refused := places.refused(finding)):
        return Gone(name=refused[0], keyword=refused[1]), ()
    if finding.rule == "execution/error" and finding.cause is Cause.CODE and not finding.fix:
        gone = _of_error(reading, finding)
        return None if gone is None else (gone, ())
    return None


def _calls(reading: Reading, finding: Finding, name: str) -> Iterator[Call]:
    """The call of a name where a finding points; of an imported name, every call in the document."""
    cell, offset = _offset(reading, finding)
    for index, tree in reading.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and reading.imports.dotted(node.func, index) == name:
                here = index == cell and reading.span(index, node.func)[0] == offset
                if here or isinstance(node.func, ast.Name):
                    yield _written(node)


def _written(node: ast.Call) -> Call:
    starred = any(isinstance(each, ast.Starred) for each in node.args)
    keywords = tuple(each.arg for each in node.keywords if each.arg)
    return Call(keywords=keywords, positional=None if starred else len(node.args))


def _offset(reading: Reading, finding: Finding) -> tuple[int, int]:
    """Cell and character offset that a finding points at."""
    place = finding.place
    if place is None or place.cell not in reading.sources:
        return -1, -1
    lines = reading.sources[place.cell].split("\n")[: place.line - 1]
    return place.cell, sum(len(line) + 1 for line in lines) + place.column - 1


def _of_error(reading: Reading, finding: Finding) -> Gone | None:
    """What an error of the run says is gone, where the document tells in full what that is."""
    if keyword := unexpected_keyword(finding.evidence):
        named = {name for name, _, _ in _passing(reading, finding, keyword)}
        return Gone(name=named.pop(), keyword=keyword) if len(named) == 1 else None
    found = _OBJECT.search(finding.evidence)
    if found is None:
        return None
    types = {each.name for each in reading.references() if each.name.rpartition(".")[2] == found["type"]}
    return Gone(name=f"{types.pop()}.{found['name']}") if len(types) == 1 else None


def _passing(reading: Reading, finding: Finding, keyword: str) -> Iterator[tuple[str, ast.Call, ast.keyword]]:
    """Calls in the failing statement's lines that pass a keyword, and what they call."""
    place = finding.place
    tree = reading.trees.get(place.cell) if place else None
    for node in ast.walk(tree) if tree and place else ():
        if not isinstance(node, ast.Call) or not node.lineno <= place.line <= (node.end_lineno or node.lineno):  # type: ignore[union-attr]
            continue
        name = reading.imports.dotted(node.func, place.cell)  # type: ignore[union-attr]
        for each in node.keywords:
            if name and each.arg == keyword:
                yield name, node, each


def _told(document: Document, reading: Reading, finding: Finding, gone: Gone, where: Where) -> Finding:
    target = where.target
    if target is None:
        said = "; ".join(sentences(where))
        return replace(finding, fix=f"it may be: {said}"[:_EVIDENCE]) if said and not _directed(finding) else finding
    suggestion = _suggestion(document, reading, finding, gone, target.new)
    evidence = f"{finding.evidence}\n{target.evidence}".strip()[:_EVIDENCE]
    fix = f"use `{target.new.removeprefix(BUILTINS)}`: {target.evidence}"[:_EVIDENCE]
    sure = suggestion is not None and target.rung >= Rung.E2
    return replace(finding, suggestion=suggestion if sure else None, fix=fix, evidence=evidence)


def _directed(finding: Finding) -> bool:
    """Whether the environment's own words already say what to use."""
    return finding.fix.startswith("use ")


def _suggestion(document: Document, reading: Reading, finding: Finding, gone: Gone, new: str) -> Suggestion | None:
    if finding.rule == "execution/error":
        found = next(_passing(reading, finding, gone.keyword), None) if gone.keyword and finding.place else None
        edit = (
            places.respelled(reading, finding.place.cell, found[1], found[2], new) if found and finding.place else None
        )
        return None if edit is None else Suggestion(edits=(edit,), target=gone.name, resolved=True)
    make = places.rekeyword if gone.keyword else places.renaming
    made = make(document, finding, new)
    return None if made is None else replace(made, resolved=True)
