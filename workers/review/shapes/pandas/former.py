"""Keywords and functions of pandas that became a method of their own: `resample(how=)`, `io.sql.write_frame`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds, arguments, plain, text_of
from workers.review.shapes.pandas import ducks
from workers.review.shapes.shape import Hit, keyword, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Change, Site

_METHODS = frozenset(
    [
        "count",
        "first",
        "last",
        "max",
        "mean",
        "median",
        "min",
        "nunique",
        "ohlc",
        "prod",
        "sem",
        "size",
        "std",
        "sum",
        "var",
    ]
)
_LATER = frozenset({"closed", "convention", "label", "level", "on", "origin", "offset", "rule"})
_KINDS = frozenset({"pandas.DataFrame", "pandas.Series"})
_WRITTEN = ("frame", "name", "con", "flavor", "if_exists")


def resampled(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`x.resample(rule, how="mean")` is `x.resample(rule).mean()`, with anything else `.agg(...)`."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods("resample"):
        how = keyword(call, "how")
        if how is None or not _of_pandas(kinds, site, function.value):
            continue
        new = _reduced(site, how.value)
        rest = {one.arg for one in call.keywords} - {"how"}
        start, end = site.span(call)
        fits = new and len(call.args) <= 1 and rest <= _LATER and "#" not in site.source[start:end]
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(function),
            message="`resample` no longer takes `how`",
            fix="Call the reduction on what `resample` returns: `.resample(rule).mean()`.",
            changes=(without(site, call, how), (end, end, new)) if fits else (),
            unlock="" if fits else "Its arguments have no plain counterpart.",
            target="pandas.DataFrame.resample",
        )


def _of_pandas(kinds: Kinds, site: Site, receiver: ast.expr) -> bool:
    kind = kinds.of(receiver, site)
    unknown = kind is None and kinds.code.imports.dotted(receiver, site.cell) is None
    return kind in _KINDS or (unknown and ducks.pandas_alone(kinds) and not ducks.own(kinds, "resample"))


def _reduced(site: Site, how: ast.expr) -> str:
    """The call in place of `how`; empty where it is not known what it takes."""
    name = text_of(how)
    if name is not None:
        return f".{name}()" if name in _METHODS else ""
    known = isinstance(how, ast.Name | ast.Attribute | ast.Lambda) or (
        isinstance(how, ast.Dict | ast.List) and _flat(how)
    )
    return f".agg({site.text(how)})" if known else ""


def _flat(how: ast.Dict | ast.List) -> bool:
    """What is to be done with each column, no names for the results."""
    items = how.values if isinstance(how, ast.Dict) else how.elts
    return bool(items) and all(text_of(one) is not None or isinstance(one, ast.Attribute | ast.Name) for one in items)


def sql(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`pandas.io.sql.write_frame(frame, name, con)` is `frame.to_sql(name, con, index=False)`."""
    kinds = Kinds(code)
    for site, call in kinds.calls():
        if kinds.code.imports.dotted(call.func, site.cell) != "pandas.io.sql.write_frame":
            continue
        changes = _to_sql(site, call)
        yield Hit(
            site=site,
            start=site.span(call)[0],
            anchor=site.text(call.func),
            message="`pandas.io.sql.write_frame` went",
            fix="Call `frame.to_sql(name, con, index=False)`.",
            changes=changes,
            unlock="" if changes else "Another database than SQLite is reached through SQLAlchemy now.",
            target="pandas.DataFrame.to_sql",
        )


def _to_sql(site: Site, call: ast.Call) -> tuple[Change, ...]:
    """Without a word it wrote no index, and to SQLite."""
    given = arguments(call, _WRITTEN)
    start, end = site.span(call)
    if given is None or not {"frame", "name", "con"} <= given.keys() or "#" in site.source[start:end]:
        return ()
    if "flavor" in given and text_of(given["flavor"]) != "sqlite":
        return ()
    more = f", if_exists={site.text(given['if_exists'])}" if "if_exists" in given else ""
    told = f"{site.text(given['name'])}, {site.text(given['con'])}{more}, index=False"
    return ((start, end, f"{plain(site, given['frame'])}.to_sql({told})"),)
