"""Import statements that name what moved, rewritten whole: only the symbols that moved, each to its own module."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.documents.python import of_kind
from workers.review.matches import Match
from workers.review.symbols import added

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit
    from workers.knowledge.rule import Rule, Symbol
    from workers.review.code import Code, CodeCell
    from workers.review.matches import Index, Mended

_FROM = re.compile(r"from[ \t]+([\w.]+)[ \t]+import\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """One name of an import statement, and where it is now."""

    alias: ast.alias
    rule: Rule
    change: Symbol
    old: str
    new: str | None

    @property
    def bound(self) -> str:
        """The name the document uses."""
        return self.alias.asname or self.alias.name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """How one name is imported from now on."""

    module: str
    """Empty where `name` is a statement of its own."""
    name: str
    edits: tuple[Edit, ...] = ()
    """Of the uses, where they are written in another way."""


def imports(code: Code, cell: CodeCell, index: Index) -> Iterator[Match]:
    """Stale names in `from module import name`; a guarded import is the author's own answer and stays."""
    for node in of_kind(cell.tree, ast.ImportFrom):
        if id(node) in cell.guarded or node.level or not node.module:
            continue
        moved = [one for alias in node.names if (one := _moved(node.module, alias, index))]
        mended = _mended(code, cell, node, [one for one in moved if one.new])
        for one in moved:
            yield Match(
                rule=one.rule,
                cell=cell.index,
                start=cell.offsets.span(one.alias)[0],
                anchor=one.old,
                mended=mended if one.new else ((), ""),
                target=one.new,
            )


def _moved(module: str, alias: ast.alias, index: Index) -> _Moved | None:
    old = f"{module}.{alias.name}"
    if known := index.symbols.get(old):
        rule, change = known
        return _Moved(alias=alias, rule=rule, change=change, old=old, new=change.new)
    whole = index.symbols.get(module)
    if whole and whole[1].whole and whole[1].new and alias.name != "*":
        return _Moved(alias=alias, rule=whole[0], change=whole[1], old=old, new=f"{whole[1].new}.{alias.name}")
    return None


def _mended(code: Code, cell: CodeCell, node: ast.ImportFrom, moved: list[_Moved]) -> Mended:
    """The statement after the move as one edit, with those of the uses, so that findings of one statement share them."""
    if not moved:
        return (), ""
    arrivals = [_arrival(code, one) for one in moved]
    stuck = next((one for one, arrival in zip(moved, arrivals, strict=True) if arrival is None), None)
    if stuck:
        return (), f"`{stuck.bound}` is used in a way that cannot be followed"
    known = [arrival for arrival in arrivals if arrival]
    statement = _statement(cell, node, moved, known)
    if statement is None:
        return (), "a comment stands inside the import statement"
    return (statement, *(edit for arrival in known for edit in arrival.edits)), ""


def _arrival(code: Code, one: _Moved) -> _Arrival | None:
    """Where the name comes from now; None when its uses would have to change and cannot."""
    module, _, name = (one.new or "").rpartition(".")
    if module == "builtins":
        return _Arrival(module="", name=f"{one.bound} = {name}" if one.bound != name else "pass")
    if not module:
        return _Arrival(module="", name=f"import {name}" + (f" as {one.bound}" if one.bound != name else ""))
    owner, _, kind = module.rpartition(".")
    of_a_class = kind[:1].isupper()
    if name == one.alias.name and not one.change.add and not of_a_class:
        return _Arrival(module=module, name=_aliased(name, one.alias.asname))
    imported, written = (kind, f"{kind}.{name}") if of_a_class else (name, name)
    uses = None if one.alias.asname else _rewritten(code, one, imported, written)
    if uses is not None:
        return _Arrival(module=owner if of_a_class else module, name=imported, edits=uses)
    return None if of_a_class or one.change.add else _Arrival(module=module, name=_aliased(name, one.bound))


def _rewritten(code: Code, one: _Moved, imported: str, written: str) -> tuple[Edit, ...] | None:
    """The edits that write every use of the name anew; None when one of them cannot be followed."""
    if not code.complete or (imported != one.bound and imported in code.identifiers):
        return None
    edits: list[Edit] = []
    for cell, node in code.loads:
        if node.id != one.bound:
            continue
        call = cell.parents.get(id(node))
        called = isinstance(call, ast.Call) and call.func is node
        if code.imports.dotted(node, cell.index) != one.old or (one.change.add and not called):
            return None
        edits.append(cell.edit(*cell.offsets.span(node), written))
        if isinstance(call, ast.Call) and called:
            edits.extend(added(cell, call, one.change))
    return tuple(edits)


def _statement(cell: CodeCell, node: ast.ImportFrom, moved: list[_Moved], arrivals: list[_Arrival]) -> Edit | None:
    start, end = cell.offsets.span(node)
    text = cell.source[start:end]
    modules = {arrival.module for arrival in arrivals}
    names_kept = all(
        arrival.name == _aliased(one.alias.name, one.alias.asname) for one, arrival in zip(moved, arrivals, strict=True)
    )
    found = _FROM.match(text)
    if found and len(moved) == len(node.names) and len(modules) == 1 and names_kept and modules != {""}:
        return cell.edit(start + found.start(1), start + found.end(1), modules.pop())
    if "#" in text:
        return None
    return cell.edit(
        start, end, _joined(cell.source, start, [*_staying(node, moved, arrivals), *_going(node, arrivals)])
    )


def _staying(node: ast.ImportFrom, moved: list[_Moved], arrivals: list[_Arrival]) -> Iterator[str]:
    """The old statement with what stays in its module, renamed or not."""
    after = {id(one.alias): arrival for one, arrival in zip(moved, arrivals, strict=True)}
    names: list[str] = []
    for alias in node.names:
        arrival = after.get(id(alias))
        if arrival is None:
            names.append(_aliased(alias.name, alias.asname))
        elif arrival.module == node.module:
            names.append(arrival.name)
    if names:
        yield f"from {node.module} import {', '.join(dict.fromkeys(names))}"


def _going(node: ast.ImportFrom, arrivals: list[_Arrival]) -> Iterator[str]:
    """The statements that bind what left the module, one per new module."""
    by_module: dict[str, list[str]] = {}
    for arrival in arrivals:
        if not arrival.module:
            yield arrival.name
        elif arrival.module != node.module:
            by_module.setdefault(arrival.module, []).append(arrival.name)
    for module, names in by_module.items():
        yield f"from {module} import {', '.join(dict.fromkeys(names))}"


def _aliased(name: str, asname: str | None) -> str:
    return name if asname in {None, name} else f"{name} as {asname}"


def _joined(source: str, start: int, statements: list[str]) -> str:
    """One statement a line where the old one began its line, else all on that line."""
    indent = source[source.rfind("\n", 0, start) + 1 : start]
    return ("; " if indent.strip() else f"\n{indent}").join(statements)
