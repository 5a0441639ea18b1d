"""Static resolution: does what the code names exist in the environment, and do the calls bind?"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, Finding, IssueType, Rung, Severity, Staleness, Suggestion
from workers.documents.references import BUILTINS, Reading, Reference
from workers.knowledge.distributions import distribution, left_the_standard_library
from workers.knowledge.hint import full_name, respelled
from workers.knowledge.words import first_line
from workers.knowledge.words import targets as hints
from workers.protocols import Question
from workers.review.code import Code
from workers.review.drafts import Draft, findings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from workers.protocols import Answer, Document

POSITIONAL = "*"
"""Among the bad keywords of an answer: there are more positional arguments than the callable takes."""

_GONE = re.compile(
    r"\b(?:has been|have been|was|were|is) (?:removed|deleted|discontinued)\b|no longer (?:available|supported)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place that asks something of the environment."""

    question: Question
    cell: int
    node: ast.expr | ast.alias
    reference: Reference | None = None
    """For a name that could be renamed where it stands."""
    call: ast.Call | None = None


def questions(document: Document) -> tuple[Question, ...]:
    """What to ask the environment, each once, in document order."""
    return tuple(dict.fromkeys(use.question for use in _uses(document, Reading(document))))


def find(document: Document, answers: Sequence[Answer], beside: Collection[str] = ()) -> tuple[Finding, ...]:
    """Findings from the environment's `answers` to `questions(document)`.

    `beside` names the modules that lie beside the artifact: they are importable there though not installed.
    """
    reading = Reading(document)
    told = {answer.question: answer for answer in answers}
    drafts: dict[tuple[int, int, str, str], Draft] = {}
    for use in _uses(document, reading):
        answer = told.get(use.question)
        if answer is None or use.question.name.partition(".")[0] in beside:
            continue
        for draft in _drafts(reading, use, answer):
            drafts.setdefault((draft.cell or 0, draft.offset, draft.rule, draft.anchor), draft)
    return findings(document, _modules_once(drafts.values()))


def targets(found: Sequence[Finding]) -> tuple[Question, ...]:
    """What to ask before the suggestions of `found` may be trusted."""
    wanted = (one.suggestion.target for one in found if one.suggestion and not one.suggestion.resolved)
    return tuple(Question(name=name) for name in dict.fromkeys(wanted) if name)


def with_targets(found: Sequence[Finding], answers: Sequence[Answer]) -> tuple[Finding, ...]:
    """The findings with suggestions whose target exists; the other suggestions are dropped, their words stay in `fix`."""
    exist = {answer.question.name for answer in answers if answer.status == "exists" and not answer.warning}
    return tuple(_settled(one, exist) for one in found)


def _settled(finding: Finding, exist: set[str]) -> Finding:
    suggestion = finding.suggestion
    if suggestion is None or suggestion.resolved:
        return finding
    if suggestion.target in exist:
        return replace(finding, suggestion=replace(suggestion, resolved=True))
    return replace(finding, suggestion=None)


def _uses(document: Document, reading: Reading) -> Iterator[Use]:
    """Names read and calls made, outside of guards that expect them to be missing."""
    code = Code(document, {})
    for cell in code.cells:
        longer: set[int] = set()
        for node in ast.walk(cell.tree):
            if id(node) in cell.guarded:
                continue
            if isinstance(node, ast.Import):
                yield from (Use(question=Question(name=one.name), cell=cell.index, node=one) for one in node.names)
            elif isinstance(node, ast.Call):
                yield from _call(code, cell.index, node)
            elif isinstance(node, ast.Attribute | ast.ImportFrom) and id(node) not in longer:
                yield from _names(reading, code, cell.index, node, longer)


def _names(
    reading: Reading, code: Code, cell: int, node: ast.Attribute | ast.ImportFrom, longer: set[int]
) -> Iterator[Use]:
    """The longest name that starts here; what it is made of is not asked again."""
    for reference in reading.within(cell, node):
        if id(reference.node) in longer or any(f"{reference.name}.".startswith(f"{own}.") for own in code.patched):
            continue
        longer.update(id(part) for part in ast.walk(reference.node))
        yield Use(question=Question(name=reference.name), cell=cell, node=reference.node, reference=reference)


def _call(code: Code, cell: int, node: ast.Call) -> Iterator[Use]:
    name = code.imports.dotted(node.func, cell)
    keywords = tuple(keyword.arg for keyword in node.keywords if keyword.arg)
    spread = any(isinstance(argument, ast.Starred) for argument in node.args)
    if name and (keywords or node.args):
        question = Question(name=name, keywords=keywords, positional=None if spread else len(node.args))
        yield Use(question=question, cell=cell, node=node.func, call=node)


def _drafts(reading: Reading, use: Use, answer: Answer) -> Iterator[Draft]:
    if use.call is not None:
        if answer.status == "exists":
            yield from (_keyword(reading, use, use.call, answer, bad) for bad in answer.bad_keywords)
    elif answer.status == "absent" or (answer.status == "unimportable" and _removed(answer)):
        yield _absent(reading, use, answer)
    elif answer.status == "unimportable":
        yield _missing(reading, use, answer)
    elif answer.status == "exists" and answer.warning:
        yield _deprecated(reading, use, answer)


def _removed(answer: Answer) -> bool:
    """True where an import fails because the library says that it took the name away."""
    name = answer.question.name
    return left_the_standard_library(name) or (
        name.rpartition(".")[2] in answer.message and _GONE.search(answer.message) is not None
    )


def _stale(use: Use, answer: Answer) -> tuple[str, ast.expr | ast.alias]:
    """The shortest prefix of the name that is absent, and the node that says it."""
    name, node = answer.question.name, use.node
    parts = name.removeprefix(f"{answer.missing_at}.").count(".") if answer.missing_at else 0
    for _ in range(parts):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Attribute):
            break
        node, name = node.value, name.rpartition(".")[0]
    return name, node


def _absent(reading: Reading, use: Use, answer: Answer) -> Draft:
    name, node = _stale(use, answer)
    said = first_line(answer.message)
    return Draft(
        cell=use.cell,
        offset=reading.span(use.cell, node)[0],
        rule="api/name",
        anchor=name,
        message=f"`{name}` does not exist in this environment",
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E4,
        evidence=answer.message[:2000],
        fix=_advice(answer.message) or (f"the library says: {said}" if said else ""),
        suggestion=_suggestion(reading, use, name, node, answer.message),
    )


def _missing(reading: Reading, use: Use, answer: Answer) -> Draft:
    top = answer.question.name.partition(".")[0]
    said = re.search(r"No module named '?([\w.]+)", answer.message)
    module = said[1] if said and "." not in said[1] else top
    return Draft(
        cell=use.cell,
        offset=reading.span(use.cell, use.node)[0],
        rule="api/module",
        anchor=module,
        message=f"the module `{module}` cannot be imported in this environment",
        issue_type=IssueType.SETUP_GAP,
        severity=Severity.MEDIUM,
        staleness=Staleness.BROKEN,
        rung=Rung.E4,
        cause=Cause.ENVIRONMENT,
        evidence=answer.message[:2000],
        unlock=f"the package {distribution(module)} is not installed" if said else f"`{module}` has to import",
    )


def _deprecated(reading: Reading, use: Use, answer: Answer) -> Draft:
    name = answer.question.name
    return Draft(
        cell=use.cell,
        offset=reading.span(use.cell, use.node)[0],
        rule="api/warning",
        anchor=name,
        message=f"reading `{name}` warns: {first_line(answer.warning)}",
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.MEDIUM,
        staleness=Staleness.DEPRECATED,
        rung=Rung.E3,
        evidence=answer.warning[:2000],
        fix=_advice(answer.warning),
        suggestion=_suggestion(reading, use, name, use.node, answer.warning),
    )


def _keyword(reading: Reading, use: Use, call: ast.Call, answer: Answer, bad: str) -> Draft:
    keyword = next((one for one in call.keywords if one.arg == bad), None)
    new = respelled(bad, answer.parameters)
    suggestion = None
    if keyword is not None and new and all(one.arg != new for one in call.keywords):
        start, _ = reading.span(use.cell, keyword)
        suggestion = Suggestion(edits=(reading.edit(use.cell, start, start + len(bad), new),), resolved=True)
    what = f"keyword `{bad}`" if bad != POSITIONAL else "number of positional arguments"
    return Draft(
        cell=use.cell,
        offset=reading.span(use.cell, keyword or call.func)[0],
        rule="api/keyword",
        anchor=f"{answer.question.name}({bad})",
        message=f"`{answer.question.name}` does not take this {what}",
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E4,
        evidence=answer.message[:2000],
        fix=f"`{bad}` is now spelled `{new}`" if new else f"it takes: {', '.join(answer.parameters)}"[:400],
        suggestion=suggestion,
    )


def _suggestion(reading: Reading, use: Use, name: str, node: ast.expr | ast.alias, words: str) -> Suggestion | None:
    """What the library's own words name as the replacement, as edits."""
    if use.reference is None or not isinstance(node, ast.Attribute | ast.alias):
        return None
    reference = replace(use.reference, name=name, node=node)
    for hint in hints(words):
        new = full_name(hint, name) if hint.exact else None
        edits = reading.renamed(reference, new) if new else ()
        if new and edits:
            builtin = new.startswith(BUILTINS)
            return Suggestion(edits=edits, target=None if builtin else new, resolved=builtin)
    return None


def _advice(words: str) -> str:
    return "; ".join(dict.fromkeys(f"use `{hint.new}`" for hint in hints(words)))


def _modules_once(drafts: Collection[Draft]) -> Iterator[Draft]:
    """A package that is not installed is missing once, at its first import."""
    seen: set[str] = set()
    for draft in drafts:
        if draft.rule == "api/module":
            if draft.anchor in seen:
                continue
            seen.add(draft.anchor)
        yield draft
