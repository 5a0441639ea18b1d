"""Tables of names: what a module's `__getattr__` looks up, what a dictionary says has moved, been renamed or is gone."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.knowledge.mining.literals import text_of
from workers.knowledge.mining.model import Alias, Note
from workers.knowledge.mining.signatures import Definition, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

_TELLS = re.compile(r"deprecat|expired|moved|removed|renam|migrat|redirect", re.IGNORECASE)
_LOOKS_UP = re.compile(r"lookup|dynamic_imports|lazy|import_map|deprecat", re.IGNORECASE)
_GONE = re.compile(r"expired|removed", re.IGNORECASE)
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_PLACE = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>\w+)")


@dataclass(slots=True)
class Table:
    """What the tables of one module hold."""

    aliases: dict[str, Alias] = field(default_factory=dict[str, Alias])
    notes: list[Note] = field(default_factory=list[Note])
    is_open: bool = False
    """It has a `__getattr__` of its own."""


def read(tree: ast.Module, module: str, exported: tuple[str, ...]) -> Table:
    """The tables of the module named `module`, whose `__all__` is `exported`."""
    table = Table()
    functions = {node.name: node for node in tree.body if isinstance(node, Definition)}
    lookup = functions.get("__getattr__")
    assigned = {name for name, _, _ in _assignments(tree)}
    table.is_open = lookup is not None or "__getattr__" in assigned
    warns = lookup is not None and _warns(lookup)
    for name, value, line in _assignments(tree):
        if isinstance(value, ast.Dict):
            for entry in _entries(value):
                _file(table, entry, name=name, module=module, line=line, warns=warns)
        elif isinstance(value, ast.Set) and _GONE.search(name):
            table.notes += _gone(value, line)
    if lookup is not None:
        _from_lookup(table, lookup, functions, module, exported)
    return table


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr, int]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value, node.lineno
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value, node.lineno
            case _:
                pass


def _entries(value: ast.Dict) -> Iterator[tuple[str, str]]:
    for key, item in zip(value.keys, value.values, strict=True):
        if name := text_of(key):
            yield name, text_of(item)


def _file(  # noqa: PLR0913 - one entry and where it stands
    table: Table, entry: tuple[str, str], *, name: str, module: str, line: int, warns: bool
) -> None:
    key, value = entry
    if place := _PLACE.fullmatch(key):
        if _TELLS.search(name):
            table.notes.append(_moved(place, value, line))
    elif not key.isidentifier():
        return
    elif table.is_open and _LOOKS_UP.search(name) and _MODULE.fullmatch(value):
        announced = warns or _TELLS.search(name) is not None
        origin = f"{module}.{value}" if "dynamic" in name else value
        target = f"{origin}.{key}" if value != "__module__" else f"{module}.{key}"
        table.aliases[key] = Alias(line=line, target=target, is_import=True, warns=announced)
    elif _TELLS.search(name) and value:
        owner = module if table.is_open else module.rpartition(".")[0]
        new = value if value.isidentifier() else ""
        table.notes.append(
            Note(
                found="table",
                subject=f"{owner}.{key}",
                line=line,
                new=f"{owner}.{new}" if new else "",
                text="" if new else value,
                gone=_GONE.search(name) is not None,
            )
        )


def _moved(place: re.Match[str], value: str, line: int) -> Note:
    """`pydantic.utils:version_info` and where it is now, written in the same way."""
    to = _PLACE.fullmatch(value)
    return Note(
        found="table",
        subject=f"{place['module']}.{place['name']}",
        line=line,
        new=f"{to['module']}.{to['name']}" if to else "",
    )


def _gone(value: ast.Set, line: int) -> Iterator[Note]:
    for each in value.elts:
        if place := _PLACE.fullmatch(text_of(each)):
            yield Note(found="table", subject=f"{place['module']}.{place['name']}", line=line, gone=True)


def _from_lookup(
    table: Table, lookup: Definition, functions: dict[str, Definition], module: str, exported: tuple[str, ...]
) -> None:
    """`if name == "X": from a import X; return X`, also through a function; or one module that everything is read from."""
    warns = _warns(lookup)
    for node in ast.walk(lookup):
        if not isinstance(node, ast.If):
            continue
        name = _compared(node.test)
        target = _imported(node.body, functions) if name else ""
        if name and target.rpartition(".")[2] == name:
            said = warns and (_warns_in(node.body) or _warns_in(lookup.body[:1]))
            table.aliases.setdefault(name, Alias(line=node.lineno, target=target, is_import=True, warns=said))
    whole = _shimmed(lookup, module)
    for name in exported if whole else ():
        table.aliases.setdefault(name, Alias(line=lookup.lineno, target=f"{whole}.{name}", is_import=True, warns=warns))


def _compared(test: ast.expr) -> str:
    match test:
        case ast.Compare(left=ast.Name(), ops=[ast.Eq()], comparators=[value]):
            return text_of(value)
        case _:
            return ""


def _imported(body: list[ast.stmt], functions: dict[str, Definition]) -> str:
    """The one thing that a body imports, itself or in the function it calls."""
    for node in body:
        match node:
            case ast.ImportFrom(module=str() as origin, names=[one], level=0):
                return f"{origin}.{one.name}"
            case ast.Return(value=ast.Call(func=ast.Name(id=called), args=[])) if called in functions:
                inner = functions.pop(called)
                found = _imported(inner.body, functions)
                functions[called] = inner
                return found
            case _:
                pass
    return ""


def _shimmed(lookup: Definition, module: str) -> str:
    """The module that a `__getattr__` hands everything on to."""
    parent = module.rpartition(".")[0]
    for node in ast.walk(lookup):
        match node:
            case ast.Call(func=function, keywords=keywords) if "deprecat" in dotted(function).lower():
                if any(one.arg == "all" for one in keywords):
                    return parent
            case ast.Return(value=ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=origin), ast.Name()])):
                return _origin(lookup, origin)
            case _:
                pass
    return ""


def _origin(lookup: Definition, name: str) -> str:
    for node in lookup.body:
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for one in node.names:
                if (one.asname or one.name) == name:
                    return f"{node.module}.{one.name}"
    return ""


def _warns(node: Definition) -> bool:
    return _warns_in(node.body)


def _warns_in(body: list[ast.stmt]) -> bool:
    calls = (each for statement in body for each in ast.walk(statement) if isinstance(each, ast.Call))
    return any(re.search("warn|deprecat", dotted(call.func), re.IGNORECASE) for call in calls)
