"""Arguments of `TrainingArguments` that a dictionary holds under their old name: `TrainingArguments(**defaults)`.

https://github.com/huggingface/transformers/releases/tag/v4.41.0. What is passed by its name alone is a rule of the pack.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.following import bound
from workers.review.shapes.following.given import given
from workers.review.shapes.shape import Hit
from workers.review.shapes.targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.following.given import Given
    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Site

_CALLS = frozenset({"transformers.TrainingArguments", "transformers.Seq2SeqTrainingArguments"})
_RENAMED = {"evaluation_strategy": "eval_strategy"}


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every old name among the keys of what is spread out, each once."""
    seen: set[tuple[int, int]] = set()
    for site, call in code.calls():
        dotted = code.imports.dotted(call.func, site.cell)
        spread = [one.value for one in call.keywords if one.arg is None]
        if dotted not in _CALLS or not spread:
            continue
        told = given(code, site, call)
        if isinstance(told, str):
            yield from _unseen(code, site, call, spread, told)
            continue
        names = {one.name for one in told}
        for one in told:
            place = (one.site.cell, one.site.span(one.place)[0])
            if one.name in _RENAMED and not isinstance(one.place, ast.keyword) and place not in seen:
                seen.add(place)
                why = _why(code, spread, names & set(_RENAMED.values()))
                yield _hit(one, dotted, why)


def _unseen(code: Code, site: Site, call: ast.Call, spread: list[ast.expr], why: str) -> Iterator[Hit]:
    """A call whose arguments are not all seen, where a dictionary that is seen has an old name."""
    held = [
        one.value
        for value in spread
        if isinstance(value, ast.Name)
        for one in code.imports.assigned(value, site.cell)
        if isinstance(one.value, ast.Dict)
    ]
    keys = {key.value for one in held for key in one.keys if isinstance(key, ast.Constant)}
    for name in sorted(_RENAMED.keys() & keys):
        yield Hit(
            site=site,
            start=site.span(call)[0],
            anchor=site.text(call.func),
            message=f"`{name}` is called `{_RENAMED[name]}` now",
            fix=f"Pass `{_RENAMED[name]}`.",
            unlock=why,
        )


def _hit(one: Given, dotted: str, why: str) -> Hit:
    new = _RENAMED[one.name]
    needs = Target(call=Question(name=dotted, keywords=(new,)), new=(new,))
    return Hit(
        site=one.site,
        start=one.site.span(one.place)[0],
        anchor=one.site.text(one.place),
        message=f"`{one.name}` is called `{new}` now",
        fix=f"Pass `{new}`.",
        changes=() if why else ((one.renamed(new)),),
        unlock=why,
        target=dotted,
        needs=(needs,),
    )


def _why(code: Code, spread: list[ast.expr], both: set[str]) -> str:
    """Why the key cannot be renamed; empty where it can."""
    if both:
        return f"`{min(both)}` is passed as well"
    for value in spread:
        if isinstance(value, ast.Name) and any(
            not _handed(code, site, load) for site, load in bound.loads(code, value.id)
        ):
            return f"`{value.id}` is used for something else too"
    return ""


def _handed(code: Code, site: Site, load: ast.Name) -> bool:
    """It is spread out into the arguments, as everywhere."""
    match site.around(load)[:2]:
        case [ast.keyword(arg=None), ast.Call(func=function)]:
            return code.imports.dotted(function, site.cell) in _CALLS
        case _:
            return False
