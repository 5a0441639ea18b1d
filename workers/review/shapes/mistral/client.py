"""`MistralClient` is `Mistral`: `chat(` is `chat.complete(`, `chat_stream(` is `chat.stream(`, messages are dictionaries.

https://github.com/mistralai/client-python/blob/main/MIGRATION.md
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.knowledge.rule import version
from workers.protocols import Question
from workers.review.shapes.following.flow import follow
from workers.review.shapes.following.values import PLAIN, Series, Source, record
from workers.review.shapes.mistral.messages import messages
from workers.review.shapes.shape import renamed_keyword
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, free, together, unfollowed, unread, written
from workers.review.shapes.uses import imports, uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.review.shapes.following.values import Kind, Read
    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_SYNC, _ASYNC = "mistralai.client.MistralClient", "mistralai.async_client.MistralAsyncClient"
_CLIENTS = frozenset({_SYNC, _ASYNC})
_CHUNK = record("a part of a chat", "id object created model choices usage")
_WORDS = Words(
    message="`{}` went with mistralai 1.0",
    fix="Make a `Mistral` client and call `chat.complete(...)`, `chat.stream(...)` and `embeddings.create(...)`.",
    target="mistralai.Mistral",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Method:
    path: str
    answer: Kind = PLAIN
    positional: tuple[str, ...] = ()
    renamed: Mapping[str, str]


_METHODS = {
    "chat": _Method(path="chat.complete", positional=("messages", "model"), renamed={}),
    "chat_stream": _Method(
        path="chat.stream", answer=Series(item=_CHUNK), positional=("messages", "model"), renamed={}
    ),
    "embeddings": _Method(path="embeddings.create", positional=("model", "inputs"), renamed={"input": "inputs"}),
    "list_models": _Method(path="models.list", renamed={}),
}
_GONE = frozenset({"safe_mode"})


def find(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """Every use of the client that is gone."""
    found = [use for use in uses(code, "mistralai") if use.dotted in _CLIENTS]
    if not found:
        return
    sources: list[Source] = []
    home = "mistralai.client" if mandate.installed and version(mandate.installed) >= (2,) else "mistralai"
    steps = [_made(use.site, use.node, f"{home}.Mistral") for use in found]
    steps += [_called(code, site, call, sources) for site, call in code.calls() if _method(code, site, call)]
    steps += messages(code)
    followed = follow(code, sources)
    read = [(one.site, _data(one)) for one in followed.reads if one.record is _CHUNK and written(one.site, one.outer)]
    why = unfollowed(followed.lost) or _unread(code) or _unimported(code)
    around = (*read, *_imports(code, home))
    yield from together(sorted(steps, key=lambda one: (one.site.cell, one.start)), _WORDS, around=around, why=why)


def _data(read: Read) -> Change:
    """`chunk.choices` is `chunk.data.choices`."""
    at = read.site.span(read.base)[1]
    return (at, at, ".data")


def _unread(code: Code) -> str:
    cells = ((cell.index, cell.source) for cell in code.document.cells if cell.kind == "code")
    return "a cell that names `mistralai` does not parse" if unread(code.sites, cells, "mistralai") else ""


def _unimported(code: Code) -> str:
    """The client is imported by name, and its new name is free."""
    homes = {one.module for _, one in imports(code, "mistralai") if isinstance(one, ast.ImportFrom)}
    plain = all(isinstance(one, ast.ImportFrom) for _, one in imports(code, "mistralai"))
    if not plain or not homes <= {"mistralai.client", "mistralai.async_client", "mistralai.models.chat_completion"}:
        return "more of `mistralai` is imported than the client and messages"
    return "" if free(code, "Mistral") == "Mistral" else "the name `Mistral` is taken"


def _imports(code: Code, home: str) -> Iterator[tuple[Site, Change]]:
    """`from mistralai.client import MistralClient` is `from mistralai import Mistral`, once; messages need no import."""
    done = False
    for site, statement in imports(code, "mistralai"):
        if not isinstance(statement, ast.ImportFrom):
            continue
        clients = {f"{statement.module}.{alias.name}" for alias in statement.names} & _CLIENTS
        start, end = site.span(statement)
        if clients and not done:
            yield site, (start, end, f"from {home} import Mistral")
            done = True
        else:
            line, stop = site.source.rfind("\n", 0, start) + 1, site.source.find("\n", end)
            alone = stop >= 0 and line == start and not site.source[end:stop].strip()
            yield site, (start, stop + 1 if alone else end, "" if alone else "pass")


def _made(site: Site, node: ast.expr, maker: str) -> Step:
    """`MistralClient(api_key=...)` is `Mistral(api_key=...)`."""
    start, end = site.span(node)
    anchor = site.text(node)
    call = site.around(node)[0]
    known = isinstance(call, ast.Call) and call.func is node
    if not known or not isinstance(call, ast.Call) or not {one.arg for one in call.keywords} <= {"api_key", "endpoint"}:
        return Step(site=site, start=start, anchor=anchor, why="it is made or used in a way that has no counterpart")
    if len(call.args) > 1 or not isinstance(node, ast.Name):
        return Step(site=site, start=start, anchor=anchor, why="its arguments are passed by position")
    changes: list[Change] = [(start, end, "Mistral")]
    changes += [(site.span(one)[0], site.span(one)[0], "api_key=") for one in call.args]
    changes += [renamed_keyword(site, one, "server_url") for one in call.keywords if one.arg == "endpoint"]
    target = Target(call=Question(name=maker))
    return Step(site=site, start=start, anchor=anchor, changes=tuple((site, one) for one in changes), needs=(target,))


def _method(code: Code, site: Site, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and code.made_by(call.func.value, site, _CLIENTS)


def _called(code: Code, site: Site, call: ast.Call, sources: list[Source]) -> Step:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    method, anchor, start = _METHODS.get(name), site.text(function), site.span(function)[0]
    given = {one.arg for one in call.keywords}
    if method is None or None in given or given & _GONE or len(call.args) > len(method.positional):
        return Step(site=site, start=start, anchor=anchor, why="it has no counterpart, or its arguments have none")
    late = isinstance(function, ast.Attribute) and code.makers(function.value, site) == frozenset({_ASYNC})
    if late and name == "chat_stream" and _loop(site, call) is None:
        return Step(site=site, start=start, anchor=anchor, why="its parts are not read by a loop right away")
    end = site.span(function)[1]
    changes: list[Change] = [(end - len(name), end, f"{method.path}{'_async' if late else ''}")]
    if late and name == "chat_stream":
        changes.append((start, start, "await "))
    changes += [
        (site.span(one)[0], site.span(one)[0], f"{keyword}=")
        for keyword, one in zip(method.positional, call.args, strict=False)
    ]
    changes += [renamed_keyword(site, one, new) for one in call.keywords if (new := method.renamed.get(one.arg or ""))]
    sources.append(Source(site=site, node=call, kind=method.answer))
    return Step(site=site, start=start, anchor=anchor, changes=_at(site, changes))


def _loop(site: Site, call: ast.Call) -> ast.AsyncFor | None:
    around = site.around(call)[0]
    return around if isinstance(around, ast.AsyncFor) and around.iter is call else None


def _at(site: Site, changes: list[Change]) -> Changes:
    return tuple((site, one) for one in changes)
