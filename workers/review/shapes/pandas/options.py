"""`display.mpl_style` went: pandas itself names matplotlib's style sheets instead."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds, text_of
from workers.review.shapes.shape import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Change, Site

_OPTION = "display.mpl_style"
_STYLE = "ggplot"
"""What `default` looked like."""


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every place that sets the option."""
    kinds = Kinds(code)
    for site, node in kinds.nodes():
        value = _set(kinds, site, node)
        if value is None or not isinstance(node, ast.Call | ast.Assign):
            continue
        changes = _changes(kinds, site, node, value)
        yield Hit(
            site=site,
            start=site.span(node)[0],
            anchor=_OPTION,
            message=f"pandas has no option `{_OPTION}` any more",
            fix=f"Use a style of matplotlib: `plt.style.use('{_STYLE}')`.",
            changes=changes,
            unlock="" if changes else "Import `matplotlib.pyplot` before, and choose a style.",
            target="matplotlib.pyplot.style.use",
        )


def _set(kinds: Kinds, site: Site, node: ast.AST) -> ast.expr | None:
    """The value that the option is set to."""
    match node:
        case ast.Call(func=function, args=[ast.Constant(value="display.mpl_style" | "mpl_style"), value], keywords=[]):
            return value if kinds.code.imports.dotted(function, site.cell) == "pandas.set_option" else None
        case ast.Assign(targets=[ast.Attribute() as target], value=value):
            option = kinds.code.imports.dotted(target, site.cell)
            return value if option == f"pandas.options.{_OPTION}" else None
        case _:
            return None


def _changes(kinds: Kinds, site: Site, node: ast.Call | ast.Assign, value: ast.expr) -> tuple[Change, ...]:
    pyplot = kinds.code.imports.standing_for("matplotlib.pyplot", node, site.cell)
    if pyplot is None or text_of(value) != "default":
        return ()
    quote = site.text(value)[-1]
    return ((*site.span(node), f"{pyplot}.style.use({quote}{_STYLE}{quote})"),)
