"""Warnings inside functions: what they say, and what has to be passed for them to be given."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.knowledge.mining.literals import text_of
from workers.knowledge.mining.model import Note
from workers.knowledge.mining.signatures import Definition, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.knowledge.mining.model import Function

_CATEGORY = re.compile(r"Deprecat|FutureWarning|RemovedIn|Removed\w*Warning|Pandas\dWarning")
_WARNS = re.compile(r"(^|[._])warn(_deprecated|_external|ings\.warn)?$|deprecat", re.IGNORECASE)
_SAYS = re.compile(
    r"\s.*?(deprecat|remov|renam|replac|instead)|(deprecat|remov|renam|replac).*?\s", re.IGNORECASE | re.DOTALL
)
_SAYS_PLAINLY = re.compile(
    r"\b(?:is|was|are|has been|have been) (?:now )?(?:an? )?(?:deprecated|renamed)", re.IGNORECASE
)
_VERSION = re.compile(r"(?:since|in|version)(?: version)?:? v?(\d+\.\d+(?:\.\d+)?)")
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class _Condition:
    """When a warning is given: with this parameter, with this string in it; both empty: always."""

    parameter: str = ""
    value: str = ""
    other: bool = False
    """On something that cannot be read out of a call."""
    within: str = ""
    """The parameter of the understood condition that it stands in."""


def notes(node: Definition, subject: str, made: Function) -> Iterator[Note]:
    """Every deprecation that the body of a function announces and whose condition is understood."""
    said: dict[str, str] = {}
    taken: dict[str, set[str]] = {}
    found: list[tuple[int, _Condition, str]] = []
    for statement, condition in _walked(node.body, _Condition(), _DEPTH):
        if isinstance(statement, ast.Assign):
            if text := text_of(statement.value):
                said |= {dotted(target): text for target in statement.targets if dotted(target)}
            within = condition.parameter or condition.within
            taken.setdefault(within, set()).update(_assigned(statement, within))
        if condition.other or not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
            continue
        text = _announced(statement.value, said)
        if text and (not condition.parameter or _passable(made, condition.parameter)):
            found.append((statement.lineno, condition, text))
    for line, condition, text in found:
        yield _note(subject, line, condition, text, _taken_over(taken.get(condition.parameter, set()), made))


def _taken_over(names: set[str], made: Function) -> str:
    """The parameter that gets the value of the deprecated one where that is passed: `fill = shade`."""
    new = next(iter(names)) if len(names) == 1 else ""
    return new if made.parameter(new) is not None else ""


def _assigned(node: ast.Assign, parameter: str) -> tuple[str, ...]:
    """What is set to the parameter, or to what is taken out of the keywords under its name."""
    names = tuple(dotted(target) for target in node.targets)
    match node.value:
        case ast.Call(func=ast.Attribute(attr="pop"), args=[name, *_]):
            same = text_of(name) == parameter
        case value:
            same = dotted(value) == parameter
    return names if parameter and same and parameter not in names else ()


def _note(subject: str, line: int, condition: _Condition, text: str, new: str) -> Note:
    since = _VERSION.search(text)
    return Note(
        found="warning",
        subject=subject,
        line=line,
        parameter=condition.parameter,
        value=condition.value,
        since=since[1] if since and "remov" not in text[: since.start()] else "",
        new=new,
        text=text,
    )


def _passable(made: Function, name: str) -> bool:
    return name.startswith("self.") or made.parameter(name) is not None or made.is_open


def _announced(call: ast.Call, said: dict[str, str]) -> str:
    """The text of a call that warns of a deprecation."""
    name = dotted(call.func)
    if not _WARNS.search(name):
        return ""
    given = [*call.args, *(each.value for each in call.keywords)]
    texts = (text_of(each) or said.get(dotted(each), "") for each in given)
    longest = max(texts, key=len, default="")
    official = any(_CATEGORY.search(dotted(each)) for each in given) or "deprecat" in name.lower()
    # Some warn with a plain UserWarning, so that users see it; then the words have to be plain.
    return longest if (_SAYS if official else _SAYS_PLAINLY).search(longest) else ""


def _walked(body: list[ast.stmt], condition: _Condition, depth: int) -> Iterator[tuple[ast.stmt, _Condition]]:
    """Every statement with the condition it stands under; an `if` that is not understood makes it another one."""
    for at, node in enumerate(body):
        yield node, condition
        if depth == 0 or isinstance(node, Definition | ast.ClassDef):
            continue
        if isinstance(node, ast.If):
            yield from _walked(node.body, _both(condition, _condition(node.test)), depth - 1)
            yield from _walked(node.orelse, _Condition(other=True), depth - 1)
            if _leaves(node.body):
                yield from _walked(body[at + 1 :], _Condition(other=True), depth - 1)
                return
        elif isinstance(node, ast.With):
            yield from _walked(node.body, condition, depth - 1)
        else:
            for block in ("body", "orelse", "finalbody"):
                yield from _walked(getattr(node, block, []), _Condition(other=True), depth - 1)
    return


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Return | ast.Raise)


def _both(outer: _Condition, inner: _Condition) -> _Condition:
    if outer == _Condition():
        return inner
    return outer if inner == outer else _Condition(other=True, within=outer.parameter or outer.within)


def _condition(test: ast.expr) -> _Condition:
    match test:
        case ast.Name() | ast.Attribute() if name := _parameter(test):
            return _Condition(name)
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[_]) if name := _parameter(left):
            return _Condition(name)
        case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[ast.Constant(value=str() | None)]) if (
            name := _parameter(left)
        ):
            return _Condition(name)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=str() as value)]) if (
            name := _parameter(left)
        ):
            return _Condition(name, value)
        case ast.Compare(left=ast.Constant(value=str() as name), ops=[ast.In()], comparators=[ast.Name()]) if (
            name.isidentifier()
        ):
            return _Condition(name)
        case _:
            return _Condition(other=True)


def _parameter(node: ast.expr) -> str:
    """`x`, or `self.x` as estimators keep what they were given."""
    name = dotted(node)
    return name if name.removeprefix("self.").isidentifier() else ""
