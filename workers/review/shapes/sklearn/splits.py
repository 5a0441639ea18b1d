"""scikit-learn's splitters: the data went from the constructor to `split`, with the import, the constructor and every use in one move."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Imported, Kinds, arguments, imports, inner, names_in, parent, position, steady
from workers.review.shapes.shape import Code, Hit, Mandate
from workers.review.shapes.sklearn.split_uses import Use, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_OLD = "sklearn.cross_validation"
_NEW = "sklearn.model_selection"
_SIGNATURES = {
    "KFold": ("n", "n_folds", "shuffle", "random_state"),
    "StratifiedKFold": ("y", "n_folds", "shuffle", "random_state"),
    "ShuffleSplit": ("n", "n_iter", "test_size", "train_size", "random_state"),
    "StratifiedShuffleSplit": ("y", "n_iter", "test_size", "train_size", "random_state"),
    "LeaveOneOut": ("n",),
    "LeavePOut": ("n", "p"),
}
_MADE = {"n_folds": "n_splits", "n_iter": "n_splits"}
_STUCK = "A use of the splitter, or what it splits, cannot be followed."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Splitter:
    """One construction of an old splitter, and all it takes to make it a new one."""

    site: Site
    call: ast.Call
    name: str
    changes: tuple[tuple[Site, Change], ...] | None
    """Of the constructor and its uses; None where one of them cannot be followed."""


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every splitter of `sklearn.cross_validation`."""
    kinds = Kinds(code)
    found = list(_splitters(kinds))
    bound = {one.bound: one for one in imports(kinds) if one.dotted == _OLD or one.dotted.startswith(f"{_OLD}.")}
    for root in {_root(one.call.func) for one in found}:
        mine = [one for one in found if _root(one.call.func) == root]
        moved = _import(kinds, bound.get(root), mine) if all(one.changes is not None for one in mine) else None
        yield from (_hit(one, moved) for one in mine)


def _root(function: ast.expr) -> str:
    return min(names_in(function), default="")


def _splitters(kinds: Kinds) -> Iterator[_Splitter]:
    for site, call in kinds.calls():
        module, _, name = (kinds.code.imports.dotted(call.func, site.cell) or "").rpartition(".")
        if module == _OLD and name in _SIGNATURES:
            yield _Splitter(site=site, call=call, name=name, changes=_changes(kinds, site, call, name))


def _changes(kinds: Kinds, site: Site, call: ast.Call, name: str) -> tuple[tuple[Site, Change], ...] | None:
    given = arguments(call, _SIGNATURES[name])
    start, end = inner(site, call)
    data = given.get(_SIGNATURES[name][0]) if given else None
    if given is None or data is None or "#" in site.source[start:end] or not kinds.complete:
        return None
    uses = _uses(kinds, site, call)
    told = [_used(kinds, site, call, data, use) for use in uses] if uses is not None else [None]
    if any(one is None for one in told):
        return None
    made = (start, end, _constructor(site, name, given))
    return ((site, made), *(change for one in told if one for change in one))


def _used(kinds: Kinds, site: Site, call: ast.Call, data: ast.expr, use: Use) -> tuple[tuple[Site, Change], ...] | None:
    first = position(site, call)
    if not steady(kinds, data, first, position(use.site, use.node)):
        return None
    return written(kinds, use, site, data, stratified=_is_stratified(kinds, site, call))


def _is_stratified(kinds: Kinds, site: Site, call: ast.Call) -> bool:
    return "Stratified" in (kinds.code.imports.dotted(call.func, site.cell) or "")


def _uses(kinds: Kinds, site: Site, call: ast.Call) -> list[Use] | None:
    """Where the splitter is used: right there, or under the one name it is given; None where it goes out of sight."""
    match parent(site, call):
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is call:
            pass
        case _:
            return [Use(site=site, node=call)]
    uses: list[Use] = []
    for where, node in kinds.loads(name):
        values = kinds.code.imports.assigned(node, where.cell)
        mine = [one.value is call for one in values]
        if any(mine) and len(values) > 1:
            return None
        if any(mine):
            uses.append(Use(site=where, node=node))
        elif not values:
            return None
    return uses


def _constructor(site: Site, name: str, given: dict[str, ast.expr]) -> str:
    """The arguments of the new constructor: without data, every one by its name, old defaults written out."""
    data = _SIGNATURES[name][0]
    told = {_MADE.get(key, key): site.text(value) for key, value in given.items() if key != data}
    if name.endswith("KFold"):
        told = {"n_splits": "3"} | told
        if told.get("shuffle", "False") == "False":
            told.pop("random_state", None)
    elif "train_size" in told and "test_size" not in told:
        told["test_size"] = "0.1"
    return ", ".join(f"{key}={value}" for key, value in told.items())


def _import(kinds: Kinds, imported: Imported | None, mine: list[_Splitter]) -> tuple[tuple[Site, Change], ...] | None:
    """The edits of the import statement, and of the constructors' names where a module was imported; None: they cannot be made."""
    if imported is None or isinstance(imported.statement, ast.Import):
        return None
    every = [node for _, node in kinds.loads(imported.bound)]
    if imported.dotted == _OLD:
        return _by_module(kinds, imported, mine, len(every))
    # The name itself was imported: all that is called by it is known.
    return _by_name(imported) if len(every) == len(mine) else None


def _by_name(imported: Imported) -> tuple[tuple[Site, Change], ...]:
    site, statement = imported.site, imported.statement
    start, end = site.span(statement)
    alias = site.text(imported.alias)
    if imported.alone:
        return ((site, (start, end, f"from {_NEW} import {alias}")),)
    rest = [site.text(one) for one in statement.names if one is not imported.alias]
    if "#" in site.source[start:end]:
        return ()
    return (
        (site, (start, end, f"from {_OLD} import {', '.join(rest)}{_next(site, start)}from {_NEW} import {alias}")),
    )


def _by_module(
    kinds: Kinds, imported: Imported, mine: list[_Splitter], uses: int
) -> tuple[tuple[Site, Change], ...] | None:
    site, statement = imported.site, imported.statement
    wanted = sorted({one.name for one in mine})
    if any(kinds.binds(name) for name in wanted) or not imported.alone:
        return None
    start, end = site.span(statement)
    line = f"from {_NEW} import {', '.join(wanted)}"
    here = (start, end, line) if uses == len(mine) else (end, end, f"{_next(site, start)}{line}")
    return ((site, here), *((one.site, (*one.site.span(one.call.func), one.name)) for one in mine))


def _next(site: Site, start: int) -> str:
    indent = site.source[site.source.rfind("\n", 0, start) + 1 : start]
    return "; " if indent.strip() else f"\n{indent}"


def _hit(one: _Splitter, moved: tuple[tuple[Site, Change], ...] | None) -> Hit:
    start, _ = one.site.span(one.call)
    complete = one.changes is not None and bool(moved)
    return Hit(
        site=one.site,
        start=start,
        anchor=one.site.text(one.call.func),
        message=f"`{one.name}` takes the data in `split`, not in its constructor",
        fix=f"Make it with `n_splits` from `{_NEW}` and call its `split`.",
        elsewhere=(*(one.changes or ()), *(moved or ())) if complete else (),
        unlock="" if complete else _STUCK,
        target=f"{_NEW}.{one.name}",
    )
