"""Calls that nothing but pandas takes, told by their arguments where what they are called on is unknown."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import text_of
from workers.review.shapes.shape import keyword

if TYPE_CHECKING:
    from workers.review.shapes.kinds import Kinds
    from workers.review.sites import Site

_ALIKE = frozenset(
    [
        "astropy",
        "cudf",
        "dask",
        "databricks",
        "datafusion",
        "django",
        "graphlab",
        "h2o",
        "ibis",
        "modin",
        "mongoengine",
        "motor",
        "peewee",
        "polars",
        "pyarrow",
        "pymongo",
        "pyspark",
        "sframe",
        "sqlalchemy",
        "turicreate",
        "vaex",
        "xarray",
    ]
)
"""Libraries whose tables or queries have methods of the same names."""
_FRAMES = frozenset({"geopandas", "pandas", "seaborn", "statsmodels"})
"""pandas, and what hands out its frames."""
_SORTING = frozenset({"ascending", "columns", "inplace", "na_position"})


def pandas_alone(kinds: Kinds) -> bool:
    """The document imports pandas or what hands out its frames, and no other library that may be taken for it."""
    roots = {root for site in kinds.code.sites for node in site.nodes for root in _roots(node)}
    return bool(roots & _FRAMES) and not roots & _ALIKE


def _roots(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [one.name.partition(".")[0] for one in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module.partition(".")[0]]
        case _:
            return []


def own(kinds: Kinds, method: str) -> bool:
    """The document defines something of that name itself."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == method
        for site in kinds.code.sites
        for node in site.nodes
    )


def sorts_a_frame(kinds: Kinds, site: Site, call: ast.Call) -> bool:
    """`x.sort("a", ascending=False)`, or a choice of columns sorted by one of them: lists and arrays take neither."""
    by = call.args[0] if len(call.args) == 1 else None
    given = keyword(call, "columns")
    columns = by or (given.value if given is not None else None)
    if columns is None or not _names(columns) or kinds.of(_receiver(call), site) is not None:
        return False
    named = {one.arg or "" for one in call.keywords}
    surely = bool(named) and named <= _SORTING
    chosen = not named and _chosen(_receiver(call), columns)
    return (surely or chosen) and pandas_alone(kinds) and not own(kinds, "sort")


def _receiver(call: ast.Call) -> ast.expr:
    return call.func.value if isinstance(call.func, ast.Attribute) else call.func


def _names(columns: ast.expr) -> list[str]:
    """The columns that are written out; none where one is not."""
    items = columns.elts if isinstance(columns, ast.List) else [columns]
    told = [text_of(one) for one in items]
    return [one for one in told if one is not None] if None not in told else []


def _chosen(receiver: ast.expr, columns: ast.expr) -> bool:
    match receiver:
        case ast.Subscript(slice=ast.List() as chosen):
            return set(_names(columns)) <= set(_names(chosen))
        case _:
            return False
