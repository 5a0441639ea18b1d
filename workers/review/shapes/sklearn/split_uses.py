"""Where an old splitter is used, and how a new one is used there."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds, parent

if TYPE_CHECKING:
    from workers.review.sites import Change, Site

_TAKES_ONE = frozenset(
    {
        "cross_val_score",
        "cross_val_predict",
        "cross_validate",
        "GridSearchCV",
        "RandomizedSearchCV",
        "learning_curve",
        "validation_curve",
        "permutation_test_score",
        "RFECV",
        "LassoCV",
        "RidgeCV",
        "ElasticNetCV",
    }
)
_WALKED = frozenset({"enumerate", "list", "iter", "tuple"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The splitter, by its name or as the call that makes it, where something is done with it."""

    site: Site
    node: ast.Name | ast.Call


def written(
    kinds: Kinds, use: Use, made_in: Site, data: ast.expr, *, stratified: bool
) -> tuple[tuple[Site, Change], ...] | None:
    """The changes that use a new splitter there, often none; None where that cannot be told."""
    site, node = use.site, use.node
    _, end = site.span(node)
    match parent(site, node):
        case ast.For(iter=over) | ast.comprehension(iter=over) if over is node:
            pass
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if first is node and name in _WALKED:
            pass
        case ast.Call(func=ast.Name(id="len"), args=[only]) as call if only is node and isinstance(node, ast.Name):
            start, stop = site.span(call)
            count = _data(use, made_in, data, stratified=stratified)
            return ((site, (start, stop, f"{site.text(node)}.get_n_splits({count})")),)
        case ast.keyword(arg="cv") as keyword:
            return () if _passed_on(kinds, site, keyword, made_in.text(data), stratified=stratified) else None
        case _:
            return None
    return ((site, (end, end, f".split({_data(use, made_in, data, stratified=stratified)})")),)


def _passed_on(kinds: Kinds, site: Site, keyword: ast.keyword, data: str, *, stratified: bool) -> bool:
    """The splitter goes to what asks it for splits itself; one that stratifies has to meet the same labels there."""
    call = parent(site, keyword)
    if not isinstance(call, ast.Call):
        return False
    root, _, name = kinds.named(call.func, site).rpartition(".")
    labels = {site.text(one) for one in call.args} | {site.text(one.value) for one in call.keywords}
    return root.startswith("sklearn.") and name in _TAKES_ONE and (not stratified or data in labels)


def _data(use: Use, made_in: Site, data: ast.expr, *, stratified: bool) -> str:
    """What `split` is called with: something of the right length, and the labels where they matter."""
    if stratified:
        labels = made_in.text(data)
        return f"{_features(use, labels) or labels}, {labels}"
    return _counted(data, made_in) or f"range({made_in.text(data)})"


def _counted(count: ast.expr, site: Site) -> str | None:
    """What `len(x)` or `x.shape[0]` counts."""
    match count:
        case ast.Call(func=ast.Name(id="len"), args=[of], keywords=[]):
            return site.text(of)
        case ast.Subscript(value=ast.Attribute(value=of, attr="shape"), slice=ast.Constant(value=0)):
            return site.text(of)
        case _:
            return None


def _features(use: Use, labels: str) -> str | None:
    """What the loop indexes with a fold's numbers besides the labels."""
    loop = next((one for one in use.site.around(use.node) if isinstance(one, ast.For | ast.ListComp)), None)
    if not isinstance(loop, ast.For):
        return None
    numbers = {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
    for node in (inner for statement in loop.body for inner in ast.walk(statement)):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=index)):
                pass
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name), attr="iloc"), slice=ast.Name(id=index)):
                pass
            case _:
                continue
        if index in numbers and name != labels:
            return name
    return None
