"""Functions of google.generativeai and methods of its models, as methods of a client."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads
from workers.review.shapes.following.values import PLAIN, Kind, Series, Source, record
from workers.review.shapes.genai.config import SETTINGS, joined
from workers.review.shapes.shape import keyword, without

if TYPE_CHECKING:
    from workers.review.shapes.genai.models import Held
    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_ANSWER = record("an answer", "text candidates parts prompt_feedback usage_metadata")
_MODEL = record(
    "a model",
    "name display_name description version input_token_limit output_token_limit supported_generation_methods",
)
_COUNT = record("a count", "total_tokens")
_OF_FILES = frozenset({"display_name", "mime_type"})
_CONFIG = frozenset({"task_type", "title", "output_dimensionality"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The document on its way: its client, the models its names hold, and the answers to follow."""

    code: Code
    client: str
    held: list[Held]
    sources: list[Source]

    def answers(self, site: Site, call: ast.Call, kind: Kind) -> None:
        """Note that a call returns that."""
        self.sources.append(Source(site=site, node=call, kind=kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Function:
    path: str
    first: str = ""
    """The keyword of its one argument."""
    old: str = ""
    """What that keyword was."""
    answer: Kind = PLAIN


_FUNCTIONS = {
    "list_models": _Function(path="models.list", answer=Series(item=_MODEL)),
    "get_model": _Function(path="models.get", first="model", old="name", answer=_MODEL),
    "upload_file": _Function(path="files.upload", first="file", old="path"),
    "get_file": _Function(path="files.get", first="name", old="name"),
    "delete_file": _Function(path="files.delete", first="name", old="name"),
    "list_files": _Function(path="files.list"),
}


def called(plan: Plan, site: Site, call: ast.Call, last: str) -> tuple[Changes, str]:
    """The changes of a function's call, or why there are none."""
    if last == "embed_content":
        return _embedded(plan, site, call)
    function = _FUNCTIONS.get(last)
    if function is None:
        return (), "it has no counterpart"
    options = [one for one in call.keywords if one.arg in _OF_FILES and last == "upload_file"]
    named = [*call.args, *(one for one in call.keywords if one.arg == function.old)]
    if len(call.args) + len(call.keywords) != len(named) + len(options) or len(named) > (1 if function.first else 0):
        return (), "its arguments have no counterpart"
    changes: list[Change] = [(*site.span(call.func), f"{plan.client}.{function.path}")]
    for one in named:
        value = one.value if isinstance(one, ast.keyword) else one
        changes.append((site.span(one)[0], site.span(value)[0], f"{function.first}="))
    made = ", ".join(f'"{one.arg}": {site.text(one.value)}' for one in options)
    changes += [(*site.span(one), f"config={{{made}}}") for one in options[:1]]
    changes += [without(site, call, one) for one in options[1:]]
    plan.answers(site, call, function.answer)
    return tuple((site, one) for one in changes), ""


def _embedded(plan: Plan, site: Site, call: ast.Call) -> tuple[Changes, str]:
    """`embed_content(model=m, content=text)["embedding"]` is `.embeddings[0].values` of what the client returns."""
    content = keyword(call, "content")
    options = [one for one in call.keywords if one.arg in _CONFIG]
    known = {one.arg for one in call.keywords} <= {"model", "content", *_CONFIG}
    outer = site.around(call)[0]
    single = content is not None and isinstance(content.value, ast.JoinedStr | ast.Constant)
    direct = (
        isinstance(outer, ast.Subscript) and isinstance(outer.slice, ast.Constant) and outer.slice.value == "embedding"
    )
    if call.args or not known or content is None or not single or not direct or not isinstance(outer, ast.Subscript):
        return (), "whether one embedding comes back or several is not written out"
    start = site.span(content)[0]
    changes: list[Change] = [
        (*site.span(call.func), f"{plan.client}.models.embed_content"),
        (start, start + len("content"), "contents"),
        (site.span(call)[1], site.span(outer)[1], ".embeddings[0].values"),
    ]
    entries = ", ".join(f'"{one.arg}": {site.text(one.value)}' for one in options)
    changes += [without(site, call, one) for one in options[1:]]
    changes += [(*site.span(one), f"config={{{entries}}}") for one in options[:1]]
    return tuple((site, one) for one in changes), ""


def generated(plan: Plan, site: Site, call: ast.Call, model: str, config: str) -> tuple[Changes, str]:
    """`model.generate_content(contents)` as the client's, with the model's own settings where the call has none."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    streams = keyword(call, "stream")
    told = {one.arg for one in call.keywords}
    if len(call.args) + ("contents" in told) != 1 or not told <= {"contents", "stream", *SETTINGS}:
        return (), "its arguments have no counterpart"
    if streams is not None and not (isinstance(streams.value, ast.Constant) and streams.value.value in {True, False}):
        return (), "whether it streams is not written out"
    settled = _settled(site, call, "" if method == "count_tokens" else config)
    if settled is None:
        return (), "its settings are not written out, or come from more than one place"
    if any(_dictionaries(plan.code, site, one) for one in _contents(call, "contents")):
        return (), "what it is given is put together as dictionaries, which have another form"
    streaming = streams is not None and isinstance(streams.value, ast.Constant) and streams.value.value is True
    path = f"{plan.client}.models.{method}{'_stream' if streaming else ''}"
    changes: list[Change] = [(site.span(call)[0], _opened(site, call), f"{path}(model={model}, ")]
    changes += [(site.span(one)[0], site.span(one)[0], "contents=") for one in call.args]
    changes += [without(site, call, streams)] if streams is not None else []
    changes += settled
    plan.answers(site, call, _COUNT if method == "count_tokens" else Series(item=_ANSWER) if streaming else _ANSWER)
    return tuple((site, one) for one in changes), ""


def _settled(site: Site, call: ast.Call, config: str) -> list[Change] | None:
    """The settings of the call and of its model as `config`; None where they cannot be one."""
    given = [one for one in call.keywords if one.arg in SETTINGS]
    if not given:
        at = max(site.span(one)[1] for one in (*call.args, *call.keywords) if getattr(one, "arg", "") != "stream")
        return [(at, at, f", config={config}")] if config else []
    if len(given) == 1 and given[0].arg == "generation_config" and not config:
        start = site.span(given[0])[0]
        change = (start, start + len("generation_config"), "config")
        return [change] if isinstance(given[0].value, ast.Dict | ast.Call) else None
    made = joined(site, given, config)
    if made is None or any(isinstance(one.value, ast.Call) for one in given):
        return None
    return [(*site.span(given[0]), f"config={made}"), *(without(site, call, one) for one in given[1:])]


def _contents(call: ast.Call, name: str) -> list[ast.expr]:
    return [*call.args, *(one.value for one in call.keywords if one.arg == name)]


def _dictionaries(code: Code, site: Site, value: ast.expr) -> bool:
    """A dictionary is in what is given, in what its names hold, or in what is put into them."""
    names = [node for node in ast.walk(value) if isinstance(node, ast.Name)]
    held = [one.value for name in names for one in code.imports.assigned(name, site.cell)]
    added = [one for name in names for at, load in loads(code, name.id) for one in _added(at.around(load)[:2])]
    return any(isinstance(node, ast.Dict) for one in (value, *held, *added) for node in ast.walk(one))


def _added(around: tuple[ast.AST, ...]) -> list[ast.expr]:
    match around:
        case [ast.Attribute(attr="append" | "extend" | "insert"), ast.Call(args=given)]:
            return given
        case _:
            return []


def _opened(site: Site, call: ast.Call) -> int:
    """Behind the parenthesis that opens the arguments."""
    return site.source.index("(", site.span(call.func)[1]) + 1


def _settings(value: ast.expr) -> bool:
    """A dictionary or a `GenerationConfig`, which moves by itself."""
    return isinstance(value, ast.Dict | ast.Call)


def sent(plan: Plan, site: Site, call: ast.Call) -> tuple[Changes, str]:
    """`chat.send_message(text, stream=True)` is `chat.send_message_stream(text)`."""
    streams, own = keyword(call, "stream"), keyword(call, "generation_config")
    told = {one.arg for one in call.keywords}
    if len(call.args) + ("content" in told) != 1 or not told <= {"content", "generation_config", "stream"}:
        return (), "its arguments have no counterpart"
    streaming = streams is not None and isinstance(streams.value, ast.Constant) and streams.value.value is True
    if (streams is not None and not isinstance(streams.value, ast.Constant)) or (own and not _settings(own.value)):
        return (), "its arguments are put together elsewhere"
    if any(_dictionaries(plan.code, site, one) for one in _contents(call, "content")):
        return (), "what it is given is put together as dictionaries, which have another form"
    changes: list[Change] = []
    for old, new in (("content", "message"), ("generation_config", "config")):
        for one in call.keywords:
            if one.arg == old:
                start = site.span(one)[0]
                changes.append((start, start + len(old), new))
    if streams is not None:
        changes.append(without(site, call, streams))
    if streaming:
        end = site.span(call.func)[1]
        changes.append((end, end, "_stream"))
    plan.answers(site, call, Series(item=_ANSWER) if streaming else _ANSWER)
    return tuple((site, one) for one in changes), ""
