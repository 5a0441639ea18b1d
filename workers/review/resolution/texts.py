"""Texts that a call passes and the library does not take: a frequency, a loss, a style."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.contract.domain import IssueType, Rung, Severity, Staleness, Suggestion
from workers.knowledge.words import first_line
from workers.review.drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit
    from workers.documents.references import Reading
    from workers.protocols import Answer, BadValue
    from workers.review.resolution.uses import Use


def subject(answer: Answer) -> str:
    """The dotted name that an answer is about: for an attribute of a value, that of its type."""
    name = answer.question.name
    return f"{answer.owner}.{name.rpartition('.')[2]}" if answer.owner else name


def valued(reading: Reading, use: Use, call: ast.Call, answer: Answer) -> Iterator[Draft]:
    """A draft for every text of the call that the library refuses, or warns of."""
    for bad in answer.bad_values:
        node = _passed(call, bad.argument)
        if node is not None and (named := _named(bad, answer)):
            yield _draft(reading, use, node, bad, (subject(answer), named))


def _passed(call: ast.Call, argument: str) -> ast.Constant | None:
    if argument.isdigit():
        found = call.args[int(argument)] if int(argument) < len(call.args) else None
    else:
        found = next((one.value for one in call.keywords if one.arg == argument), None)
    return found if isinstance(found, ast.Constant) and isinstance(found.value, str) else None


def _named(bad: BadValue, answer: Answer) -> str:
    """The parameter, also where the text was passed by position."""
    if not bad.argument.isdigit():
        return bad.argument
    at = int(bad.argument)
    return answer.parameters[at] if at < len(answer.parameters) else f"argument{at + 1}"


def _draft(reading: Reading, use: Use, node: ast.Constant, bad: BadValue, named: tuple[str, str]) -> Draft:
    called, argument = named
    edit = _edit(reading, use.cell, node, bad)
    what = "warns of" if bad.deprecated else "does not take"
    return Draft(
        cell=use.cell,
        offset=reading.span(use.cell, node)[0],
        rule="api/value",
        anchor=f"{called}({argument}={node.value!r})",
        message=f"`{called}` {what} the text `{node.value}` as `{argument}`",
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.MEDIUM if bad.deprecated else Severity.HIGH,
        staleness=Staleness.DEPRECATED if bad.deprecated else Staleness.BROKEN,
        rung=Rung.E3 if bad.deprecated else Rung.E4,
        evidence=bad.words[:2000],
        fix=f"pass `{bad.instead}`" if bad.instead else f"the library says: {first_line(bad.words)}"[:400],
        suggestion=Suggestion(edits=(edit,), resolved=True) if edit else None,
    )


def _edit(reading: Reading, cell: int, node: ast.Constant, bad: BadValue) -> Edit | None:
    """The text between its quotes, where it is written without prefix or escape."""
    start, end = reading.span(cell, node)
    written = reading.text(cell, node)
    if not bad.instead or written not in {f"'{node.value}'", f'"{node.value}"'}:
        return None
    return reading.edit(cell, start + 1, end - 1, bad.instead)
