"""`frame.ix[...]`: `loc` where the keys are labels, a position through the axis where they are numbers on an axis of names."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workers.review.shapes.kinds import Kinds, parent, plain
from workers.review.shapes.shape import Code, Hit, Mandate, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

Key = Literal["any", "label", "number", "unknown"]
Axis = Literal["numbers", "names", "unknown"]

_FRAME = "pandas.DataFrame"
_SERIES = "pandas.Series"
_REINDEXED = frozenset({"index", "columns"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axes:
    """What the labels of an object are."""

    rows: Axis = "unknown"
    columns: Axis = "unknown"


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every `.ix[...]` of a frame or a series."""
    kinds = Kinds(code)
    for site, node in kinds.attributes("ix"):
        kind = kinds.of(node.value, site)
        subscript = parent(site, node)
        if kind in {_FRAME, _SERIES} and isinstance(subscript, ast.Subscript) and subscript.value is node:
            changes = _changes(kinds, site, node, subscript, kind)
            start, _ = site.span(node)
            yield Hit(
                site=site,
                start=start,
                anchor=site.text(node),
                message="`.ix` is gone: it guessed whether a label or a position was meant",
                fix="Use `.loc` for labels and `.iloc` for positions.",
                changes=changes,
                unlock="" if changes else "Whether labels or positions are meant has to be said by a person.",
                target=f"{kind}.loc",
            )


def _changes(kinds: Kinds, site: Site, node: ast.Attribute, subscript: ast.Subscript, kind: str) -> tuple[Change, ...]:
    axes = _axes(kinds, node.value, site, kind)
    keys = subscript.slice.elts if isinstance(subscript.slice, ast.Tuple) else [subscript.slice]
    if len(keys) > (2 if kind == _FRAME else 1):
        return ()
    told: list[Key] = [_key(kinds, site, key, axis) for key, axis in zip(keys, ("rows", "columns"), strict=False)]
    labelled = [_labelled(axes, axis, one) for axis, one in zip(("rows", "columns"), told, strict=False)]
    _, end = site.span(node)
    renamed: Change = (end - len("ix"), end, "loc")
    if None in labelled or site.source[renamed[0] : end] != "ix":
        return ()
    holder = plain(site, node.value)
    places = [
        _through(site, key, f"{holder}.{axis}")
        for key, axis, how in zip(keys, ("index", "columns"), labelled, strict=False)
        if how == "position"
    ]
    return (renamed, *places)


def _labelled(axes: _Axes, axis: str, key: Key) -> Literal["label", "position"] | None:
    labels: Axis = axes.rows if axis == "rows" else axes.columns
    match key:
        case "any" | "label":
            return "label"
        case "number" if labels == "numbers":
            return "label"
        case "number" if labels == "names":
            return "position"
        case _:
            return None


def _through(site: Site, key: ast.expr, axis: str) -> Change:
    """A position as the label that stands there, a slice as those it covers: a slice of labels would take its end along."""
    start, end = site.span(key)
    return (start, end, f"{axis}[{site.text(key)}]")


def _key(kinds: Kinds, site: Site, key: ast.expr, axis: str, depth: int = 0) -> Key:  # noqa: PLR0911 - one line a kind
    match key:
        case ast.Slice(lower=None, upper=None, step=None):
            return "any"
        case ast.Slice(lower=lower, upper=upper):
            return _bounds([_key(kinds, site, one, axis) for one in (lower, upper) if one])
        case ast.Constant(value=bool()):
            return "unknown"
        case ast.Constant(value=str()) | ast.JoinedStr():
            return "label"
        case ast.Constant(value=int()):
            return "number"
        case ast.List(elts=[_, *_] as items):
            return _bounds([_key(kinds, site, one, axis) for one in items])
        case ast.Compare() | ast.UnaryOp(op=ast.Invert()):
            return "label" if axis == "rows" else "unknown"
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
            return "label" if axis == "rows" else "unknown"
        case ast.Name() if depth == 0:
            values = kinds.code.imports.assigned(key, site.cell)
            told: set[Key] = {_key(kinds, site, one.value, axis, 1) for one in values if one.item is None}
            return told.pop() if len(told) == 1 and len(values) == 1 else "unknown"
        case _:
            return "unknown"


def _bounds(told: list[Key]) -> Key:
    return told[0] if told and len(set(told)) == 1 and told[0] in {"label", "number"} else "unknown"


def _axes(kinds: Kinds, node: ast.expr, site: Site, kind: str) -> _Axes:
    """The axes of what one construction made and nothing in the document relabels."""
    if not isinstance(node, ast.Name) or _relabelled(kinds, node.id):
        return _Axes()
    values = kinds.code.imports.assigned(node, site.cell)
    if len(values) != 1 or values[0].item is not None or not isinstance(values[0].value, ast.Call):
        return _Axes()
    call = values[0].value
    if any(one.arg is None for one in call.keywords):
        return _Axes()
    made = kinds.code.imports.dotted(call.func, values[0].cell) or ""
    if made in {"pandas.read_csv", "pandas.read_table", "pandas.read_excel"}:
        return _read(call)
    return _built(call, kind) if made == kind else _Axes()


def _read(call: ast.Call) -> _Axes:
    """A reader numbers the rows and takes the names of columns from the file unless it is told otherwise."""
    if len(call.args) != 1:
        return _Axes()
    named = not any(keyword(call, name) for name in ("header", "names", "usecols", "prefix"))
    numbered = not any(keyword(call, name) for name in ("index_col", "names", "usecols", "skiprows"))
    return _Axes(rows="numbers" if numbered else "unknown", columns="names" if named else "unknown")


def _built(call: ast.Call, kind: str) -> _Axes:
    index, columns = keyword(call, "index"), keyword(call, "columns")
    data = call.args[0] if len(call.args) == 1 else None
    rows: Axis = "unknown"
    names: Axis = "unknown"
    if index is not None:
        rows = "names" if _strings(index.value) else "unknown"
    elif isinstance(data, ast.List) or (kind == _FRAME and isinstance(data, ast.Dict) and _lists(data)):
        rows = "numbers"
    if columns is not None:
        names = "names" if _strings(columns.value) else "unknown"
    elif isinstance(data, ast.Dict) and data.keys and all(_string(key) for key in data.keys):
        names = "names"
    return _Axes(rows=rows, columns=names)


def _lists(data: ast.Dict) -> bool:
    return bool(data.values) and all(isinstance(value, ast.List) for value in data.values)


def _strings(node: ast.expr) -> bool:
    match node:
        case ast.List(elts=[_, *_] as items):
            return all(_string(one) for one in items)
        case ast.Call(func=ast.Name(id="list"), args=[ast.Constant(value=str())]):
            return True
        case _:
            return False


def _string(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _relabelled(kinds: Kinds, name: str) -> bool:
    """Something may give the object other labels in place."""
    for _, node in kinds.nodes():
        match node:
            case ast.Attribute(value=ast.Name(id=found), attr=attribute, ctx=ast.Store()) if found == name:
                if attribute in _REINDEXED:
                    return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found)), keywords=given) if found == name:
                if any(one.arg == "inplace" for one in given):
                    return True
            case ast.Subscript(value=ast.Name(id=found), ctx=ast.Store() | ast.Del(), slice=key) if found == name:
                if not _string(key):
                    return True
            case _:
                pass
    return False
