"""A module imported by name whose every use moved to one other module: the import and all uses follow together."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Edit
    from workers.review.code import Code, CodeCell
    from workers.review.matches import Index, Mended


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imported:
    """The one statement that binds a module to a name."""

    cell: CodeCell
    statement: ast.Import | ast.ImportFrom
    alias: ast.alias


def module_moved(code: Code, cell: CodeCell, node: ast.Attribute, index: Index) -> Mended:
    """The edits that move the module `node` hangs on and all its uses, or why they cannot be made."""
    root = node.value
    module = code.imports.dotted(root, cell.index) if isinstance(root, ast.Name) else None
    if not isinstance(root, ast.Name) or module is None or "." not in module:
        # A whole package is never traded for another because the one thing it was used for moved.
        return (), "its new module is not imported here"
    uses = {f"{module}.{attribute}" for _, attribute in _uses(code, root.id)}
    targets = {name: index.symbols[name][1].new if name in index.symbols else None for name in uses}
    stuck = sorted(name for name, new in targets.items() if new is None)
    if stuck or not code.complete:
        return (), f"`{stuck[0]}` has no successor of its own" if stuck else "a cell of the document does not parse"
    parents = {(new or "").rpartition(".")[0] for new in targets.values()}
    imported = _imported(code, root.id, module)
    if len(parents) != 1 or "" in parents or imported is None:
        return (), "its new module is not imported here"
    return _together(code, root.id, module, {name: new or "" for name, new in targets.items()}, imported)


def _uses(code: Code, name: str) -> Iterator[tuple[tuple[CodeCell, ast.Name], str]]:
    """Where `name` is read, and the attribute taken from it (empty when it is used by itself)."""
    for cell, node in code.loads:
        if node.id == name:
            holder = cell.parents.get(id(node))
            yield (cell, node), holder.attr if isinstance(holder, ast.Attribute) else ""


def _imported(code: Code, name: str, module: str) -> _Imported | None:
    found = [
        _Imported(cell=cell, statement=node, alias=alias)
        for cell in code.cells
        for node in cell.nodes
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in cell.guarded
        for alias in node.names
        if (alias.asname or alias.name) == name
    ]
    same = all(_origin(one) == module for one in found)
    return found[0] if len(found) == 1 and same else None


def _origin(imported: _Imported) -> str | None:
    statement, alias = imported.statement, imported.alias
    if isinstance(statement, ast.Import):
        return alias.name
    return f"{statement.module}.{alias.name}" if statement.module and not statement.level else None


def _together(code: Code, name: str, module: str, targets: dict[str, str], imported: _Imported) -> Mended:
    target = next(iter(targets.values())).rpartition(".")[0]
    bound = imported.alias.asname or target.rpartition(".")[2]
    if bound != name and bound in code.identifiers:
        return (), f"`{bound}` means something else in this document"
    statement = _statement(imported, target)
    if statement is None:
        return (), "the import statement names other modules too"
    edits: list[Edit] = [statement]
    for (cell, node), attribute in _uses(code, name):
        start, end = cell.offsets.span(cell.parents[id(node)])  # pyright: ignore[reportArgumentType]  # an attribute: see `_uses`
        edits.append(cell.edit(start, end, f"{bound}.{targets[f'{module}.{attribute}'].rpartition('.')[2]}"))
    return tuple(edits), ""


def _statement(imported: _Imported, target: str) -> Edit | None:
    """The import after the move; the other names of the statement stay."""
    cell, statement, alias = imported.cell, imported.statement, imported.alias
    parent, _, last = target.rpartition(".")
    suffix = f" as {alias.asname}" if alias.asname else ""
    if isinstance(statement, ast.Import):
        return cell.edit(*cell.offsets.span(alias), f"{target}{suffix}")
    if parent == statement.module:
        return cell.edit(*cell.offsets.span(alias), f"{last}{suffix}")
    if len(statement.names) > 1 or not parent:
        return None
    return cell.edit(*cell.offsets.span(statement), f"from {parent} import {last}{suffix}")
