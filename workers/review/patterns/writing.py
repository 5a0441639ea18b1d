"""The text that takes the place of a match, and the one edit that puts it there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.contract.domain import Edit
from workers.contract.patterns import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.review.matches import Mended

Span = tuple[int, int]

_EMPTY = "\0"
"""Stands where a metavariable for any number of things caught none, until its comma is gone."""
_LONE = re.compile(rf"{_EMPTY}[ \t]*,[ \t]*|,[ \t]*{_EMPTY}|{_EMPTY}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A place where a pattern holds, in character offsets of the cell's source."""

    span: Span
    held: dict[str, Span]
    """`$NAME` and `$$$NAME` -> what it caught; one that caught nothing is not there."""
    comments: tuple[Span, ...] = field(default=())


def mended(cell: int, source: str, fix: str | None, held: Sequence[Held]) -> list[Mended]:
    """The edits of every match, in the order of the matches; those inside another one share the edit of the outermost."""
    if fix is None:
        return [((), "") for _ in held]
    made: dict[Span, Mended] = {}
    for one in _outermost(held):
        inner = [other for other in held if other is not one and _within(other.span, one.span)]
        written = _written(source, fix, one, inner)
        shared = ((), written) if isinstance(written, _Not) else ((_edit(cell, source, one.span, written),), "")
        made |= {other.span: (shared[0], str(shared[1])) for other in (one, *inner)}
    return [made[one.span] for one in held]


class _Not(str):
    """Why nothing is written."""

    __slots__ = ()


def _outermost(held: Sequence[Held]) -> list[Held]:
    return [one for one in held if not any(other is not one and _within(one.span, other.span) for other in held)]


def _within(inner: Span, outer: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _edit(cell: int, source: str, span: Span, new: str) -> Edit:
    start, end = span
    return Edit(cell=cell, start=start, end=end, old=source[start:end], new=new)


def _written(source: str, fix: str, one: Held, inner: Sequence[Held]) -> str:
    """The text in place of one match; a `_Not` where something would be lost."""
    if any(not any(_within(comment, caught) for caught in one.held.values()) for comment in one.comments):
        return _Not("a comment stands inside")
    texts: dict[str, str] = {}
    for name, caught in one.held.items():
        text = _caught(source, fix, caught, inner)
        if isinstance(text, _Not):
            return text
        texts[name] = text
    lines = fix.split("\n")
    indent = _indent(source, one.span[0])
    plain = "\n".join(line if at == 0 or not line else indent + line for at, line in enumerate(lines))
    template = _LONE.sub("", VARIABLE.sub(lambda found: found[0] if found[0] in texts else _EMPTY, plain))
    return VARIABLE.sub(lambda found: texts[found[0]], template)


def _caught(source: str, fix: str, span: Span, inner: Sequence[Held]) -> str:
    """What a metavariable caught, the matches inside it mended."""
    mine = [one for one in inner if _within(one.span, span)]
    text, at = "", span[0]
    for one in sorted(_outermost(mine), key=lambda each: each.span):
        new = _written(
            source, fix, one, [other for other in mine if other is not one and _within(other.span, one.span)]
        )
        if isinstance(new, _Not):
            return new
        text += source[at : one.span[0]] + new
        at = one.span[1]
    return text + source[at : span[1]]


def _indent(source: str, at: int) -> str:
    """The white space at the start of the line of `at`."""
    line = source.rfind("\n", 0, at) + 1
    found = re.match(r"[ \t]*", source[line:])
    return found[0] if found else ""
