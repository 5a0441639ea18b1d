"""`with tokenizer.as_target_tokenizer(): labels = tokenizer(x)` is `labels = tokenizer(text_target=x)`.

https://github.com/huggingface/transformers/blob/main/MIGRATION_GUIDE_V5.md
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.shape import Hit, keyword, renamed_keyword
from workers.review.shapes.targets import Target
from workers.review.shapes.together import written
from workers.review.shapes.uses import imports, line_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Change, Site

_METHOD = "as_target_tokenizer"
_CALL = "transformers.PreTrainedTokenizerBase.__call__"


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every call of the method, in documents that import transformers."""
    if not any(True for _ in imports(code, "transformers")):
        return
    for site, call in code.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == _METHOD:
            yield _hit(site, call, call.func)


def _hit(site: Site, call: ast.Call, function: ast.Attribute) -> Hit:
    changes = _changes(site, call, function)
    told = isinstance(changes, str)
    return Hit(
        site=site,
        start=site.span(call)[0],
        anchor=site.text(function),
        message=f"`{_METHOD}` went with transformers 5",
        fix="Call the tokenizer with `text_target=...`.",
        changes=() if told else changes,
        unlock=changes if told else "",
        target=_CALL,
        needs=(Target(call=Question(name=_CALL, keywords=("text_target",)), new=("text_target",)),),
    )


def _changes(site: Site, call: ast.Call, function: ast.Attribute) -> tuple[Change, ...] | str:
    around = site.around(call)
    block = around[1] if len(around) > 1 and isinstance(around[0], ast.withitem) else None
    if not isinstance(block, ast.With) or len(block.items) != 1 or block.items[0].optional_vars is not None:
        return "it is not the one thing that a `with` opens"
    if not isinstance(function.value, ast.Name) or call.args or call.keywords:
        return "what it is called on has no plain name"
    called = _called(site, block, function.value.id)
    if isinstance(called, str):
        return called
    lifted = _lifted(site, block)
    return lifted if isinstance(lifted, str) else (*lifted, *called)


def _called(site: Site, block: ast.With, name: str) -> tuple[Change, ...] | str:
    """The changes of the calls inside, all of which have to be of the tokenizer itself."""
    changes: list[Change] = []
    inside = [node for statement in block.body for node in ast.walk(statement)]
    for node in inside:
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        outer = site.around(node)[0]
        if not isinstance(outer, ast.Call) or outer.func is not node or not written(site, outer):
            return "the tokenizer is used inside in another way"
        change = _target(site, outer)
        if change is None:
            return "the tokenizer is called inside with more than one text"
        changes.append(change)
    return tuple(changes) or "the tokenizer is not called inside"


def _target(site: Site, call: ast.Call) -> Change | None:
    """The one text is passed as the target."""
    known = {"text_pair", "text_target", "text_pair_target"}
    if any(one.arg is None or one.arg in known for one in call.keywords):
        return None
    text = keyword(call, "text")
    if text is not None:
        return None if call.args else renamed_keyword(site, text, "text_target")
    if len(call.args) != 1 or isinstance(call.args[0], ast.Starred):
        return None
    at = site.span(call.args[0])[0]
    return (at, at, "text_target=")


def _lifted(site: Site, block: ast.With) -> tuple[Change, ...] | str:
    """The line of the `with` goes, and what it held moves to its place."""
    start, _ = site.span(block)
    first, last = site.span(block.body[0])[0], site.span(block.body[-1])[1]
    line, opens = site.source.rfind("\n", 0, start) + 1, line_end(site, start)
    body = opens + 1
    outer = site.source[line:start]
    inner = site.source[site.source.rfind("\n", 0, first) + 1 : first]
    if outer.strip() or not site.source[line:opens].rstrip().endswith(":") or first < body or inner.strip():
        return "its lines are written in a way that is left to a person"
    if any(_long(node) for statement in block.body for node in ast.walk(statement)):
        return "a text inside goes over several lines"
    shift = inner.removeprefix(outer)
    changes: list[Change] = [(line, body, "")]
    at = body
    while at <= last:
        if site.source.startswith(inner, at):
            changes.append((at + len(outer), at + len(outer) + len(shift), ""))
        at = line_end(site, at) + 1
    return tuple(changes) if inner.startswith(outer) and shift else "its lines are indented in an unusual way"


def _long(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno
