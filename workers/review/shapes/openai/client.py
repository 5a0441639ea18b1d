"""Calls of the openai module become calls of a client, and what they return is read by attribute.

https://github.com/openai/openai-python/discussions/742. All of a document moves together: a client beside module calls that are gone
would be half a migration.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.following.fields import attributes
from workers.review.shapes.following.flow import follow
from workers.review.shapes.following.given import Given, given, renames
from workers.review.shapes.following.values import Kind, Series, Source
from workers.review.shapes.openai import errors
from workers.review.shapes.openai.calls import OLD, REFUSED, RENAMED, Moved, calls
from workers.review.shapes.openai.messages import kept_in_messages
from workers.review.shapes.openai.place import Client, client
from workers.review.shapes.openai.settings import SETTINGS, settings
from workers.review.shapes.shape import Hit
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, together, unfollowed, unread, written
from workers.review.shapes.uses import Use, imports, position, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_MODULE = "openai"
_WORDS = Words(
    message="`{}` went with openai 1.0",
    fix="Make a client and call it: `client = OpenAI()`, `client.chat.completions.create(...)`; read answers by attribute.",
    target="openai.OpenAI",
)


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every use of the module that is gone."""
    yield from _without_successor(code)
    found = uses(code, _MODULE)
    called = [use for use in found if _old(use)]
    wrong = list(errors.steps(code, found))
    if not called and not wrong:
        return
    moved = _Migration(code, found, called)
    steps = [*moved.steps(), *wrong]
    yield from together(steps, _WORDS, around=moved.around, why=moved.why)


def _without_successor(code: Code) -> Iterator[Hit]:
    """`openai.embeddings_utils` went without a successor; what takes its place is the owner's to choose."""
    for site, statement in imports(code, _MODULE):
        text = site.text(statement)
        if "embeddings_utils" in text:
            yield Hit(
                site=site,
                start=site.span(statement)[0],
                anchor=text,
                message="`openai.embeddings_utils` went with openai 1.0",
                fix="Write the few lines that are used of it, with the client's `embeddings.create` and numpy.",
                unlock="It has no successor in the package: a decision of yours.",
            )


def _old(use: Use) -> bool:
    return use.dotted.removeprefix(f"{_MODULE}.").partition(".")[0] in OLD and use.dotted != _MODULE


class _Migration:
    """The calls of one document on their way to a client."""

    def __init__(self, code: Code, found: tuple[Use, ...], called: list[Use]) -> None:
        self.code = code
        self.found = found
        self.called = called
        self.around: Changes = ()
        self.why = ""
        cells = ((cell.index, cell.source) for cell in code.document.cells if cell.kind == "code")
        if unread(code.sites, cells, _MODULE):
            self.why = "a cell that names `openai` does not parse"

    def steps(self) -> list[Step]:
        """Each call's own edits; what belongs to all of them is `around`, what stops all of them is `why`."""
        if not self.called:
            return []
        made = self._client()
        if isinstance(made, str):
            self.why = self.why or made
            made = Client(name="client", since=(0, 0))
        sources: list[Source] = []
        steps = [self._step(use, made, sources) for use in self.called]
        self.around += made.changes
        self._read(sources)
        self._settings_read(made)
        return steps

    def _client(self) -> Client | str:
        told, why = settings(self.found)
        asynchronous = {_asynchronous(use) for use in self.called}
        if why or len(asynchronous) > 1:
            return why or "some calls are awaited and others are not"
        kept = any(not _old(use) and not _setting(use) for use in self.found)
        return client(self.code, told, asynchronous=asynchronous.pop(), kept=kept)

    def _step(self, use: Use, made: Client, sources: list[Source]) -> Step:
        site, node = use.site, use.node
        start, end = site.span(node)
        moved = calls().get(use.dotted)
        call = site.around(node)[0]
        why = self._unmovable(use, moved, call, made)
        if why or moved is None or not isinstance(call, ast.Call):
            return Step(site=site, start=start, anchor=site.text(node), why=why)
        arguments = given(self.code, site, call)
        kind = _kind(moved, arguments)
        if isinstance(arguments, str) or isinstance(kind, str):
            return Step(
                site=site,
                start=start,
                anchor=site.text(node),
                why=arguments if isinstance(arguments, str) else str(kind),
            )
        sources.append(Source(site=site, node=call, kind=kind))
        changes = [(site, change) for change in _call(site, call, moved, (start, end, f"{made.name}.{moved.path}"))]
        told = RENAMED | dict(moved.renamed)
        return Step(
            site=site,
            start=start,
            anchor=site.text(node),
            changes=(*changes, *renames(arguments, told)),
            why=_refused(arguments, told),
            needs=_needs(made, moved, arguments, told),
        )

    def _unmovable(self, use: Use, moved: Moved | None, call: ast.AST, made: Client) -> str:
        if moved is None or not isinstance(call, ast.Call) or call.func is not use.node:
            return "it is used otherwise than by a call that has a counterpart"
        if len(call.args) > len(moved.positional) or any(isinstance(one, ast.Starred) for one in call.args):
            return "its arguments are passed by position"
        if not use.deferred and position(use.site, use.node) < made.since:
            return "it stands before the client can be made"
        return "" if written(use.site, use.node) else "where it stands in a formatted text is not certain"

    def _read(self, sources: list[Source]) -> None:
        followed = follow(self.code, sources, kept_in_messages(self.code))
        changes, why = attributes(followed.reads)
        self.around += changes
        self.why = self.why or unfollowed(followed.lost) or why

    def _settings_read(self, made: Client) -> None:
        """`openai.api_key` where it is read."""
        for use in self.found:
            if not made.replaces or not _setting(use) or not isinstance(use.node.ctx, ast.Load):
                continue
            if use.dotted != "openai.api_key" or (not use.deferred and position(use.site, use.node) < made.since):
                self.why = self.why or f"`{use.site.text(use.node)}` is read"
            start, end = use.site.span(use.node)
            self.around += ((use.site, (start, end, f"{made.name}.api_key")),)


def _setting(use: Use) -> bool:
    return use.dotted.removeprefix(f"{_MODULE}.") in SETTINGS


def _asynchronous(use: Use) -> bool:
    return use.dotted.rpartition(".")[2].startswith("a") and use.dotted.count(".") > 1


def _kind(moved: Moved, arguments: list[Given] | str) -> Kind | str:
    """What the call returns, or why that is not known."""
    for one in arguments if isinstance(arguments, list) else ():
        match one.name, one.value:
            case "stream", ast.Constant(value=True) if moved.chunk is not None:
                return Series(item=moved.chunk)
            case ("stream", ast.Constant(value=False | None)) | ("response_format", ast.Constant(value="json")):
                pass
            case "stream", _:
                return "whether it streams is not known"
            case "response_format", _ if moved.path.startswith("audio."):
                return "another format of the transcript comes back as another type"
            case _:
                pass
    return moved.answer


def _call(site: Site, call: ast.Call, moved: Moved, function: Change) -> Iterator[Change]:
    yield function
    if moved.named:
        for name, one in zip(moved.positional, call.args, strict=False):
            at = site.span(one)[0]
            yield (at, at, f"{name}=")
    if moved.read:
        end = site.span(call)[1]
        yield (end, end, moved.read)


def _refused(arguments: list[Given], told: dict[str, str]) -> str:
    """Why the arguments cannot be passed to the method; empty where they can."""
    refused = sorted({one.name for one in arguments} & REFUSED)
    if refused:
        return f"`{', '.join(refused)}` of one call alone belongs to a client of its own"
    twice = any(told.get(one.name) == other.name and _together(one, other) for one in arguments for other in arguments)
    return "one argument would be passed twice" if twice else ""


def _together(one: Given, other: Given) -> bool:
    """They are passed by the same call."""
    return one.site is other.site and one.site.around(one.place)[:1] == other.site.around(other.place)[:1]


def _needs(made: Client, moved: Moved, arguments: list[Given], told: dict[str, str]) -> tuple[Target, ...]:
    names = tuple(dict.fromkeys(told.get(one.name, one.name) for one in arguments))
    method = Target(call=Question(name=moved.resource, keywords=names), arguments_only=True)
    return (Target(call=Question(name=made.maker)), method) if made.maker else (method,)
