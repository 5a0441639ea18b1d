"""`google.generativeai` gave way to `google.genai`: one client, the model's name in each call, settings in its `config`.

https://ai.google.dev/gemini-api/docs/migrate
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.following.flow import follow
from workers.review.shapes.genai.calls import called
from workers.review.shapes.genai.embeddings import values
from workers.review.shapes.genai.imports import caught, classes, needless, packages, renamed
from workers.review.shapes.genai.models import CLASS, Held, held
from workers.review.shapes.genai.plan import Plan
from workers.review.shapes.genai.proof import wrong
from workers.review.shapes.shape import without
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, free, together, unfollowed, unread, written
from workers.review.shapes.uses import position, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.following.flow import Followed
    from workers.review.shapes.genai.imports import Imported
    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.shapes.together import Changes
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change

_OLD = "google.generativeai"
_WORDS = Words(
    message="`{}` is of google-generativeai, whose successor is google-genai",
    fix="Make a client and call it: `client = genai.Client()`, `client.models.generate_content(model=..., contents=...)`.",
    target="google.genai.Client",
)
_NO_CLIENT = "no client is made before it"
_LATE = ("HttpOptions", "HttpRetryOptions")


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every use of the old package, and its import where nothing uses it."""
    found, imported = uses(code, _OLD), packages(code)
    whole = [] if isinstance(imported, str) else imported
    if not found and not whole:
        return
    plan = _plan(code, found, whole)
    models = {(use.site.cell, id(use.node)): one for use in found if (one := _model(code, use)) is not None}
    steps = [_of_model(plan, one) for one in models.values()]
    others = [_step(plan, use) for use in found if (use.site.cell, id(use.node)) not in {*models, *plan.spent}]
    steps += [*others, *(_unused(one) for one in whole if not found)]
    followed = follow(code, plan.sources)
    items, why = values(followed.reads)
    around = (*items, *_actions(followed), *renamed(whole), *classes(code), *needless(plan), *plan.aside)
    steps.sort(key=lambda one: (one.site.cell, one.start))
    why = why or unfollowed(followed.lost) or (imported if isinstance(imported, str) else "") or _kept(plan, found)
    why = why or wrong((*around, *(change for step in steps for change in step.changes)))
    yield from together(steps, _WORDS, around=around, why=why)


def _kept(plan: Plan, found: tuple[Use, ...]) -> str:
    """Why the document as a whole stays as it is."""
    cells = [(cell.index, cell.source) for cell in plan.code.document.cells if cell.kind == "code"]
    words = ("genai", *sorted(f"{name}." for name in plan.names))
    hidden = next((word for word in words if unread(plan.code.sites, cells, word)), "")
    return f"a cell that names `{hidden.rstrip('.')}` does not parse" if hidden else caught(plan) if found else ""


def _plan(code: Code, found: tuple[Use, ...], imported: list[Imported]) -> Plan:
    top = [(position(site, one), alias) for site, one, alias in imported if one in site.tree.body]
    since, module = min(top, default=((0, 0), ""))
    made = tuple((one.site, one.node) for one in found if one.dotted == f"{_OLD}.configure")
    return Plan(code=code, client=free(code, "client", "genai_client"), module=module, since=since, made=made)


def _model(code: Code, use: Use) -> Held | None:
    return held(code, use) if use.dotted == CLASS else None


def _of_model(plan: Plan, one: Held) -> Step:
    changes, why = one.moved(plan)
    if not plan.has_client(one.site, one.call):
        changes, why = (), _NO_CLIENT
    start = one.site.span(one.call)[0]
    anchor = one.site.text(one.call.func)
    return Step(site=one.site, start=start, anchor=anchor, changes=changes, why=why, needs=_needs(changes))


def _unused(imported: Imported) -> Step:
    """An import that nothing uses goes with the package that is installed."""
    site, statement, _ = imported
    return Step(site=site, start=site.span(statement)[0], anchor=site.text(statement), needs=_needs())


def _actions(followed: Followed) -> Changes:
    return tuple(
        (one.site, (one.site.span(one.outer)[1] - len(one.field), one.site.span(one.outer)[1], "supported_actions"))
        for one in followed.reads
        if one.field == "supported_generation_methods" and written(one.site, one.outer)
    )


def _step(plan: Plan, use: Use) -> Step:
    site, (start, end) = use.site, use.site.span(use.node)
    anchor, last = site.text(use.node), use.dotted.removeprefix(f"{_OLD}.")
    call = site.around(use.node)[0]
    if not written(site, use.node) or not isinstance(call, ast.Call) or call.func is not use.node:
        return Step(site=site, start=start, anchor=anchor, why="it is used otherwise than by calling it")
    if last == "configure":
        return _configured(plan, use, call)
    if last in {"GenerationConfig", "types.GenerationConfig"}:
        root = site.span(use.root)[1]
        change = (root, end, ".types.GenerateContentConfig")
        return Step(site=site, start=start, anchor=anchor, changes=((site, change),))
    if not plan.has_client(site, use.node):
        return Step(site=site, start=start, anchor=anchor, why=_NO_CLIENT)
    changes, why = called(plan, site, call, last)
    return Step(site=site, start=start, anchor=anchor, changes=changes, why=why, needs=_needs(changes))


def _configured(plan: Plan, use: Use, call: ast.Call) -> Step:
    """`genai.configure(api_key=k)` as a statement is `client = genai.Client(api_key=k)`."""
    site, (start, end) = use.site, use.site.span(use.node)
    anchor = site.text(use.node)
    statement = site.around(call)[0]
    if not isinstance(statement, ast.Expr) or statement not in site.tree.body:
        return Step(site=site, start=start, anchor=anchor, why="it is called elsewhere than at the top")
    rest = [one for one in call.keywords if one.arg == "transport" and _is_rest(one.value)]
    if call.args or any(one.arg != "api_key" for one in call.keywords if one not in rest):
        return Step(site=site, start=start, anchor=anchor, why="it is given more than a key")
    after = site.span(use.root)[1]
    made: list[Change] = [(start, start, f"{plan.client} = "), (after, end, ".Client")]
    changes = tuple((site, one) for one in (*made, *(without(site, call, one) for one in rest)))
    return Step(site=site, start=start, anchor=anchor, changes=changes, needs=_needs())


def _is_rest(value: ast.expr) -> bool:
    """The new client speaks nothing else."""
    return isinstance(value, ast.Constant) and value.value == "rest"


def _needs(changes: Changes = ()) -> tuple[Target, ...]:
    """The client, and of the classes that are written what came later than it."""
    late = [name for name in _LATE if any(f".{name}(" in change[2] for _, change in changes)]
    asked = ["google.genai.Client", *(f"google.genai.types.{name}" for name in late)]
    return tuple(Target(call=Question(name=name)) for name in asked)
