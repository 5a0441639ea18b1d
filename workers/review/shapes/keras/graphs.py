"""TensorFlow 1 documents: graphs and sessions go on under `tensorflow.compat.v1`, all names in one move."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Imported, Kinds, imports
from workers.review.shapes.shape import Code, Hit, Mandate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_V1 = "tensorflow.compat.v1"
_OF_GRAPHS = frozenset(
    {
        "Session",
        "InteractiveSession",
        "placeholder",
        "placeholder_with_default",
        "global_variables_initializer",
        "initialize_all_variables",
        "local_variables_initializer",
        "get_variable",
        "variable_scope",
        "get_default_graph",
        "reset_default_graph",
    }
)
"""Names that only a document which builds graphs uses."""
_WITHOUT_TARGET = frozenset({"contrib", "layers", "nn.rnn_cell", "nn.static_rnn", "examples", "flags"})
"""What `compat.v1` has no more, or only with an older Keras."""


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """The import of TensorFlow in a document that builds graphs."""
    kinds = Kinds(code)
    used = _used(kinds)
    graphs = sorted(name for name in used if name in _OF_GRAPHS)
    every = [one for one in imports(kinds) if one.dotted.partition(".")[0] == "tensorflow"]
    whole = [one for one in every if one.dotted == "tensorflow" and isinstance(one.statement, ast.Import)]
    if not graphs or not whole:
        return
    reason = _hindrance(kinds, every, whole, used)
    first = whole[0]
    changes = (
        [] if reason else [(one.site, change) for one in whole for change in _compatible(one, switch=one is first)]
    )
    start, _ = first.site.span(first.statement)
    yield Hit(
        site=first.site,
        start=start,
        anchor=first.site.text(first.statement),
        message=f"The document builds graphs as in TensorFlow 1 (`{graphs[0]}`)",
        fix="Import `tensorflow.compat.v1` and call `disable_v2_behavior()`, or write it anew for TensorFlow 2.",
        elsewhere=tuple(changes),
        unlock=reason,
        target=f"{_V1}.disable_v2_behavior",
    )


def _used(kinds: Kinds) -> set[str]:
    """Every name below `tensorflow` that is read, each with what it stands in."""
    found: set[str] = set()
    for site, node in kinds.nodes():
        if isinstance(node, ast.Attribute):
            dotted = kinds.code.imports.dotted(node, site.cell) or ""
            if dotted.startswith("tensorflow."):
                found.add(dotted.removeprefix("tensorflow."))
    return found


def _hindrance(kinds: Kinds, every: list[Imported], whole: list[Imported], used: set[str]) -> str:
    """Why the whole document cannot move; empty when it can."""
    lost = sorted(name for name in used if name in _WITHOUT_TARGET or name.partition(".")[0] == "keras")
    if lost:
        return f"`tf.{lost[0]}` has no counterpart in `{_V1}` of today."
    if len(every) != len(whole):
        return "Other parts of TensorFlow are imported by name."
    if not kinds.complete:
        return "A cell of the document does not parse."
    alone = all(one.alone and one.bound == whole[0].bound for one in whole)
    return "" if alone else "TensorFlow is imported together with other modules, or under two names."


def _compatible(one: Imported, *, switch: bool) -> Iterator[Change]:
    site, statement = one.site, one.statement
    start, end = site.span(statement)
    yield (start, end, f"import {_V1} as {one.bound}{_switched(site, start, one.bound) if switch else ''}")


def _switched(site: Site, start: int, name: str) -> str:
    line = site.source[site.source.rfind("\n", 0, start) + 1 : start]
    return f"{'; ' if line.strip() else chr(10) + line}{name}.disable_v2_behavior()"
