"""Stale names written with a dot (`np.int`, `frame.append`), and the exact edits that follow a move."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.documents.python import of_kind
from workers.documents.references import root_of
from workers.review.matches import Match
from workers.review.modules import module_moved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit
    from workers.knowledge.rule import Rule, Symbol
    from workers.review.code import Code, CodeCell
    from workers.review.matches import Index, Mended


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A stale name where it stands."""

    code: Code
    cell: CodeCell
    node: ast.Attribute
    call: ast.Call | None
    """The call whose function it is."""
    index: Index


def attributes(code: Code, cell: CodeCell, index: Index) -> Iterator[Match]:
    """Every stale dotted name that a cell reads, outside guards and unless the document defines it itself."""
    inner: set[int] = set()
    for node in of_kind(cell.tree, ast.Attribute):
        if node.attr not in index.last or not isinstance(node.ctx, ast.Load):
            continue
        if id(node) in inner or id(node) in cell.guarded:
            continue
        known = index.symbols.get(code.named(node, cell.index) or "")
        if known and not code.patches(known[1].old):
            inner.update(map(id, ast.walk(node)))
            call = next((call for call in of_kind(cell.tree, ast.Call) if call.func is node), None)
            yield _match(_Use(code=code, cell=cell, node=node, call=call, index=index), *known)


def _match(use: _Use, rule: Rule, change: Symbol) -> Match:
    start, end = use.cell.offsets.span(use.node)
    edits, note = _moved(use, change)
    if edits and change.add:
        edits, note = _with_added(use, change, edits)
    return Match(
        rule=rule,
        cell=use.cell.index,
        start=start,
        anchor=use.cell.source[start:end],
        mended=(edits, note),
        target=change.new,
    )


def _moved(use: _Use, change: Symbol) -> Mended:
    """The edits of one use, or why there are none."""
    if change.new is None:
        return (), ""
    start, end = use.cell.offsets.span(use.node)
    old_parent, _, old_name = change.old.rpartition(".")
    new_parent, _, new_name = change.new.rpartition(".")
    if new_parent == "builtins":
        return _builtin(use, new_name)
    if new_parent == old_parent:
        if use.cell.source[end - len(old_name) : end] != old_name:
            return (), "the name is written in another way here"
        return (use.cell.edit(end - len(old_name), end, new_name),), ""
    if written := _written(use, change.new, reachable=change.reachable):
        return (use.cell.edit(start, end, written),), ""
    return module_moved(use.code, use.cell, use.node, use.index)


def _builtin(use: _Use, name: str) -> Mended:
    if use.code.imports.local(name, use.node, use.cell.index):
        return (), f"`{name}` means something else in this document"
    return (use.cell.edit(*use.cell.offsets.span(use.node), name),), ""


def _written(use: _Use, target: str, *, reachable: bool) -> str | None:
    """The target as it can be written here, with the names that are imported."""
    imports, at = use.code.imports, use.cell.index
    parent, _, name = target.rpartition(".")
    root = root_of(use.node)
    origin = imports.dotted(root, at) if root else None
    if root and origin and reachable and target.startswith(f"{origin}."):
        return root.id + target.removeprefix(origin)
    if whole := imports.standing_for(target, use.node, at):
        return whole
    imported = imports.standing_for(parent, use.node, at)
    return f"{imported}.{name}" if imported else None


def _with_added(use: _Use, change: Symbol, edits: tuple[Edit, ...]) -> Mended:
    """The keywords a call has to pass to mean what it meant."""
    if use.call is None:
        return (), "it is not called here, so what the target needs cannot be passed"
    return (*edits, *added(use.cell, use.call, change)), ""


def added(cell: CodeCell, call: ast.Call, change: Symbol) -> Iterator[Edit]:
    """An insertion behind the last argument, unless the call passes the keyword already."""
    given = {keyword.arg for keyword in call.keywords}
    missing = [f"{name}={value}" for name, value in change.add if name not in given]
    if not missing:
        return
    last = max((cell.offsets.span(one)[1] for one in [*call.args, *call.keywords]), default=None)
    at = cell.offsets.span(call)[1] - 1 if last is None else last
    yield cell.edit(at, at, (", " if last is not None else "") + ", ".join(missing))
