"""`model.bind_functions(...)` is `model.bind_tools(...)`, what is read of the calls that the model asks for goes along.

`ChatOpenAI.bind_functions` was taken out with langchain-openai 1.0. A model with tools may ask for several calls at once, one with
functions asked for one: `parallel_tool_calls=False` keeps it at that. All of a document moves together.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.bound_tools.asked import asked
from workers.review.shapes.bound_tools.given import CONVERTERS, given, unused
from workers.review.shapes.bound_tools.replies import replies
from workers.review.shapes.kinds import Kinds
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, together, unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.sites import Change, Site

_OLD, _NEW = "bind_functions", "bind_tools"
_CHATS = frozenset(
    f"{home}.{name}"
    for home in ("langchain_openai", "langchain_openai.chat_models")
    for name in ("ChatOpenAI", "AzureChatOpenAI")
)
_ALONE = "parallel_tool_calls=False"
_WORDS = Words(
    message="`{}`: models of langchain-openai 1.0 take tools, no functions",
    fix=f"Bind tools and read the message's `tool_calls`: `model.{_NEW}(tools, {_ALONE})`.",
    target=f"langchain_openai.ChatOpenAI.{_NEW}",
)
_PARSERS = re.compile(r"OpenAIFunction|OutputFunctions?Parser|_openai_functions?|create_.*_fn_")
"""Parts of LangChain that read or write the calls of functions themselves."""
_REASONING = re.compile(r"o\d")
"""Models that refuse to be told how many calls at once they may ask for."""


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every place where functions are bound, and all that belongs to it."""
    kinds = Kinds(code)
    bound = [(site, call) for site, call, _ in kinds.methods(_OLD) if _of_openai(code, site, call)]
    if not bound:
        return
    why = _stopped(code, kinds, bound)
    reads = asked(code)
    steps = [*(_bound(kinds, site, call) for site, call in bound), *reads.steps, *replies(kinds, reads)]
    around = unused(kinds, [change for step in steps for change in step.changes])
    yield from together(steps, _WORDS, around=around, why=why)


def _of_openai(code: Code, site: Site, call: ast.Call) -> bool:
    """The model is one of langchain-openai: all that its name may hold is, or was bound in the same way."""
    model = call.func.value if isinstance(call.func, ast.Attribute) else call
    if isinstance(model, ast.Call):
        return code.imports.dotted(model.func, site.cell) in _CHATS
    values = code.imports.assigned(model, site.cell) if isinstance(model, ast.Name) else ()
    made = [one.value for one in values if one.item is None and isinstance(one.value, ast.Call)]
    own = [one for one in made if one is not call]
    cells = {id(one.value): one.cell for one in values}
    return (
        bool(own)
        and len(made) == len(values)
        and all(code.imports.dotted(one.func, cells[id(one)]) in _CHATS for one in own)
    )


def _stopped(code: Code, kinds: Kinds, bound: list[tuple[Site, ast.Call]]) -> str:
    """Why nothing moves; empty where all can."""
    cells = ((cell.index, cell.source) for cell in code.document.cells if cell.kind == "code")
    if unread(code.sites, cells, "function"):
        return "a cell that names functions does not parse"
    if len(bound) != sum(1 for _ in kinds.methods(_OLD)):
        return "functions are bound to another model too"
    for site in code.sites:
        for node in site.nodes:
            if isinstance(node, ast.ImportFrom) and (why := _in_the_way(node)):
                return why
            if isinstance(node, ast.keyword) and _reasons(node):
                return "whether the model takes `parallel_tool_calls` is not certain"
    return ""


def _in_the_way(statement: ast.ImportFrom) -> str:
    module = statement.module or ""
    for alias in statement.names:
        if f"{module}.{alias.name}" not in CONVERTERS and _PARSERS.search(f"{module}.{alias.name}"):
            return f"`{alias.name}` works with functions"
        chats = alias.name.startswith("Chat") and ("chat_models" in module or re.match(r"langchain_(?!core)", module))
        if chats and f"{module}.{alias.name}" not in _CHATS:
            return f"`{alias.name}` is a model of another kind"
    return ""


def _reasons(keyword: ast.keyword) -> bool:
    match keyword:
        case ast.keyword(arg="model" | "model_name", value=ast.Constant(value=str(name))):
            return _REASONING.match(name) is not None
        case _:
            return False


def _bound(kinds: Kinds, site: Site, call: ast.Call) -> Step:
    """One binding: the method, its tools, and the choice among them."""
    function = call.func
    start, end = site.span(function)
    changes: list[tuple[Site, Change]] = [(site, (end - len(_OLD), end, _NEW))]
    tools = given(kinds, site, call)
    choice = _choice(site, call)
    why = choice if isinstance(choice, str) else "" if tools is not None else "its functions are not passed as one list"
    if tools is not None and not isinstance(choice, str):
        changes += [*tools, *((site, one) for one in choice)]
    stop = max(site.span(one)[1] for one in (*call.args, *call.keywords)) if call.args or call.keywords else end
    changes.append((site, (stop, stop, f", {_ALONE}")))
    needs = Target(call=Question(name=_WORDS.target, keywords=("parallel_tool_calls",)), new=("parallel_tool_calls",))
    return Step(site=site, start=start, anchor=site.text(function), changes=tuple(changes), why=why, needs=(needs,))


def _choice(site: Site, call: ast.Call) -> tuple[Change, ...] | str:
    """`function_call="name"` is `tool_choice="name"`."""
    for one in call.keywords:
        match one:
            case ast.keyword(arg=None):
                return "its arguments are spread out"
            case ast.keyword(arg="function_call", value=ast.Constant(value=str())):
                start, _ = site.span(one)
                return ((start, start + len("function_call"), "tool_choice"),)
            case ast.keyword(arg="function_call" | "tool_choice" | "parallel_tool_calls"):
                return f"what `{one.arg}` is cannot be told"
            case _:
                pass
    return ()
