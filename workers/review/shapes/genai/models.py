"""A model of google.generativeai that a name holds: the name holds the model's name afterwards, and its settings another."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following import functions
from workers.review.shapes.following.bound import loads, unsure
from workers.review.shapes.genai.calls import generated
from workers.review.shapes.genai.chats import chat
from workers.review.shapes.genai.config import joined
from workers.review.shapes.genai.proof import between
from workers.review.shapes.shape import keyword
from workers.review.shapes.together import free

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.shapes.uses import Use
    from workers.review.sites import Site

CLASS = "google.generativeai.GenerativeModel"
_MADE_OF = frozenset({"model_name", "generation_config", "system_instruction", "safety_settings"})
_METHODS = frozenset({"generate_content", "count_tokens"})
_DEPTH = 2
"""How many functions a model is followed through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`name = genai.GenerativeModel(...)`, or the call alone where its method is called right away."""

    code: Code
    site: Site
    call: ast.Call
    name: str
    """Empty where no name holds it."""

    def moved(self, plan: Plan) -> tuple[Changes, str]:
        """The changes of the model and of all that is asked of it, or why there are none."""
        value, told = _named(self.call), {one.arg for one in self.call.keywords}
        if value is None or len(self.call.args) > 1 or not told <= _MADE_OF:
            return (), "it is made with what has no counterpart"
        given = [one for one in self.call.keywords if one.arg != "model_name"]
        config = joined(plan, self.site, given) if given else ""
        if config is None:
            return (), "its settings are not written out"
        if "safety_settings" in told:
            plan.guarded.add(config)
        return self._followed(plan, value, config) if self.name else self._direct(plan, value, config)

    def _followed(self, plan: Plan, value: ast.expr, config: str) -> tuple[Changes, str]:
        if unsure(self.code, self.name):
            return (), f"what `{self.name}` holds is not known everywhere"
        plan.names.add(self.name)
        changes, settings = self._made(plan, value, config)
        if settings != config and not self._alone():
            return (), "its settings have no line to stand on"
        if config in plan.guarded:
            plan.guarded.add(settings)
        for site, load in self._loads():
            part, why = _asked(plan, site, load, settings, 0)
            if why:
                return (), why
            changes = (*changes, *part)
        return changes, ""

    def _made(self, plan: Plan, value: ast.expr, config: str) -> tuple[Changes, str]:
        """The name's new value, its settings on the next line, and what they are called."""
        start, end = self.site.span(self.call)
        first, last = self.site.span(value)
        own = bool(config) and config not in plan.objects
        settings = free(self.code, f"{self.name}_config", f"{self.name}_settings") if own else config
        after = f"\n{self._indent()}{settings} = {config}" if own else ""
        changes: Changes = ((self.site, (start, first, "")), (self.site, (last, end, after)))
        inside = (*between(self.site, start, first), *between(self.site, last, end))
        above = "".join(f"{text}\n{self._indent()}" for text in inside if text not in after)
        line = self.site.span(self._statement())[0]
        return ((self.site, (line, line, above)), *changes) if above and self._alone() else changes, settings

    def _statement(self) -> ast.stmt | ast.Call:
        around = self.site.around(self.call)[0]
        return around if isinstance(around, ast.stmt) else self.call

    def _alone(self) -> bool:
        """The assignment starts its line and ends with the call."""
        start, end = self.site.span(self._statement())
        before = self.site.source[self.site.source.rfind("\n", 0, start) + 1 : start]
        return not before.strip() and end == self.site.span(self.call)[1]

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

    def _direct(self, plan: Plan, value: ast.expr, config: str) -> tuple[Changes, str]:
        around = self.site.around(self.call)
        match around[:2]:
            case [ast.Attribute(attr=method), ast.Call() as call] if method in _METHODS:
                return generated(plan, self.site, call, self.site.text(value), config)
            case _:
                return (), "it goes on to where it is not followed"


def _named(call: ast.Call) -> ast.expr | None:
    """The model's name."""
    model = keyword(call, "model_name")
    return model.value if model else next(iter(call.args), None)


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


def _asked(plan: Plan, site: Site, load: ast.Name, settings: str, depth: int) -> tuple[Changes, str]:
    """The changes where something is asked of the model that a name holds."""
    if not depth and len(plan.code.imports.assigned(load, site.cell)) != 1:
        return (), f"`{load.id}` may hold another model"
    around = site.around(load)
    match around[:2]:
        case [ast.Attribute(attr=method), ast.Call() as call] if method in _METHODS:
            return generated(plan, site, call, load.id, settings)
        case [ast.Attribute(attr="start_chat"), ast.Call() as call]:
            return chat(plan, site, call, load.id, settings)
        case [ast.Attribute(attr="model_name") as asked, *_]:
            return ((site, (site.span(load)[1], site.span(asked)[1], "")),), ""
        case _ if not settings and depth < _DEPTH:
            return _handed(plan, site, load, depth)
        case _:
            return (), f"`{load.id}` goes on to where it is not followed"


def _handed(plan: Plan, site: Site, load: ast.Name, depth: int) -> tuple[Changes, str]:
    """Handed to a function of the document's own that is handed nothing but models without settings: it asks them itself."""
    lost = f"`{load.id}` goes on to where it is not followed"
    match site.around(load)[:2]:
        case [ast.Call() as call, *_] if call.func is not load:
            inside = functions.received(plan.code, site, call, load, None)
        case [ast.keyword(arg=str(name)), ast.Call() as call]:
            inside = functions.received(plan.code, site, call, load, name)
        case _:
            return (), lost
    if isinstance(inside, str):
        return (), lost
    if not all(isinstance(one, ast.Name) and _bare(plan, one, cell) for cell, one in inside.others):
        return (), lost
    changes: Changes = ()
    for inner in inside.loads:
        part, why = _asked(plan, inside.site, inner, "", depth + 1)
        if why:
            return (), why
        changes = (*changes, *part)
    return changes, ""


def _bare(plan: Plan, name: ast.Name, cell: int) -> bool:
    """The name holds a model that was made of its name alone."""
    held = plan.code.imports.assigned(name, cell)
    return len(held) == 1 and _made_bare(plan, held[0].value, held[0].cell)


def _made_bare(plan: Plan, value: ast.expr, cell: int) -> bool:
    if not isinstance(value, ast.Call) or plan.code.imports.dotted(value.func, cell) != CLASS:
        return False
    return {one.arg for one in value.keywords} <= {"model_name"}
