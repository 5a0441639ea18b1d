"""`embed_content` of one text: what came back as an item is the first of the client's embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.review.shapes.following.values import Source, record
from workers.review.shapes.genai.texts import textual
from workers.review.shapes.shape import keyword, without
from workers.review.shapes.together import written

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from workers.review.shapes.following.values import Read
    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

EMBEDDING = record("an embedding", "embedding")
_CONFIG = frozenset({"task_type", "title", "output_dimensionality"})


def embedded(plan: Plan, site: Site, call: ast.Call) -> tuple[Changes, str]:
    """`embed_content(model=m, content=text)` as the client's; several texts have answers of another form."""
    content = keyword(call, "content")
    options = [one for one in call.keywords if one.arg in _CONFIG]
    if call.args or content is None or not {one.arg for one in call.keywords} <= {"model", "content", *_CONFIG}:
        return (), "its arguments have no counterpart"
    if not textual(plan.code, site, content.value):
        return (), "whether one embedding comes back or several is not written out"
    start = site.span(content)[0]
    changes: list[Change] = [
        (*site.span(call.func), f"{plan.client}.models.embed_content"),
        (start, start + len("content"), "contents"),
    ]
    entries = ", ".join(f'"{one.arg}": {site.text(one.value)}' for one in options)
    changes += [without(site, call, one) for one in options[1:]]
    changes += [(*site.span(one), f"config={{{entries}}}") for one in options[:1]]
    plan.sources.append(Source(site=site, node=call, kind=EMBEDDING))
    return tuple((site, one) for one in changes), ""


def values(reads: Iterable[Read]) -> tuple[Changes, str]:
    """`answer["embedding"]` is `answer.embeddings[0].values`."""
    changes: list[tuple[Site, Change]] = []
    for read in reads:
        if read.record is not EMBEDDING:
            continue
        if read.how != "item" or not written(read.site, read.outer):
            return (), f"`{read.site.text(read.outer)}` has no plain counterpart"
        changes.append((read.site, (read.site.span(read.base)[1], read.site.span(read.outer)[1], _FIRST)))
    return tuple(changes), ""


_FIRST = ".embeddings[0].values"
