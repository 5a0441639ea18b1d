"""`mean_squared_error(a, b, squared=False)` is `root_mean_squared_error(a, b)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.kinds import Kinds, imports
from workers.review.shapes.shape import keyword, without
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, together
from workers.review.shapes.uses import in_magics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.kinds import Imported
    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.shapes.together import Changes
    from workers.review.sites import Site

_HOME = "sklearn.metrics"
_OLD = ("mean_squared_error", "mean_squared_log_error")


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every error that is asked for as its root."""
    kinds = Kinds(code)
    for name in _OLD:
        steps = [_step(site, call, given, name) for site, call, given in _rooted(kinds, name)]
        if steps:
            words = Words(
                message="`{}` no longer takes `squared`",
                fix=f"Call `root_{name}`.",
                target=f"{_HOME}.root_{name}",
            )
            around, why = _imports(kinds, name)
            yield from together(steps, words, around=around, why=why if kinds.complete else "a cell does not parse")


def _rooted(kinds: Kinds, name: str) -> Iterator[tuple[Site, ast.Call, ast.keyword]]:
    for site, call in kinds.calls():
        given = keyword(call, "squared")
        false = given is not None and isinstance(given.value, ast.Constant) and given.value.value is False
        if given is not None and false and kinds.code.imports.dotted(call.func, site.cell) == f"{_HOME}.{name}":
            yield site, call, given


def _step(site: Site, call: ast.Call, given: ast.keyword, name: str) -> Step:
    start, end = site.span(call.func)
    gone = without(site, call, given)
    plain = isinstance(call.func, ast.Name | ast.Attribute) and site.text(call.func).endswith(name)
    why = "" if plain and "#" not in site.source[gone[0] : gone[1]] else "it goes by another name, or with a comment"
    return Step(
        site=site,
        start=start,
        anchor=site.text(call.func),
        changes=((site, (end - len(name), end, f"root_{name}")), (site, gone)),
        why=why,
        needs=(Target(call=Question(name=f"{_HOME}.root_{name}")),),
    )


def _imports(kinds: Kinds, name: str) -> tuple[Changes, str]:
    """The new name in place of the old one, or beside it where that is read for something else too."""
    bound = [one for one in imports(kinds) if one.dotted == f"{_HOME}.{name}"]
    if any(one.alias.asname for one in bound):
        return (), "it is imported by another name"
    rooted = {id(call.func) for _, call, _ in _rooted(kinds, name)}
    alone = all(id(load) in rooted for _, load in kinds.loads(name)) and not in_magics(kinds.code, name)
    there = any(one.dotted == f"{_HOME}.root_{name}" for one in imports(kinds))
    changes: list[Imported] = [] if there else bound
    return tuple((one.site, (*one.site.span(one.alias), _names(name, alone=alone))) for one in changes), ""


def _names(name: str, *, alone: bool) -> str:
    return f"root_{name}" if alone else f"{name}, root_{name}"
