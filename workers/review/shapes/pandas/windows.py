"""pandas functions that became methods: `rolling_mean(x, 5)` is `x.rolling(5).mean()`; readers and groupers of old."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds, arguments, commented, plain
from workers.review.shapes.shape import Code, Hit, Mandate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.review.sites import Change, Site

_ROLLING = ("arg", "window", "min_periods", "freq", "center", "how")
_OWN = {"std": ("ddof",), "var": ("ddof",)}
_EWM = ("arg", "com", "span", "halflife", "min_periods", "freq", "adjust", "how", "ignore_na")
_PLAIN = ("count", "kurt", "max", "mean", "median", "min", "skew", "std", "sum", "var")
_EWMED = {"ewma": "mean", "ewmstd": "std", "ewmvol": "std", "ewmvar": "var"}
_NOT_ANY_MORE = frozenset({"freq", "how"})


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every window function of a series or a frame."""
    kinds = Kinds(code)
    for site, call in kinds.calls():
        module, _, name = (code.imports.dotted(call.func, site.cell) or "").rpartition(".")
        if module not in {"pandas", "pandas.stats.moments"}:
            continue
        told = _told(site, call, name)
        if told is None:
            continue
        start, end = site.span(call)
        known = bool(call.args) and _pandas(kinds, call.args[0], site)
        clear = bool(told) and known and not commented(site, start, end)
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(call.func),
            message=f"`{name}` is a method now",
            fix="Call the method, e.g. `series.rolling(window).mean()`.",
            changes=((start, end, told),) if clear else (),
            unlock="" if clear else "What it is called with has no plain counterpart, or is not known to be of pandas.",
            target="pandas.Series.rolling",
        )


def _pandas(kinds: Kinds, node: ast.expr, site: Site) -> bool:
    """A series or a frame, not an array: arrays have no such methods."""
    return kinds.of(node, site) in {"pandas.Series", "pandas.DataFrame"}


def _told(site: Site, call: ast.Call, name: str) -> str | None:
    """The call as a method; empty where there is none, None where it is no window function."""
    window, _, what = name.partition("_")
    if name in _EWMED:
        return _method(site, arguments(call, (*_EWM, "bias")), "ewm", _EWMED[name], ("bias",))
    if window == "rolling" and what in _PLAIN and what != "count":
        return _method(site, arguments(call, (*_ROLLING, *_OWN.get(what, ()))), "rolling", what, _OWN.get(what, ()))
    if window == "expanding" and what in _PLAIN and what != "count":
        own = _OWN.get(what, ())
        return _method(site, arguments(call, ("arg", "min_periods", "freq", *own)), "expanding", what, own)
    if window == "rolling" and what == "apply":
        return _applied(site, call)
    return (
        "" if window in {"rolling", "expanding", "ewmcov", "ewmcorr"} and (what or window.startswith("ewm")) else None
    )


def _applied(site: Site, call: ast.Call) -> str:
    given = arguments(call, ("arg", "window", "func", "min_periods", "freq", "center"))
    if given is None or "func" not in given:
        return ""
    function = site.text(given.pop("func"))
    opening = _method(site, given, "rolling", "apply", ())
    return f"{opening.removesuffix(')')}{function}, raw=True)" if opening else ""


def _method(site: Site, given: Mapping[str, ast.expr] | None, window: str, what: str, own: tuple[str, ...]) -> str:
    """`arg.window(...).what(...)`, what belongs to the second call kept for it."""
    if given is None or "arg" not in given or given.keys() & _NOT_ANY_MORE:
        return ""
    first = [site.text(given["window"])] if "window" in given else []
    first += [f"{key}={site.text(value)}" for key, value in given.items() if key not in {"arg", "window", *own}]
    second = [f"{key}={site.text(given[key])}" for key in own if key in given]
    return f"{plain(site, given['arg'])}.{window}({', '.join(first)}).{what}({', '.join(second)})"


def grouper(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`TimeGrouper("M")` is `Grouper(freq="M")`."""
    called_only = _called_only(code, "pandas.TimeGrouper")
    for site, call in Kinds(code).calls():
        if code.imports.dotted(call.func, site.cell) != "pandas.TimeGrouper":
            continue
        changes = _grouped(site, call) if called_only else ()
        start, _ = site.span(call)
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(call.func),
            message="`TimeGrouper` gave way to `Grouper`",
            fix="Use `pd.Grouper(freq=...)`.",
            changes=changes,
            unlock=""
            if changes
            else "It is imported by name, read without being called, or takes more than a frequency.",
            target="pandas.Grouper",
        )


def _called_only(code: Code, name: str) -> bool:
    """False where the name is also handed around: its calls alone would be half of the change."""
    read = [
        node
        for site in code.sites
        for node in site.nodes
        if isinstance(node, ast.Attribute) and code.imports.dotted(node, site.cell) == name
    ]
    called = {id(node.func) for site in code.sites for node in site.nodes if isinstance(node, ast.Call)}
    return all(id(node) in called for node in read)


def _grouped(site: Site, call: ast.Call) -> tuple[Change, ...]:
    if not isinstance(call.func, ast.Attribute) or len(call.args) + len(call.keywords) != 1:
        return ()
    _, end = site.span(call.func)
    renamed: Change = (end - len("TimeGrouper"), end, "Grouper")
    if call.args and not isinstance(call.args[0], ast.Starred):
        start, _ = site.span(call.args[0])
        return (renamed, (start, start, "freq="))
    return (renamed,) if call.keywords and call.keywords[0].arg == "freq" else ()


def from_csv(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`DataFrame.from_csv(path)` is `read_csv(path, index_col=0, parse_dates=True)`."""
    for site, call in Kinds(code).calls():
        if code.imports.dotted(call.func, site.cell) != "pandas.DataFrame.from_csv":
            continue
        changes = _read(site, call)
        start, _ = site.span(call)
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(call.func),
            message="`DataFrame.from_csv` gave way to `read_csv`",
            fix="Use `pd.read_csv(path, index_col=0, parse_dates=True)`.",
            changes=changes,
            unlock="" if changes else "It takes more than a path by position, or pandas is not imported by itself.",
            target="pandas.read_csv",
        )


def _read(site: Site, call: ast.Call) -> tuple[Change, ...]:
    match call.func:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=pandas))):
            pass
        case _:
            return ()
    given = {one.arg for one in call.keywords}
    if len(call.args) != 1 or None in given or not given <= {"header", "sep", "index_col", "parse_dates", "encoding"}:
        return ()
    missing = [f"{key}={value}" for key, value in (("index_col", "0"), ("parse_dates", "True")) if key not in given]
    last = max(site.span(one)[1] for one in (*call.args, *call.keywords))
    start, end = site.span(call.func)
    return ((start, end, f"{pandas}.read_csv"), (last, last, "".join(f", {one}" for one in missing)))
