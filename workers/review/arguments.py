"""Keywords that calls pass under an old name, and string values in an old spelling."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.documents.python import of_kind
from workers.review.matches import Match

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.knowledge.rule import Argument, Keyword, Rule, Value
    from workers.review.code import Code, CodeCell
    from workers.review.matches import Index, Mended

_FREQUENCY = re.compile(r"[+-]?(?:\d+(?:\.\d+)?)?([A-Za-z]+)(?:-[A-Z]{3}(?:-\d)?)?")
_LITERAL = re.compile(r"[rRuU]?(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passed:
    """A keyword of a call."""

    cell: CodeCell
    call: ast.Call
    keyword: ast.keyword

    @property
    def span(self) -> tuple[int, int]:
        """Name and value, in character offsets."""
        return self.cell.offsets.span(self.keyword)

    @property
    def value(self) -> str:
        """The value as packs write it: strings in single quotes, everything else as it stands."""
        value = self.keyword.value
        return repr(value.value) if isinstance(value, ast.Constant) else self.cell.text(value)


def arguments(code: Code, cell: CodeCell, index: Index, called: frozenset[str]) -> Iterator[Match]:
    """Stale keywords and values of the calls in a cell; `called` is what calls that rules speak of end in."""
    for node in of_kind(cell.tree, ast.Call) if called else ():
        if (
            getattr(node.func, "attr", getattr(node.func, "id", None)) in called
            and id(node) not in cell.guarded
            and (name := code.named(node.func, cell.index))
        ):
            yield from _keywords(cell, node, index, name)
            for rule, change in index.values.get(name, ()):
                for argument in change.arguments:
                    if argument.call == name and (given := _given(node, argument)):
                        yield from _values(cell, given, rule, change)


def _keywords(cell: CodeCell, call: ast.Call, index: Index, name: str) -> Iterator[Match]:
    for rule, change in index.keywords.get(name, ()):
        for keyword in call.keywords:
            passed = _Passed(cell=cell, call=call, keyword=keyword)
            if keyword.arg == change.old and _concerned(passed, change):
                start, end = passed.span
                yield Match(
                    rule=rule,
                    cell=cell.index,
                    start=start,
                    anchor=cell.source[start:end],
                    mended=_mended(passed, change),
                    target=name,
                )


def _concerned(passed: _Passed, change: Keyword) -> bool:
    """A keyword that keeps its name is stale with the listed values alone."""
    return change.old != change.new or passed.value in dict(change.values)


def _mended(passed: _Passed, change: Keyword) -> Mended:
    """The edits of one keyword, or why there are none."""
    if passed.value in change.drop or "*" in change.drop:
        return _dropped(passed)
    if change.new is None:
        return (), ""
    if change.old != change.new and any(other.arg == change.new for other in passed.call.keywords):
        return (), f"the call passes `{change.new}` as well"
    return _renamed(passed, change.old, change.new, dict(change.values))


def _renamed(passed: _Passed, old: str, new: str, values: dict[str, str]) -> Mended:
    start, end = passed.span
    if not values:
        return (passed.cell.edit(start, start + len(old), new),), ""
    if passed.value not in values:
        return (), f"what `{passed.value}` becomes has to be decided by hand"
    return (passed.cell.edit(start, end, f"{new}={values[passed.value]}"),), ""


def _dropped(passed: _Passed) -> Mended:
    """Take the keyword out with the comma that separates it."""
    cell, call = passed.cell, passed.call
    spans = sorted(cell.offsets.span(one) for one in [*call.args, *call.keywords])
    start, end = passed.span
    at = spans.index((start, end))
    if at > 0:
        start = spans[at - 1][1]
    elif at + 1 < len(spans):
        end = spans[at + 1][0]
    around = cell.source[start : passed.span[0]] + cell.source[passed.span[1] : end]
    if around.strip().strip(",").strip():
        return (), "a comment or a bracket stands beside the keyword"
    return (cell.edit(start, end, ""),), ""


def _given(call: ast.Call, argument: Argument) -> ast.Constant | None:
    """The string a call passes there."""
    value = next((keyword.value for keyword in call.keywords if keyword.arg == argument.keyword), None)
    position = argument.position
    if value is None and position is not None and position < len(call.args):
        starred = any(isinstance(one, ast.Starred) for one in call.args[: position + 1])
        value = None if starred else call.args[position]
    return value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _values(cell: CodeCell, node: ast.Constant, rule: Rule, change: Value) -> Iterator[Match]:
    text = str(node.value)
    literal = cell.offsets.span(node)
    body = _body(cell.source, literal, text)
    for start, end in _stale(text, change):
        if change.new is None:
            mended: Mended = ((), "")
        elif body is None:
            mended = ((), "the string is not written in one plain piece")
        else:
            mended = ((cell.edit(body + start, body + end, change.new),), "")
        yield Match(rule=rule, cell=cell.index, start=literal[0], anchor=text, mended=mended)


def _stale(text: str, change: Value) -> Iterator[tuple[int, int]]:
    """Where the old spelling stands in the string."""
    if not change.frequency:
        if text == change.old:
            yield 0, len(text)
        return
    pieces = list(_FREQUENCY.finditer(text))
    if "".join(piece[0] for piece in pieces) == text.replace(" ", ""):
        yield from (piece.span(1) for piece in pieces if piece[1] == change.old)


def _body(source: str, literal: tuple[int, int], text: str) -> int | None:
    """Where the characters of a string literal begin; None when it has escapes or several pieces."""
    start, end = literal
    found = _LITERAL.match(source, start, end)
    return found.end() if found and source[found.end() : end] == text + found[1] else None
