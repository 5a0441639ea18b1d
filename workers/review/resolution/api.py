"""Static resolution: does what the code names exist in the environment, and do the calls bind?"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.documents.references import Reading
from workers.knowledge.words import first_line
from workers.protocols import Question
from workers.review.code import Code
from workers.review.drafts import Draft, findings
from workers.review.resolution.telling import drafts
from workers.review.resolution.uses import guarded_imports, uses

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from workers.contract.domain import Finding
    from workers.protocols import Answer, Document

_ROOT = re.compile(r"(?!await\b)\b[^\W\d]\w*")


def questions(document: Document) -> tuple[Question, ...]:
    """What to ask the environment, each once, in document order."""
    code = Code(document, {})
    asked = list(uses(document, Reading(document), code))
    beside = guarded_imports(code) if any(use.of_value for use in asked) else ()
    return tuple(dict.fromkeys([*beside, *(use.question for use in asked)]))


def find(document: Document, answers: Sequence[Answer], beside: Collection[str] = ()) -> tuple[Finding, ...]:
    """Findings from the environment's `answers` to `questions(document)`.

    `beside` names the modules that lie beside the artifact: they are importable there though not installed.
    """
    reading = Reading(document)
    told = {answer.question: answer for answer in answers}
    made: dict[tuple[int, int, str, str], Draft] = {}
    for use in uses(document, reading, Code(document, {})):
        answer = told.get(use.question)
        if answer is None or _root(use.question.name) in beside:
            continue
        for draft in drafts(reading, use, answer):
            made.setdefault((draft.cell or 0, draft.offset, draft.rule, draft.anchor), draft)
    return findings(document, _modules_once(made.values()))


def undecided(answers: Sequence[Answer]) -> Mapping[str, int]:
    """Why questions could not be decided, and how many for each reason; the most frequent first."""
    reasons = Counter(first_line(answer.message) for answer in answers if answer.status == "undecided")
    return dict(reasons.most_common())


def targets(found: Sequence[Finding]) -> tuple[Question, ...]:
    """What to ask before the suggestions of `found` may be trusted."""
    wanted = (one.suggestion.target for one in found if one.suggestion and not one.suggestion.resolved)
    return tuple(Question(name=name) for name in dict.fromkeys(wanted) if name)


def with_targets(found: Sequence[Finding], answers: Sequence[Answer]) -> tuple[Finding, ...]:
    """The findings with suggestions whose target exists; the other suggestions are dropped, their words stay in `fix`."""
    exist = {answer.question.name for answer in answers if answer.status == "exists" and not answer.warning}
    return tuple(_settled(one, exist) for one in found)


def _root(name: str) -> str:
    """The first name of a dotted name or an expression."""
    found = _ROOT.search(name)
    return found[0] if found else ""


def _settled(finding: Finding, exist: set[str]) -> Finding:
    suggestion = finding.suggestion
    if suggestion is None or suggestion.resolved:
        return finding
    if suggestion.target in exist:
        return replace(finding, suggestion=replace(suggestion, resolved=True))
    return replace(finding, suggestion=None)


def _modules_once(drafts: Collection[Draft]) -> Iterator[Draft]:
    """A package that is not installed is missing once, at its first import."""
    seen: set[str] = set()
    for draft in drafts:
        if draft.rule == "api/module":
            if draft.anchor in seen:
                continue
            seen.add(draft.anchor)
        yield draft
