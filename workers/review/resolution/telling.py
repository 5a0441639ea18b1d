"""What the environment's answers mean for the places that asked: drafts of findings, with the library's own words."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, IssueType, Rung, Severity, Staleness, Suggestion
from workers.documents.references import BUILTINS, Reference
from workers.knowledge.distributions import distribution, left_the_standard_library
from workers.knowledge.hint import full_name, respelled
from workers.knowledge.words import first_line
from workers.knowledge.words import targets as hints
from workers.review.drafts import Draft
from workers.review.resolution import places
from workers.review.resolution.texts import subject, valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.references import Reading
    from workers.protocols import Answer
    from workers.review.resolution.uses import Use

POSITIONAL = "*"
"""Among the bad keywords of an answer: there are more positional arguments than the callable takes."""

_GONE = re.compile(
    r"\b(?:has been|have been|was|were|is) (?:removed|deleted|discontinued)\b|no longer (?:available|supported)"
)


def drafts(reading: Reading, use: Use, answer: Answer) -> Iterator[Draft]:
    """What `answer` shows at the place that asked; nothing where all is well or undecided."""
    if use.of_value and not answer.owner:
        return
    if use.call is not None and answer.status == "exists":
        yield from (_keyword(reading, use, use.call, answer, bad) for bad in answer.bad_keywords)
        yield from valued(reading, use, use.call, answer)
        if use.of_value and answer.warning:
            yield _deprecated(reading, use, answer)
    elif use.call is not None and not use.of_value:
        return
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
    name, node = subject(answer), use.node
    if use.of_value:
        return name, node
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
    name = subject(answer)
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
    edit = places.respelled(reading, use.cell, call, keyword, new) if keyword is not None and new else None
    what = f"keyword `{bad}`" if bad != POSITIONAL else "number of positional arguments"
    return Draft(
        cell=use.cell,
        offset=reading.span(use.cell, keyword or call.func)[0],
        rule="api/keyword",
        anchor=f"{subject(answer)}({bad})",
        message=f"`{subject(answer)}` does not take this {what}",
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E4,
        evidence=answer.message[:2000],
        fix=f"`{bad}` is now spelled `{new}`" if new else f"it takes: {', '.join(answer.parameters)}"[:400],
        suggestion=Suggestion(edits=(edit,), resolved=True) if edit else None,
    )


def _suggestion(reading: Reading, use: Use, name: str, node: ast.expr | ast.alias, words: str) -> Suggestion | None:
    """What the library's own words name as the replacement, as edits."""
    if not isinstance(node, ast.Attribute | ast.alias) or (use.reference is None and not use.of_value):
        return None
    standing = use.reference or Reference(cell=use.cell, name=name, node=node, of_value=True)
    reference = replace(standing, name=name, node=node)
    for hint in hints(words):
        new = full_name(hint, name) if hint.exact else None
        edits = reading.renamed(reference, new) if new else ()
        if new and edits:
            builtin = new.startswith(BUILTINS)
            return Suggestion(edits=edits, target=None if builtin else new, resolved=builtin)
    return None


def _advice(words: str) -> str:
    return "; ".join(dict.fromkeys(f"use `{hint.new}`" for hint in hints(words)))
