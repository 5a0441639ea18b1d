"""Functions of google.generativeai and methods of its models, as methods of a client."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following.values import PLAIN, Kind, Series, record
from workers.review.shapes.genai import files, parts
from workers.review.shapes.genai.config import SETTINGS, generation, joined, written
from workers.review.shapes.genai.embeddings import embedded
from workers.review.shapes.shape import keyword, without

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

ANSWER = record("an answer", "text candidates parts prompt_feedback usage_metadata")
_MODEL = record(
    "a model",
    "name display_name description version input_token_limit output_token_limit supported_generation_methods",
)
_COUNT = record("a count", "total_tokens")
_OF_FILES = frozenset({"display_name", "mime_type"})


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
_FILES = frozenset({"upload_file", "get_file"})


def called(plan: Plan, site: Site, call: ast.Call, last: str) -> tuple[Changes, str]:
    """The changes of a function's call, or why there are none."""
    if last == "embed_content":
        return embedded(plan, site, call)
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
    own, why = files.asked(plan, site, call) if last in _FILES else ((), "")
    return (() if why else (*own, *((site, one) for one in changes))), why


def generated(plan: Plan, site: Site, call: ast.Call, model: str, config: str) -> tuple[Changes, str]:
    """`model.generate_content(contents)` as the client's, with the model's own settings where the call has none."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    told = {one.arg for one in call.keywords}
    if len(call.args) + ("contents" in told) != 1 or not told <= {"contents", "stream", *SETTINGS}:
        return (), "its arguments have no counterpart"
    streaming = streams(call)
    if streaming is None:
        return (), "whether it streams is not written out"
    settled = settings(plan, site, call, "" if method == "count_tokens" else config)
    if settled is None:
        return (), "its settings are not written out, or come from more than one place"
    given, why = parts.given(plan, site, call)
    if why:
        return (), why
    path = f"{plan.client}.models.{method}{'_stream' if streaming else ''}"
    first = min((*call.args, *call.keywords), key=lambda one: site.span(one)[0])
    at = site.span(first)[0]
    changes: list[Change] = [(site.span(call)[0], opened(site, call), f"{path}(")]
    changes.append((at, at, f"model={model}{_apart(site, at)}"))
    changes += [(site.span(one)[0], site.span(one)[0], "contents=") for one in call.args]
    changes += [without(site, call, one) for one in call.keywords if one.arg == "stream"]
    changes += settled
    plan.answers(site, call, _COUNT if method == "count_tokens" else Series(item=ANSWER) if streaming else ANSWER)
    return (*given, *((site, one) for one in changes)), ""


def _apart(site: Site, at: int) -> str:
    """What stands between arguments here: a new line where each has its own."""
    indent = site.source[site.source.rfind("\n", 0, at) + 1 : at]
    return ", " if indent.strip() or not indent else f",\n{indent}"


def streams(call: ast.Call) -> bool | None:
    """Whether a call streams; None where that is not written out."""
    given = keyword(call, "stream")
    if given is None:
        return False
    return bool(given.value.value) if isinstance(given.value, ast.Constant) else None


def settings(plan: Plan, site: Site, call: ast.Call, config: str) -> list[Change] | None:
    """The settings of the call and of its model as `config`; None where they cannot be one."""
    given = [one for one in call.keywords if one.arg in SETTINGS]
    if not given:
        at = max(site.span(one)[1] for one in (*call.args, *call.keywords) if getattr(one, "arg", "") != "stream")
        return [(at, at, f", config={config}")] if config else []
    if not config and [one.arg for one in given] == ["generation_config"] and _kept(given[0].value):
        start = site.span(given[0])[0]
        return [(start, start + len("generation_config"), "config")]
    made = joined(plan, site, given, config)
    if made is None:
        return None
    return [(*site.span(given[0]), f"config={made}"), *(without(site, call, one) for one in given[1:])]


def _kept(value: ast.expr) -> bool:
    """A dictionary that stays as it is, or a `GenerationConfig`, which moves by itself."""
    return written(value) if isinstance(value, ast.Dict) else generation(value)


def opened(site: Site, call: ast.Call) -> int:
    """Behind the parenthesis that opens the arguments."""
    return site.source.index("(", site.span(call.func)[1]) + 1
