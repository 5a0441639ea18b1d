"""Pandas calls that changed their shape: `scatter_plot`, `append`, `fillna(method=...)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.shape import Code, Hit, Mandate, keyword, renamed_method, without
from workers.review.shapes.targets import target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_SCATTER = frozenset({"pandas.tools.plotting.scatter_plot"})
_READERS = ("csv", "excel", "feather", "fwf", "json", "parquet", "pickle", "sql", "sql_query", "stata", "table")
_FRAMES = frozenset(
    {"pandas.DataFrame", "pandas.DataFrame.from_dict", "pandas.DataFrame.from_records", "pandas.concat"}
) | {f"pandas.read_{name}" for name in _READERS}
_FILLS = {"ffill": "ffill", "pad": "ffill", "bfill": "bfill", "backfill": "bfill"}
_FILL_KEYWORDS = frozenset({"method", "inplace", "limit", "axis"})


def scatter_plot(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`scatter_plot(frame, x, y)` is `frame.plot.scatter(x=x, y=y)`."""
    for site, call in code.calls():
        if code.imports.dotted(call.func, site.cell) not in _SCATTER:
            continue
        start, _ = site.span(call)
        changes = _scatter(site, call)
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(call.func),
            message="`scatter_plot` is a method of the frame now",
            fix="Call `frame.plot.scatter(x=..., y=...)`.",
            changes=changes,
            unlock="" if changes else "Frame, x and y are not all passed by position.",
            target="pandas.DataFrame.plot",
            needs=(target(call, "pandas.DataFrame.plot.scatter", new=("x", "y")),),
        )


def _scatter(site: Site, call: ast.Call) -> tuple[Change, ...]:
    match call:
        case ast.Call(func=ast.Attribute(), args=[frame, x, y]) if all(one.arg for one in call.keywords):
            start, _ = site.span(call)
            text = site.text(frame)
            plain = isinstance(frame, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
            first, second = site.span(x)[0], site.span(y)[0]
            opening = f"{text if plain else f'({text})'}.plot.scatter("
            return ((start, first, f"{opening}x="), (second, second, "y="))
        case _:
            return ()


def append(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`frame.append(other)` is `pandas.concat([frame, other])`."""
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(value=frame, attr="append") as function if _is_frame(code, frame, site):
                start, _ = site.span(call)
                changes, unlock = _concat(code, site, call, frame)
                yield Hit(
                    site=site,
                    start=start,
                    anchor=site.text(function),
                    message="`DataFrame.append` gave way to `concat`",
                    fix="Call `concat([frame, other])`.",
                    changes=changes,
                    unlock=unlock,
                    target="pandas.concat",
                    needs=(target(call, "pandas.concat"),),
                )
            case _:
                pass


def _is_frame(code: Code, node: ast.expr, site: Site, depth: int = 0) -> bool:
    """True when all that the name holds came from pandas as a frame, or from appending to itself."""
    if not isinstance(node, ast.Name):
        return code.made_by(node, site, _FRAMES)
    values = [one for one in code.imports.assigned(node, site.cell) if not _appends_to(one.value, node.id)]
    if not values:
        return depth == 0 and _before(code, node)
    return all(
        one.item is None
        and isinstance(one.value, ast.Call)
        and code.imports.dotted(one.value.func, one.cell) in _FRAMES
        for one in values
    )


def _appends_to(value: ast.expr, name: str) -> bool:
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="append")):
            return found == name
        case _:
            return False


def _before(code: Code, node: ast.Name) -> bool:
    """Every assignment of the name anywhere in the document is a frame or an append to itself."""
    values = [
        (one, assignment.value)
        for one in code.sites
        for assignment in one.nodes
        if isinstance(assignment, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == node.id for target in assignment.targets)
    ]
    made = [(one, value) for one, value in values if not _appends_to(value, node.id)]
    return (
        bool(made)
        and all(code.made_by(value, one, _FRAMES) for one, value in made if isinstance(value, ast.Call))
        and all(isinstance(value, ast.Call) for _, value in made)
    )


def _concat(code: Code, site: Site, call: ast.Call, frame: ast.expr) -> tuple[tuple[Change, ...], str]:
    pandas = _alias(code)
    if pandas is None or len(call.args) != 1 or not {one.arg for one in call.keywords} <= {"ignore_index", "sort"}:
        return (), "Only `frame.append(other)` with `ignore_index` or `sort` has a plain counterpart."
    other = call.args[0]
    row = isinstance(other, ast.Dict) and keyword(call, "ignore_index") is not None
    if not row and not _is_frame(code, other, site):
        return (
            (),
            f"What `{site.text(other)}` holds is unknown: a frame, a row or a list of them each want another form.",
        )
    start, _ = site.span(call)
    first, last = site.span(other)
    opening, closing = (f"{pandas}.DataFrame([", "])") if row else ("", "")
    return ((start, first, f"{pandas}.concat([{site.text(frame)}, {opening}"), (last, last, f"{closing}]")), ""


def _alias(code: Code) -> str | None:
    """The name pandas goes by here."""
    for site in code.sites:
        for node in site.nodes:
            if isinstance(node, ast.Import):
                for one in node.names:
                    if one.name == "pandas":
                        return one.asname or one.name
    return None


def _of_own_class(code: Code, node: ast.expr, site: Site) -> bool:
    """True for what is only ever made by a class that the document itself defines."""
    own = {one.name for each in code.sites for one in each.nodes if isinstance(one, ast.ClassDef)}
    held = code.imports.assigned(node, site.cell) if isinstance(node, ast.Name) and own else ()
    made = [one.value.func for one in held if isinstance(one.value, ast.Call)]
    return bool(held) and len(made) == len(held) and all(isinstance(one, ast.Name) and one.id in own for one in made)


def fillna(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`fillna(method="ffill")` is `ffill()`."""
    if _alias(code) is None:
        return
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(attr="fillna", value=receiver) as function if not _of_own_class(code, receiver, site):
                pass
            case _:
                continue
        method = keyword(call, "method")
        new = _FILLS.get(str(method.value.value)) if method and isinstance(method.value, ast.Constant) else None
        if method is None or new is None:
            continue
        plain = not call.args and {one.arg for one in call.keywords} <= _FILL_KEYWORDS
        start, _ = site.span(call)
        yield Hit(
            site=site,
            start=start,
            anchor=f"fillna(method={new})",
            message=f"`fillna(method=...)` gave way to `{new}()`",
            fix=f"Call `{new}()`.",
            changes=(renamed_method(site, function, new), without(site, call, method)) if plain else (),
            unlock="" if plain else f"A value beside the method has no counterpart in `{new}()`.",
            target=f"pandas.DataFrame.{new}",
            needs=(target(call, f"pandas.DataFrame.{new}", {"method": None}),),
        )
