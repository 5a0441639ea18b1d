"""What a callable takes: read from its source, and compared between two releases."""

from __future__ import annotations

import ast
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from workers.review.whereto.sighting import Parameter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from workers.review.whereto.sighting import Sighting

_DOC = 300
_TELLING = 20
"""Characters of a description from which on two that are alike are no accident."""
_LIKE = 0.8
_PLAIN = frozenset({"", "None", "True", "False", "0", "1", "()", "[]", "''"})
"""Defaults that many parameters have."""


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef, doc: str, *, method: bool) -> tuple[Parameter, ...]:
    """The parameters in order, the instance's own left out; `*args` and `**kwargs` are none."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    pairs: list[tuple[ast.arg, ast.expr | None]] = list(zip(positional, defaults, strict=True))
    pairs = [*(pairs[1:] if method else pairs), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    described = described_in(doc)
    return tuple(
        Parameter(
            name=argument.arg,
            default=ast.unparse(default)[:200] if default is not None else "",
            annotation=ast.unparse(argument.annotation)[:200] if argument.annotation else "",
            doc=described.get(argument.arg, ""),
        )
        for argument, default in pairs
    )


def passed_on(node: ast.FunctionDef) -> str:
    """The name of what a function calls with all that it takes, each under its own name or in its own place.

    Empty where it does anything else but to warn and to set a text.
    """
    kept = [each for each in node.body if not _idle(each)]
    match kept:
        case [ast.Return(value=ast.Call(func=ast.Name(id=called), args=args, keywords=keywords))]:
            return called if _the_same(node.args, args, keywords) else ""
        case _:
            return ""


def _idle(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return "warn" in name.lower() or "deprecat" in name.lower()
        case ast.Assign(targets=[ast.Name()], value=ast.Constant() | ast.JoinedStr() | ast.BinOp()):
            return True
        case _:
            return False


def _the_same(arguments: ast.arguments, args: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    own = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    own += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    own += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    given = [ast.unparse(each) for each in args]
    given += [each.arg or f"**{ast.unparse(each.value)}" for each in keywords]
    named = all(each.arg is None or ast.unparse(each.value) == each.arg for each in keywords)
    in_place = given[: len(args)] == own[: len(args)]
    return named and in_place and sorted(given) == sorted(own)


_ENTRY = re.compile(
    r"^(?P<indent>[ \t]*)(?::param\s+)?(?P<names>\w+(?:, \w+)*)[ \t]*(?:\(.{0,100}\))?[ \t]*:(?P<rest>.*)$"
)


def described_in(doc: str) -> dict[str, str]:
    """Parameter -> its paragraph, in the three common styles of docstrings."""
    found: dict[str, str] = {}
    lines = doc.split("\n")[:2000]
    for at, line in enumerate(lines):
        entry = _ENTRY.match(line[:300])
        if entry is None:
            continue
        text = [entry["rest"]]
        for following in lines[at + 1 : at + 12]:
            if following.strip() and len(following) - len(following.lstrip()) <= len(entry["indent"]):
                break
            text.append(following)
        for name in entry["names"].split(", "):
            found.setdefault(name, " ".join(" ".join(text).split())[:_DOC])
    return found


def renamed(before: Sighting, after: Sighting, keyword: str) -> tuple[str, str] | None:
    """(new name, why) for a parameter that went, where one came in its very place; None where that is not plain."""
    if before.parameters is None or after.parameters is None:
        return None
    old, new = before.parameters, after.parameters
    if any(each.name == keyword for each in new):
        return None
    pair = next((pair for pair in _changed(old, new) if pair[0].name == keyword), None)
    if pair is None:
        return None
    reasons = [reason for reason, holds in _likeness(*pair) if holds]
    distinct = sum(other[1].name == pair[1].name for other in _changed(old, new)) == 1
    if not reasons or not distinct:
        return None
    return pair[1].name, f"it stands where `{keyword}` stood in {before.version}, with the same {' and '.join(reasons)}"


def _changed(old: Sequence[Parameter], new: Sequence[Parameter]) -> Iterator[tuple[Parameter, Parameter]]:
    """Parameters that stand in the same place between the same neighbours, under another name."""
    matcher = SequenceMatcher(a=[each.name for each in old], b=[each.name for each in new], autojunk=False)
    for tag, start, end, begin, stop in matcher.get_opcodes():
        if tag == "replace" and end - start == stop - begin:
            yield from zip(old[start:end], new[begin:stop], strict=True)
        elif tag == "replace":
            yield from _by_content(old[start:end], new[begin:stop])


def _by_content(old: Sequence[Parameter], new: Sequence[Parameter]) -> Iterator[tuple[Parameter, Parameter]]:
    """Of stretches of different lengths, pairs of which each is the other's only likeness."""
    for one in old:
        alike = [other for other in new if _same(one, other)]
        if len(alike) == 1 and sum(_same(each, alike[0]) for each in old) == 1:
            yield one, alike[0]


def _same(one: Parameter, other: Parameter) -> bool:
    telling = one.default == other.default and one.default not in _PLAIN
    return telling or (len(one.doc) > _TELLING and _alike(one.doc, other.doc))


def _likeness(old: Parameter, new: Parameter) -> Iterator[tuple[str, bool]]:
    yield "default", old.default == new.default and bool(old.default)
    yield "annotation", old.annotation == new.annotation and bool(old.annotation)
    yield "description", len(old.doc) > _TELLING and _alike(old.doc, new.doc)


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(a=one, b=other, autojunk=False).ratio() > _LIKE


_OFF = frozenset({"", "None", "False", "()", "[]", "{}", "''"})
"""Defaults of parameters that ask for nothing as long as they are left out."""
_UNSET = re.compile(r"deprecated|no_?value|unset|sentinel|missing", re.IGNORECASE)


def same_shape(one: Sighting, other: Sighting) -> bool:
    """Whether two callables take the same parameters with the same defaults."""
    if one.parameters is None or other.parameters is None or one.open != other.open:
        return False
    shapes = [[(each.name, each.default) for each in seen.parameters or ()] for seen in (one, other)]
    return shapes[0] == shapes[1]


def redefined(before: Sighting, after: Sighting, passed: Collection[str], positional: int) -> bool:
    """Whether a parameter that the call leaves out means another thing by default now, or did something and is gone."""
    if before.parameters is None or after.parameters is None:
        return False
    now = {each.name: each.default for each in after.parameters}
    left = [
        each for each in before.parameters[positional:] if each.name not in passed and not _UNSET.search(each.default)
    ]
    return any(now[each.name] != each.default if each.name in now else each.default not in _OFF for each in left)


def in_order(before: Sighting, after: Sequence[str], positional: int | None) -> bool:
    """Whether so many arguments by position go to parameters of the same names; None: nobody knows how many."""
    old = [each.name for each in before.parameters or ()]
    count = len(old) if positional is None else positional
    return old[:count] == list(after[:count])


def stands_in(before: Sighting, after: Sequence[str]) -> bool:
    """Whether what took the old parameters takes them still, in the same places; `after` are names of the new ones."""
    if before.parameters is None:
        return False
    old = [each.name for each in before.parameters]
    return list(after[: len(old)]) == old
