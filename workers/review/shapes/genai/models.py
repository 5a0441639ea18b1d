"""A model of google.generativeai that a name holds: the name holds the model's name afterwards, and its settings another."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads, unsure
from workers.review.shapes.genai.calls import generated, sent
from workers.review.shapes.genai.config import joined
from workers.review.shapes.shape import keyword
from workers.review.shapes.together import free

if TYPE_CHECKING:
    from workers.review.shapes.genai.calls import Plan
    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change, Site

_MADE_OF = frozenset({"model_name", "generation_config", "system_instruction", "safety_settings"})
_METHODS = frozenset({"generate_content", "count_tokens"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`name = genai.GenerativeModel(...)`, or the call alone where its method is called right away."""

    code: Code
    site: Site
    call: ast.Call
    name: str
    """Empty where no name holds it."""

    def inside(self, node: ast.expr) -> bool:
        """The node is the class itself, or that of settings which become entries."""
        made = [one.value.func for one in self.call.keywords if isinstance(one.value, ast.Call)]
        return node is self.call.func or any(node is one for one in made if _settings(one))

    def moved(self, plan: Plan) -> tuple[Changes, str]:
        """The changes of the model and of all that is asked of it, or why there are none."""
        model = keyword(self.call, "model_name")
        value = model.value if model else next(iter(self.call.args), None)
        told = {one.arg for one in self.call.keywords}
        if value is None or len(self.call.args) > 1 or not told <= _MADE_OF:
            return (), "it is made with what has no counterpart"
        config = self._config()
        if config is None:
            return (), "its settings are not written out"
        if not self.name:
            return self._direct(plan, value, config)
        settings = free(self.code, f"{self.name}_config", f"{self.name}_settings") if config else ""
        start, end = self.site.span(self.call)
        first, last = self.site.span(value)
        after = f"\n{self._indent()}{settings} = {config}" if config else ""
        changes: Changes = ((self.site, (start, first, "")), (self.site, (last, end, after)))
        if unsure(self.code, self.name):
            return (), f"what `{self.name}` holds is not known everywhere"
        for site, load in self._loads():
            part, why = _asked(plan, site, load, settings)
            if why:
                return (), why
            changes = (*changes, *part)
        return changes, ""

    def _indent(self) -> str:
        start = self.site.span(self.call)[0]
        line = self.site.source[self.site.source.rfind("\n", 0, start) + 1 : start]
        return line[: len(line) - len(line.lstrip())]

    def _loads(self) -> list[tuple[Site, ast.Name]]:
        return [
            (site, load)
            for site, load in loads(self.code, self.name)
            if any(
                one.value is self.call and one.cell == self.site.cell
                for one in self.code.imports.assigned(load, site.cell)
            )
        ]

    def _config(self) -> str | None:
        """Its settings as one dictionary; empty where it has none, None where they cannot be one."""
        given = [one for one in self.call.keywords if one.arg != "model_name"]
        return joined(self.site, given) if given else ""

    def _direct(self, plan: Plan, value: ast.expr, config: str) -> tuple[Changes, str]:
        around = self.site.around(self.call)
        match around[:2]:
            case [ast.Attribute(attr=method), ast.Call() as call] if method in _METHODS:
                return generated(plan, self.site, call, self.site.text(value), config)
            case _:
                return (), "it goes on to where it is not followed"


def _settings(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "GenerationConfig"


def held(code: Code, use: Use) -> Held | None:
    """The model that a use of the class makes, where its name's every use is seen."""
    call = use.site.around(use.node)[0]
    if not isinstance(call, ast.Call) or call.func is not use.node:
        return None
    match use.site.around(call)[0]:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return Held(code=code, site=use.site, call=call, name=name)
        case _:
            return Held(code=code, site=use.site, call=call, name="")


def _asked(plan: Plan, site: Site, load: ast.Name, settings: str) -> tuple[Changes, str]:
    """The changes where something is asked of the model that a name holds."""
    if len(plan.code.imports.assigned(load, site.cell)) != 1:
        return (), f"`{load.id}` may hold another model"
    match site.around(load)[:2]:
        case [ast.Attribute(attr=method), ast.Call() as call] if method in _METHODS:
            return generated(plan, site, call, load.id, settings)
        case [ast.Attribute(attr="start_chat"), ast.Call() as call]:
            return _chat(plan, site, call, load.id, settings)
        case [ast.Attribute(attr="model_name") as asked, *_]:
            return ((site, (site.span(load)[1], site.span(asked)[1], "")),), ""
        case _:
            return (), f"`{load.id}` goes on to where it is not followed"


def _chat(plan: Plan, site: Site, call: ast.Call, model: str, settings: str) -> tuple[Changes, str]:
    statement = site.around(call)[0]
    given = [one for one in call.keywords if one.arg == "history"]
    empty = all(isinstance(one.value, ast.List) and not one.value.elts for one in given)
    if call.args or len(given) != len(call.keywords) or not empty:
        return (), "the chat is started with what has no counterpart"
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            pass
        case _:
            return (), "the chat goes on to where it is not followed"
    if unsure(plan.code, name):
        return (), f"what `{name}` holds is not known everywhere"
    config = f", config={settings}" if settings else ""
    opening = site.source.index("(", site.span(call.func)[1]) + 1
    rest = ", " if given else ""
    made: Change = (site.span(call)[0], opening, f"{plan.client}.chats.create(model={model}{config}{rest}")
    changes: Changes = ((site, made),)
    for at, load in loads(plan.code, name):
        if all(one.value is not call for one in plan.code.imports.assigned(load, at.cell)):
            continue
        match at.around(load)[:2]:
            case [ast.Attribute(attr="send_message"), ast.Call() as message]:
                part, why = sent(plan, at, message)
            case [ast.Attribute(attr="history") as history, *_]:
                end = at.span(history)[1]
                part, why = ((at, (end - len("history"), end, "get_history()")),), ""
            case _:
                return (), f"`{name}` goes on to where it is not followed"
        if why:
            return (), why
        changes = (*changes, *part)
    return changes, ""
