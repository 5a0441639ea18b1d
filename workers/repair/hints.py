"""The second rung of the ladder: what errors, warnings and the installed API say should be written instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Repair
from workers.documents.python import parse
from workers.documents.references import BUILTINS, Reading
from workers.knowledge.hint import full_name, respelled
from workers.knowledge.words import by_position, first_line, targets, unexpected_keyword
from workers.protocols import Question
from workers.repair import sites
from workers.repair.complaints import Complaint, complaints
from workers.repair.literals import literals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from workers.contract.domain import CellError, Edit
    from workers.documents.references import Reference
    from workers.knowledge.hint import Hint
    from workers.protocols import Answer, Box, Task
    from workers.repair.sites import Group, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Edits that a message asks for."""

    edits: Group
    why: str
    """The change in a few words."""
    about: str = ""
    """The dotted name that is edited, where it is known."""


class HintsRepairer:
    """Mends what messages name. A target that imports explain is asked for in the environment first.

    What hangs on an object that no import explains cannot be asked for: there running the attempt decides.
    """

    def __init__(self, box: Box, limit: int | None = None) -> None:
        """`limit` is how many complaints are answered at once, the most important first; None answers all."""
        self._box = box
        self._limit = limit
        self._known: dict[Question, Answer] = {}

    @property
    def name(self) -> str:
        """As records and the pull request show it."""
        return "hints"

    async def propose(self, task: Task) -> Repair | None:
        """A repair of the cell that failed first and of what warnings name, or None."""
        reading = Reading(task.document)
        made: list[tuple[Complaint, Offer]] = []
        taken: list[Edit] = []
        for complaint in complaints(task):
            if len(made) == self._limit:
                break
            offer = await self._offer(reading, complaint, task)
            if offer is not None and not any(_overlap(new, old) for new in offer.edits for old in taken):
                made.append((complaint, offer))
                taken.extend(offer.edits)
        if not made:
            return None
        return Repair(
            edits=tuple(taken),
            by=self.name,
            changes_made=tuple(dict.fromkeys(_sentence(complaint, offer) for complaint, offer in made)),
            findings=tuple(dict.fromkeys(complaint.finding.id for complaint, _ in made)),
            about=tuple(dict.fromkeys(offer.about for _, offer in made if offer.about)),
        )

    async def _offer(self, reading: Reading, complaint: Complaint, task: Task) -> Offer | None:
        """The first offer that nobody refused and that leaves cells that parse."""
        for cell, line in complaint.places:
            here = sites.region(reading, cell, line)
            if here is None:
                continue
            async for offer in self._offers(reading, here, complaint):
                fresh = offer.edits and not any(edit.key in task.refused for edit in offer.edits)
                if fresh and _parses(reading, offer.edits):
                    return offer
        return None

    async def _offers(self, reading: Reading, here: Region, complaint: Complaint) -> AsyncIterator[Offer]:
        for offer in _positional(reading, here, complaint):
            yield offer
        absent = await self._absent(reading, here) if complaint.error else ()
        words = [complaint.text, *(answer.message for answer in absent)]
        for hint in dict.fromkeys(hint for text in words for hint in targets(text) if hint.exact):
            async for offer in self._from(reading, here, hint):
                yield offer
        if complaint.error and (keyword := unexpected_keyword(complaint.text)):
            async for offer in self._respelled(reading, here, keyword):
                yield offer

    async def _from(self, reading: Reading, here: Region, hint: Hint) -> AsyncIterator[Offer]:
        """Offers of one hint, by what it names."""
        if hint.kind in {"value", "unit"}:
            for edits in literals(reading, here, hint):
                yield Offer(edits=edits, why=f'"{hint.old}" -> "{hint.new}"')
            return
        if hint.kind in {"name", "builtin"}:
            async for offer in self._names(reading, here, hint):
                yield offer
        if hint.kind in {"name", "keyword"} and "." not in hint.old + hint.new:
            async for offer in self._keywords(reading, here, hint):
                yield offer
        if hint.kind == "name":
            old, new = hint.old.rpartition(".")[2], hint.new.rpartition(".")[2]
            if old and hint.new.rpartition(".")[0] in {"", hint.old.rpartition(".")[0]}:
                for edits in sites.attributes(reading, here, old, new):
                    yield Offer(edits=edits, why=f".{old} -> .{new}")

    async def _names(self, reading: Reading, here: Region, hint: Hint) -> AsyncIterator[Offer]:
        """Renames of a library's name, everywhere in the document at once: it is as stale there."""
        for stale in dict.fromkeys(one.name for one in _references(reading, here)):
            new = full_name(hint, stale)
            if new is None or not await self._resolves(stale, new):
                continue
            same = [one for one in reading.references() if one.name == stale]
            first = [one for one in same if one.cell == here.cell and one.node in here.nodes]
            if first and all(reading.renamed(one, new) for one in first):
                edits = tuple(edit for one in same for edit in reading.renamed(one, new))
                yield Offer(edits=edits, why=f"{stale} -> {new.removeprefix(BUILTINS)}", about=stale)

    async def _keywords(self, reading: Reading, here: Region, hint: Hint) -> AsyncIterator[Offer]:
        for call, keyword in sites.calls_with(here, hint.old):
            function = reading.imports.dotted(call.func, here.cell)
            if function is None or await self._binds(function, hint.new):
                edits = sites.keyword_edit(reading, here.cell, (call, keyword), hint.new, hint.value)
                yield Offer(edits=edits, why=f"{hint.old}= -> {hint.new}=", about=function or "")

    async def _respelled(self, reading: Reading, here: Region, old: str) -> AsyncIterator[Offer]:
        """A keyword that the callable takes in another spelling."""
        for call, keyword in sites.calls_with(here, old):
            function = reading.imports.dotted(call.func, here.cell)
            answers = await self._ask(Question(name=function)) if function else ()
            new = respelled(old, answers[0].parameters) if answers else None
            if new:
                edits = sites.keyword_edit(reading, here.cell, (call, keyword), new)
                yield Offer(edits=edits, why=f"{old}= -> {new}=", about=function or "")

    async def _absent(self, reading: Reading, here: Region) -> tuple[Answer, ...]:
        """What the environment says of the names in a region that it does not have."""
        names = tuple(dict.fromkeys(one.name for one in _references(reading, here)))
        answers = await self._ask(*(Question(name=name) for name in names))
        return tuple(answer for answer in answers if answer.status == "absent")

    async def _ask(self, *questions: Question) -> tuple[Answer, ...]:
        """Answers in the order of the questions; an environment does not change, so nothing is asked twice."""
        new = [question for question in dict.fromkeys(questions) if question not in self._known]
        if new:
            self._known.update(zip(new, await self._box.resolve(new), strict=True))
        return tuple(self._known[question] for question in questions)

    async def _resolves(self, stale: str, new: str) -> bool:
        """True for a name that exists and, where both have signatures, takes its parameters in the same order."""
        if new.startswith(BUILTINS):
            return True
        target, old = await self._ask(Question(name=new), Question(name=stale))
        if target.status != "exists":
            return False
        return old.status != "exists" or _same_order(old.parameters, target.parameters)

    async def _binds(self, function: str, keyword: str) -> bool:
        (answer,) = await self._ask(Question(name=function, keywords=(keyword,)))
        return answer.status in {"exists", "undecided"} and keyword not in answer.bad_keywords


def _positional(reading: Reading, here: Region, complaint: Complaint) -> Iterator[Offer]:
    """Access by position that pandas reads as a label now."""
    key: int | None = None
    if complaint.error is not None:
        key = _missing_label(complaint.error)
        if key is None:
            return
    elif not by_position(complaint.text):
        return
    for edits in sites.positions(reading, here, key):
        yield Offer(edits=edits, why="access by position through .iloc", about="pandas")


def _missing_label(error: CellError) -> int | None:
    """The integer that a Series was asked for as a label."""
    number = re.fullmatch(r"(?:np\.int64\()?(-?\d+)\)?", error.message.strip())
    in_series = any(file.replace("\\", "/").endswith("pandas/core/series.py") for file, _, _ in error.frames)
    return int(number[1]) if error.name == "KeyError" and number and in_series else None


def _references(reading: Reading, here: Region) -> list[Reference]:
    """References that stand in the region itself."""
    nodes = set(map(id, here.nodes))
    tree = reading.trees[here.cell]
    return [one for one in reading.within(here.cell, tree) if id(one.node) in nodes]


def _same_order(old: Sequence[str], new: Sequence[str]) -> bool:
    """True unless parameters that both have stand in another order."""
    common = [name for name in old if name in new]
    return common == [name for name in new if name in old]


def _parses(reading: Reading, edits: Group) -> bool:
    """True when every edited cell still parses."""
    cells = {edit.cell for edit in edits}
    return all(
        parse(_applied(reading.sources[cell], [e for e in edits if e.cell == cell])) is not None for cell in cells
    )


def _applied(source: str, edits: Sequence[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        source = source[: edit.start] + edit.new + source[edit.end :]
    return source


def _overlap(one: Edit, other: Edit) -> bool:
    if one.cell != other.cell:
        return False
    return one.key == other.key or max(one.start, other.start) < min(one.end, other.end) or one.start == other.start


def _sentence(complaint: Complaint, offer: Offer) -> str:
    return f"{offer.why}, as the {'error' if complaint.error else 'warning'} asks: {first_line(complaint.text)[:200]}"
