"""Text completions become messages: `client.completions.create(prompt=...)` is `client.messages.create(messages=[...])`.

https://docs.anthropic.com/en/api/migrating-from-text-completions-to-messages. Only a prompt of one human turn, written out, is moved.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.anthropic.prompt import MARKS, Turn, turn
from workers.review.shapes.following.flow import follow
from workers.review.shapes.following.values import Source, record
from workers.review.shapes.shape import keyword, renamed_keyword, without
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, together, unfollowed, unread, without_names, written
from workers.review.shapes.uses import imports, uses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.review.shapes.following.values import Read
    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_CLIENTS = frozenset(f"anthropic.{name}" for name in ("Anthropic", "AsyncAnthropic", "Client", "AsyncClient"))
_COMPLETION = record("a completion", "completion id model")
_KEPT = frozenset({"model", "temperature", "top_k", "top_p", "metadata", "timeout", "extra_headers", "stop_sequences"})
_WORDS = Words(
    message="`{}` went with anthropic 1.0",
    fix="Call `messages.create(messages=[...], max_tokens=...)` and read `.content[0].text`.",
    target="anthropic.Anthropic.messages",
)


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every text completion of an Anthropic client."""
    calls = list(_completions(code))
    if not calls:
        return
    turns = {(site.cell, id(call)): turn(code, site, call) for site, call in calls}
    steps = [_step(code, site, call, turns[site.cell, id(call)]) for site, call in calls]
    followed = follow(code, [Source(site=site, node=call, kind=_COMPLETION) for site, call in calls])
    read = [(one.site, _text(one)) for one in followed.reads if one.field == "completion"]
    marks, why = _marks(code, [one for one in turns.values() if isinstance(one, Turn)])
    cells = ((cell.index, cell.source) for cell in code.document.cells if cell.kind == "code")
    if unread(code.sites, cells, "anthropic"):
        why = "a cell that names `anthropic` does not parse"
    why = (
        why
        or unfollowed(followed.lost)
        or ("" if _certain(followed.reads) else "where an answer is read is not certain")
    )
    yield from together(steps, _WORDS, around=(*read, *marks), why=why)


def _completions(code: Code) -> Iterator[tuple[Site, ast.Call]]:
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(value=ast.Attribute(value=client, attr="completions"), attr="create") if code.made_by(
                client, site, _CLIENTS
            ):
                yield site, call
            case _:
                pass


def _step(code: Code, site: Site, call: ast.Call, prompt: Turn | str) -> Step:
    start = site.span(call)[0]
    anchor = site.text(call.func)
    size = keyword(call, "max_tokens_to_sample")
    if isinstance(prompt, str) or size is None or call.args:
        why = prompt if isinstance(prompt, str) else "its arguments are not all named"
        return Step(site=site, start=start, anchor=anchor, why=why)
    unknown = sorted(str(one.arg) for one in call.keywords if one.arg not in {*_KEPT, "prompt", "max_tokens_to_sample"})
    stop = _stops(code, site, call)
    end = site.span(call.func)[1]
    at = site.source.rfind("completions", start, end)
    changes: list[tuple[Site, Change]] = [(site, (at, at + len("completions"), "messages"))]
    changes += [(site, renamed_keyword(site, size, "max_tokens")), *prompt.changes]
    changes += [(site, one) for one in stop] if not isinstance(stop, str) else []
    why = f"`{', '.join(unknown)}` has no counterpart" if unknown else stop if isinstance(stop, str) else ""
    return Step(site=site, start=start, anchor=anchor, changes=tuple(changes), why=why, needs=_needs(call))


def _needs(call: ast.Call) -> tuple[Target, ...]:
    kept = tuple(one.arg for one in call.keywords if one.arg in _KEPT and one.arg != "stop_sequences")
    method = Question(name="anthropic.resources.messages.Messages.create", keywords=(*kept, "max_tokens", "messages"))
    return (Target(call=Question(name="anthropic.Anthropic.messages")), Target(call=method, arguments_only=True))


def _stops(code: Code, site: Site, call: ast.Call) -> tuple[Change, ...] | str:
    """A stop at the next human turn goes: messages end there by themselves."""
    given = keyword(call, "stop_sequences")
    if given is None:
        return ()
    told = list(ast.walk(given.value))
    marks = [one for one in told if code.imports.dotted(one, site.cell) in MARKS]
    texts = [one for one in told if isinstance(one, ast.Constant)]
    if isinstance(given.value, ast.List) and len(given.value.elts) == len(marks) == 1:
        return (without(site, call, given),)
    return "its stop sequences name turns" if marks or len(texts) != len(getattr(given.value, "elts", [])) else ()


def _text(read: Read) -> Change:
    end = read.site.span(read.outer)[1]
    return (end - len("completion"), end, "content[0].text")


def _certain(reads: Iterable[Read]) -> bool:
    told = [read for read in reads if read.field == "completion"]
    places = {(read.site.cell, read.site.span(read.outer)) for read in told}
    return len(places) == len(told) and all(read.how == "attribute" and written(read.site, read.outer) for read in told)


def _marks(code: Code, turns: list[Turn]) -> tuple[Changes, str]:
    """The imports of `HUMAN_PROMPT` and `AI_PROMPT` go where nothing else needs them."""
    used = [use for use in uses(code, "anthropic") if use.dotted in MARKS]
    spent = {(site.cell, id(node)) for one in turns for site, node in one.spent}
    left = [use for use in used if (use.site.cell, id(use.node)) not in spent and not _in_stops(use.site, use.node)]
    if left:
        return (), f"`{left[0].site.text(left[0].node)}` is used otherwise"
    gone = frozenset(name.rpartition(".")[2] for name in MARKS)
    changes = [
        (site, change)
        for site, statement in imports(code, "anthropic")
        if isinstance(statement, ast.ImportFrom) and statement.module == "anthropic"
        for change in without_names(site, statement, gone)
    ]
    return tuple(changes), ""


def _in_stops(site: Site, node: ast.expr) -> bool:
    return any(isinstance(one, ast.keyword) and one.arg == "stop_sequences" for one in site.around(node))
