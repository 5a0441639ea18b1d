"""Arguments of pandas that calls may pass by keyword alone since 2.0: they get the names they have had all along."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds
from workers.review.shapes.shape import Code, Hit, Mandate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_BOTH = {
    "drop": (1, ("labels", "axis", "index", "columns", "level", "inplace", "errors")),
    "fillna": (1, ("value", "method", "axis", "inplace", "limit", "downcast")),
    "reset_index": (1, ("level", "drop")),
}
_OWN = {
    "pandas.DataFrame": {
        "drop_duplicates": (1, ("subset", "keep", "inplace", "ignore_index")),
        "dropna": (0, ("axis", "how", "thresh", "subset", "inplace")),
        "set_index": (1, ("keys", "drop", "append", "inplace", "verify_integrity")),
        "sort_values": (1, ("by", "axis", "ascending", "inplace", "kind", "na_position", "ignore_index")),
    },
    "pandas.Series": {"sort_values": (0, ("axis", "ascending", "inplace", "kind", "na_position", "ignore_index"))},
}
_FUNCTIONS = {
    "pandas.concat": (1, ("objs", "axis", "join")),
    "pandas.read_csv": (1, ("filepath_or_buffer", "sep")),
    "pandas.read_table": (1, ("filepath_or_buffer", "sep")),
}
_PLACES = {
    **_FUNCTIONS,
    **{f"{kind}.{name}": place for kind in _OWN for name, place in (_BOTH | _OWN[kind]).items()},
}
"""Call -> how many arguments it still takes by position, and what those of the older signature are called."""


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every call that passes more by position than it may."""
    kinds = Kinds(code)
    for site, call in kinds.calls():
        place = _PLACES.get(kinds.named(call.func, site)) if call.args else None
        if place is None or len(call.args) <= place[0]:
            continue
        free, parameters = place
        changes = tuple(_named(site, call, free, parameters))
        start, _ = site.span(call)
        yield Hit(
            site=site,
            start=start,
            anchor=f"{site.text(call.func)} by position",
            message="It takes these arguments by keyword alone",
            fix=f"Pass {', '.join(f'`{name}`' for name in parameters[free : len(call.args)])} by name.",
            changes=changes,
            unlock="" if changes else "Which argument is which cannot be told.",
            target=kinds.named(call.func, site),
        )


def _named(site: Site, call: ast.Call, free: int, parameters: tuple[str, ...]) -> Iterator[Change]:
    names = parameters[free : len(call.args)]
    taken = {one.arg for one in call.keywords}
    starred = any(isinstance(one, ast.Starred) for one in call.args)
    if starred or len(call.args) > len(parameters) or taken & {*names, None}:
        return
    for name, value in zip(names, call.args[free:], strict=True):
        start, _ = site.span(value)
        yield (start, start, f"{name}=")
