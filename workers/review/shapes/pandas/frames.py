"""Methods of frames and series that took another shape: `sort`, `as_matrix`, `get_value`, `mad`, reductions by level and more."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds, arguments, parent, plain, whole
from workers.review.shapes.pandas import ducks
from workers.review.shapes.shape import Code, Hit, Mandate, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_FRAME = "pandas.DataFrame"
_SERIES = "pandas.Series"
_PANDAS = frozenset({_FRAME, _SERIES})
_REDUCTIONS = (
    "all",
    "any",
    "count",
    "kurt",
    "max",
    "mean",
    "median",
    "min",
    "prod",
    "sem",
    "skew",
    "std",
    "sum",
    "var",
)
_LEVELLED = frozenset({"all", "any", "count", "max", "mean", "median", "min", "prod", "sem", "std", "sum", "var"})
_IN_PLACE = ("bfill", "clip", "ffill", "fillna", "interpolate", "mask", "replace", "where")


def _hit(site: Site, node: ast.expr, name: str, fix: str, changes: tuple[Change, ...]) -> Hit:
    start, _ = site.span(node)
    return Hit(
        site=site,
        start=start,
        anchor=name,
        message=f"`{name}` is not what it was",
        fix=fix,
        changes=changes,
        unlock="" if changes else "Its arguments have no plain counterpart.",
    )


def _renamed(site: Site, function: ast.Attribute, new: str) -> Change:
    _, end = site.span(function)
    return (end - len(function.attr), end, new)


def sort(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`frame.sort(columns)` is `sort_values(by)`, without columns `sort_index()`; a series sorted itself in place."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods("sort"):
        kind = _FRAME if ducks.sorts_a_frame(kinds, site, call) else kinds.of(function.value, site)
        if kind not in _PANDAS:
            continue
        changes = _sorted(site, call, function) if kind == _FRAME else _sorted_in_place(site, call, function)
        yield _hit(site, function, site.text(function), "Use `sort_values` or `sort_index`.", changes)


def _sorted(site: Site, call: ast.Call, function: ast.Attribute) -> tuple[Change, ...]:
    given = arguments(call, ("columns", "axis", "ascending", "inplace", "kind", "na_position"))
    if given is None or "axis" in given or len(call.args) > 1:
        return ()
    columns = keyword(call, "columns")
    if "columns" not in given or _nothing(given["columns"]):
        return () if "columns" in given else (_renamed(site, function, "sort_index"),)
    renamed = _renamed(site, function, "sort_values")
    if columns is None:
        return (renamed,)
    start, _ = site.span(columns)
    return (renamed, (start, start + len("columns"), "by"))


def _sorted_in_place(site: Site, call: ast.Call, function: ast.Attribute) -> tuple[Change, ...]:
    alone = isinstance(parent(site, call), ast.Expr) and not call.args and not call.keywords
    start, end = site.span(call)
    return ((start, end, f"{site.text(function.value)}.sort_values(inplace=True)"),) if alone else ()


def _nothing(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def as_matrix(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`as_matrix()` is `to_numpy()`, with columns that of those columns."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods("as_matrix"):
        if kinds.of(function.value, site) != _FRAME:
            continue
        given = arguments(call, ("columns",))
        holder = plain(site, function.value)
        chosen = f"[{site.text(given['columns'])}]" if given and not _nothing(given["columns"]) else ""
        new = f"{holder}{chosen}.to_numpy()"
        changes = whole(site, call, new) if given is not None else ()
        yield _hit(site, function, site.text(function), "Use `to_numpy()`.", changes)


def values(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`get_value(row, column)` is `at[row, column]`, `set_value` an assignment to it."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods("get_value", "set_value"):
        kind = kinds.of(function.value, site)
        if kind in _PANDAS:
            changes = _at(site, call, function, (("index", "col") if kind == _FRAME else ("label",)))
            yield _hit(site, function, site.text(function), "Use `.at[...]`.", changes)


def _at(site: Site, call: ast.Call, function: ast.Attribute, keys: tuple[str, ...]) -> tuple[Change, ...]:
    sets = function.attr == "set_value"
    expected = (*keys, "value") if sets else keys
    given = arguments(call, expected)
    if given is None or given.keys() != set(expected) or (sets and not isinstance(parent(site, call), ast.Expr)):
        return ()
    place = f"{plain(site, function.value)}.at[{', '.join(site.text(given[key]) for key in keys)}]"
    return whole(site, call, f"{place} = {site.text(given['value'])}" if sets else place)


def mad(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """The mean absolute deviation, written out."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods("mad"):
        if kinds.of(function.value, site) not in _PANDAS:
            continue
        text = plain(site, function.value)
        simple = isinstance(function.value, ast.Name) or _column(function.value)
        bare = simple and not call.args and not call.keywords
        changes = whole(site, call, f"({text} - {text}.mean()).abs().mean()") if bare else ()
        yield _hit(site, function, site.text(function), "Write `(x - x.mean()).abs().mean()`.", changes)


def _column(node: ast.expr) -> bool:
    """`name["column"]`: to be read twice without effect."""
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant)


def by_level(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`frame.sum(level=0)` is `frame.groupby(level=0, sort=False).sum()`."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods(*_REDUCTIONS):
        level = keyword(call, "level")
        if level is None or kinds.of(function.value, site) not in _PANDAS:
            continue
        plainly = function.attr in _LEVELLED and not call.args and len(call.keywords) == 1
        grouped = f"{plain(site, function.value)}.groupby(level={site.text(level.value)}, sort=False).{function.attr}()"
        changes = whole(site, call, grouped) if plainly else ()
        yield _hit(site, function, site.text(function), "Group by the level first.", changes)


def columns_of_groups(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`frame.groupby(key)["a", "b"]` takes a list."""
    kinds = Kinds(code)
    for site, node in kinds.nodes():
        match node:
            case ast.Subscript(
                value=ast.Call(func=ast.Attribute(value=frame, attr="groupby")), slice=ast.Tuple() as key
            ):
                pass
            case _:
                continue
        if len(key.elts) > 1 and kinds.of(frame, site) == _FRAME and all(_named(one) for one in key.elts):
            start, end = site.span(key)
            bare = site.source[start] != "("
            yield _hit(
                site,
                node,
                site.text(node),
                "Choose the columns by a list.",
                ((start, start if bare else start + 1, "["), (end if bare else end - 1, end, "]")),
            )


def _named(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.Name) and not isinstance(node, ast.Starred)


def in_place(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`frame["a"].fillna(0, inplace=True)` changes a copy; the result has to be assigned."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods(*_IN_PLACE):
        flag = keyword(call, "inplace")
        if flag is None or not isinstance(flag.value, ast.Constant) or flag.value.value is not True:
            continue
        column = function.value
        if not _column(column) or not isinstance(column, ast.Subscript) or kinds.of(column.value, site) != _FRAME:
            continue
        alone = isinstance(parent(site, call), ast.Expr)
        start, _ = site.span(call)
        assigned: Change = (start, start, f"{site.text(column)} = ")
        yield _hit(
            site,
            function,
            site.text(function),
            "Assign the result to the column.",
            (assigned, _without(site, call, flag)) if alone else (),
        )


def _without(site: Site, call: ast.Call, gone: ast.keyword) -> Change:
    """Take the keyword away with the comma on its left, or else on its right."""
    start, end = site.span(gone)
    spans = sorted(site.span(one) for one in (*call.args, *call.keywords))
    at = spans.index((start, end))
    if at > 0:
        return (spans[at - 1][1], end, "")
    return (start, spans[1][0] if len(spans) > 1 else end, "")


def chained(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`frame["a"][mask] = value` sets values of a copy; `frame.loc[mask, "a"] = value` sets them."""
    kinds = Kinds(code)
    for site, node in kinds.nodes():
        match node:
            case ast.Subscript(value=ast.Subscript() as column, slice=rows, ctx=ast.Store()) if _column(column):
                pass
            case _:
                continue
        if kinds.of(column.value, site) == _FRAME and _is_mask(rows):
            new = f"{site.text(column.value)}.loc[{site.text(rows)}, {site.text(column.slice)}]"
            yield _hit(site, node, site.text(node), "Set it with one `.loc[rows, column]`.", whole(site, node, new))


def _is_mask(rows: ast.expr) -> bool:
    match rows:
        case ast.Compare() | ast.UnaryOp(op=ast.Invert()) | ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
            return True
        case ast.Call(func=ast.Attribute(attr="isnull" | "isna" | "notnull" | "notna" | "isin")):
            return True
        case _:
            return False
