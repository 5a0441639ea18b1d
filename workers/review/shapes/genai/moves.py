"""`google.generativeai` gave way to `google.genai`: one client, the model's name in each call, settings in its `config`.

https://ai.google.dev/gemini-api/docs/migrate
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.following.fields import attributes
from workers.review.shapes.following.flow import follow
from workers.review.shapes.genai.calls import Plan, called
from workers.review.shapes.genai.models import Held, held
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, free, together, unfollowed, unread, written
from workers.review.shapes.uses import Use, imports, position, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.following.values import Source
    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.shapes.together import Changes

_OLD = "google.generativeai"
_WORDS = Words(
    message="`{}` is of google-generativeai, whose successor is google-genai",
    fix="Make a client and call it: `client = genai.Client()`, `client.models.generate_content(model=..., contents=...)`.",
    target="google.genai.Client",
)


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every use of the old package."""
    found = uses(code, _OLD)
    if not found:
        return
    name = free(code, "client", "genai_client")
    sources: list[Source] = []
    values, spent = _held(code, found)
    plan = Plan(code=code, client=name, held=values, sources=sources)
    steps = [_step(plan, use, found) for use in found if (use.site.cell, id(use.node)) not in spent]
    steps += [_of_held(plan, one) for one in values]
    followed = follow(code, sources)
    items, why = attributes([one for one in followed.reads if one.record.name == "an embedding"])
    renamed = [
        (one.site, (one.site.span(one.outer)[1] - len(one.field), one.site.span(one.outer)[1], "supported_actions"))
        for one in followed.reads
        if one.field == "supported_generation_methods" and written(one.site, one.outer)
    ]
    imported = _imports(code)
    cells = ((cell.index, cell.source) for cell in code.document.cells if cell.kind == "code")
    if unread(code.sites, cells, "genai"):
        why = "a cell that names `genai` does not parse"
    why = why or unfollowed(followed.lost) or (imported if isinstance(imported, str) else "")
    around = (*items, *renamed, *(() if isinstance(imported, str) else imported))
    yield from together(sorted(steps, key=lambda one: (one.site.cell, one.start)), _WORDS, around=around, why=why)


def _held(code: Code, found: tuple[Use, ...]) -> tuple[list[Held], set[tuple[int, int]]]:
    """Models that a name holds, and the uses that are theirs."""
    values: list[Held] = []
    spent: set[tuple[int, int]] = set()
    for use in found:
        if use.dotted == f"{_OLD}.GenerativeModel" and (one := held(code, use)) is not None:
            values.append(one)
            spent.add((use.site.cell, id(use.node)))
            spent |= {
                (use.site.cell, id(other.node)) for other in found if other.site is use.site and one.inside(other.node)
            }
    return values, spent


def _of_held(plan: Plan, one: Held) -> Step:
    changes, why = one.moved(plan)
    start = one.site.span(one.call)[0]
    return Step(
        site=one.site, start=start, anchor=one.site.text(one.call.func), changes=changes, why=why, needs=_needs()
    )


def _step(plan: Plan, use: Use, found: tuple[Use, ...]) -> Step:
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
    made = next((one for one in found if one.dotted == f"{_OLD}.configure"), None)
    if made is None or (not use.deferred and position(site, use.node) < position(made.site, made.node)):
        return Step(site=site, start=start, anchor=anchor, why="no client is made before it")
    changes, why = called(plan, site, call, last)
    return Step(site=site, start=start, anchor=anchor, changes=changes, why=why, needs=_needs())


def _configured(plan: Plan, use: Use, call: ast.Call) -> Step:
    """`genai.configure(api_key=k)` as a statement is `client = genai.Client(api_key=k)`."""
    site, (start, end) = use.site, use.site.span(use.node)
    anchor = site.text(use.node)
    statement = site.around(call)[0]
    if not isinstance(statement, ast.Expr) or statement not in site.tree.body:
        return Step(site=site, start=start, anchor=anchor, why="it is called elsewhere than at the top")
    if call.args or any(one.arg != "api_key" for one in call.keywords):
        return Step(site=site, start=start, anchor=anchor, why="it is given more than a key")
    after = site.span(use.root)[1]
    changes = ((site, (start, start, f"{plan.client} = ")), (site, (after, end, ".Client")))
    return Step(site=site, start=start, anchor=anchor, changes=changes, needs=_needs())


def _needs() -> tuple[Target, ...]:
    return (Target(call=Question(name="google.genai.Client")),)


def _imports(code: Code) -> Changes | str:
    """`import google.generativeai as genai` is `from google import genai`."""
    changes: Changes = ()
    for site, statement in imports(code, "google"):
        text, (start, end) = site.text(statement), site.span(statement)
        match statement:
            case ast.Import(names=[ast.alias(name="google.generativeai", asname=str(alias))]):
                pass
            case ast.ImportFrom(module="google", names=[ast.alias(name="generativeai", asname=str(alias))]):
                pass
            case _ if "generativeai" in text:
                return f"`{text}` brings more than the package under a name"
            case _:
                continue
        new = "from google import genai" + ("" if alias == "genai" else f" as {alias}")
        changes = (*changes, (site, (start, end, new)))
    return changes
