"""Decorators that announce something: `@deprecated(...)`, `@rename_parameter(...)` and their relatives, by their names alone."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.knowledge.mining.literals import text_of, texts_of
from workers.knowledge.mining.model import Function, Note
from workers.knowledge.mining.signatures import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.knowledge.mining.model import Item
    from workers.knowledge.mining.signatures import Definition

_ANNOUNCES = re.compile(r"deprecat|renam|moved|removed|delete_param", re.IGNORECASE)
_SPEAKS_OF_OTHERS = re.compile(
    r"positional|non_?keyword|keyword_only|default|mixin|privatize|dtype|undeprecat", re.IGNORECASE
)
"""How arguments are passed, not which."""
_ABOUT_PARAMETERS = re.compile(r"param|kwarg|arg|keyword", re.IGNORECASE)
_VERSION = re.compile(r"v?\d+(\.\d+)+\w*")
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_SINCE = ("since", "version", "deprecated_in", "deprecated_version", "start_version", "from_version")
_NEW = (
    "alternative_import",
    "alternative",
    "new_name",
    "new_arg_name",
    "new_func",
    "replacement",
    "new",
    "new_argument",
)
_NEW_PARAMETER = ("new_name", "new_arg_name", "new", "new_argument")
_TAKES_AWAY = re.compile(r"delete|remove", re.IGNORECASE)
_OLD = ("old", "old_arg_name", "old_name", "old_argument", "arg_name", "name", "kwarg", "argument_name")
_REMOVAL = (
    "removal",
    "removed_in",
    "remove_in",
    "end_version",
    "until",
    "removal_version",
    "raise_if_greater_or_equal_version",
)


@dataclass(frozen=True, slots=True)
class _Call:
    """What a decorator is given: strings that are no version, the version, and what has a name."""

    since: str
    strings: tuple[str, ...]
    named: dict[str, ast.expr]

    def text(self, names: tuple[str, ...]) -> str:
        """The first string given under one of the names."""
        return next((text for name in names if name in self.named and (text := text_of(self.named[name]))), "")


def notes(node: Definition | ast.ClassDef, subject: str, made: Item | None) -> Iterator[Note]:
    """What the decorators of a definition announce; `made` has its parameters."""
    for each in node.decorator_list:
        name = dotted(each.func if isinstance(each, ast.Call) else each).rpartition(".")[2]
        if not _ANNOUNCES.search(name) or _SPEAKS_OF_OTHERS.search(name):
            continue
        call = _read(each) if isinstance(each, ast.Call) else _Call("", (), {})
        if _ABOUT_PARAMETERS.search(name) and isinstance(each, ast.Call):
            yield from _parameters(call, subject, each.lineno, made, renames=not _TAKES_AWAY.search(name))
        elif not _ABOUT_PARAMETERS.search(name):
            yield _whole(call, subject, each.lineno)


def _read(node: ast.Call) -> _Call:
    named = {each.arg: each.value for each in node.keywords if each.arg}
    placed = [text_of(each) for each in node.args]
    versions = [text for text in placed if _VERSION.fullmatch(text)]
    stated = next((text for name in _SINCE if name in named and _VERSION.fullmatch(text := text_of(named[name]))), "")
    since = stated or next(iter(versions), "")
    return _Call(since, tuple(text for text in placed if text and text not in versions), named)


def _whole(call: _Call, subject: str, line: int) -> Note:
    new = call.text(_NEW)
    said = [
        *call.strings,
        *(text for name, value in call.named.items() if name not in _REMOVAL for text in texts_of(value)),
    ]
    return Note(
        found="decorator",
        subject=subject,
        line=line,
        since=call.since,
        new=new if _NAME.fullmatch(new) else "",
        text=" ".join(said),
    )


def _parameters(call: _Call, subject: str, line: int, made: Item | None, *, renames: bool) -> Iterator[Note]:
    told = {name: value for name, value in call.named.items() if isinstance(value, ast.Tuple)}
    for name, value in told.items():
        words = texts_of(value)
        since = next((text for text in words if _VERSION.fullmatch(text)), "")
        text = " ".join(words)
        yield Note(found="decorator", subject=subject, line=line, parameter=name, since=since, text=text)
    names = [text for text in call.strings if _NAME.fullmatch(text)]
    old = call.text(_OLD) or next(iter(names), "")
    if told or not old.isidentifier():
        return
    new = call.text(_NEW_PARAMETER) or (names[1] if len(names) > 1 and renames else "")
    mapped = "mapping" in call.named
    known = isinstance(made, Function) and made.parameter(new) is not None
    yield Note(
        found="decorator",
        subject=subject,
        line=line,
        parameter=old,
        since=call.since,
        new=new if known and not mapped else "",
    )
