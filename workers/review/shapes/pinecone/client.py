"""`pinecone.init(...)` and the functions of the module become a client: `pc = Pinecone(...)`, `pc.Index(...)`.

https://github.com/pinecone-io/pinecone-python-client/releases/tag/v3.0.0. All of a document moves together, and only code: what stands in
addresses and in texts is never looked at.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.installed import renamed
from workers.review.shapes.pinecone.index import named_arguments
from workers.review.shapes.pinecone.spec import specified
from workers.review.shapes.shape import keyword, renamed_keyword, without
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, free, together, unread, written
from workers.review.shapes.uses import Use, imports, line_end, position, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_SAME = frozenset({"delete_index", "configure_index", "create_collection", "delete_collection"})
"""Called as before, of the client."""
_NAMES = frozenset({"list_indexes", "list_collections"})
"""Names alone came back; descriptions do now."""
_OLD = _SAME | _NAMES | {"init", "Index", "create_index", "describe_index", "describe_collection"}
_GONE = frozenset({"whoami", "scale_index", "deinit", "GRPCIndex"})
_READY = frozenset({"status", "name", "dimension", "metric", "host"})
"""What a description still says of an index itself."""
_WORDS = Words(
    message="`{}` went with pinecone 3",
    fix="Make a client and call it: `pc = Pinecone(api_key=...)`, `pc.Index(...)`.",
    target="pinecone.Pinecone",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What the client is called, how its class is written, and what it is made from."""

    name: str
    maker: str
    prefix: str
    """Before other classes of the package."""
    inits: list[Use]


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every use of the module that is gone."""
    found = [use for use in uses(code, "pinecone") if _last(use) in _OLD | _GONE]
    if not found:
        return
    cells = ((cell.index, cell.source) for cell in code.document.cells if cell.kind == "code")
    why = "a cell that names `pinecone` does not parse" if unread(code.sites, cells, "pinecone") else ""
    inits = [use for use in found if _last(use) == "init"]
    name = free(code, "pc", "pinecone_client")
    written_as = _reference(code, found)
    if not inits or isinstance(written_as, str):
        why = why or ("the client's key is not given in this document" if not inits else str(written_as))
        written_as = ("pinecone.Pinecone", "", ())
    maker, prefix, imported = written_as
    plan = _Plan(name=name, maker=maker, prefix=prefix, inits=inits)
    steps = [_step(code, use, plan) for use in found]
    around = (*imported, *named_arguments(code), *renamed(code, "pinecone-client", "pinecone"))
    yield from together(steps, _WORDS, around=around, why=why)


def _last(use: Use) -> str:
    return use.dotted.removeprefix("pinecone.")


def _step(code: Code, use: Use, plan: _Plan) -> Step:
    site, (start, end) = use.site, use.site.span(use.node)
    call = site.around(use.node)[0]
    changes: tuple[Change, ...] | str = ()
    if _last(use) in _GONE or not isinstance(call, ast.Call) or call.func is not use.node:
        changes = "it has no counterpart"
    elif not written(site, use.node) or code.imports.dotted(use.root, site.cell) != "pinecone":
        changes = "its name is imported by itself or stands in a formatted text"
    elif _last(use) == "init":
        changes = _made(site, call, f"{plan.name} = {plan.maker}")
    elif (
        not use.deferred and plan.inits and position(site, use.node) < position(plan.inits[0].site, plan.inits[0].node)
    ):
        changes = "it stands before `init`"
    else:
        changes = _called(code, call, use, plan)
        changes = changes if isinstance(changes, str) else ((start, end, f"{plan.name}.{_last(use)}"), *changes)
    why = changes if isinstance(changes, str) else ""
    made = () if isinstance(changes, str) else tuple((site, change) for change in changes)
    return Step(site=site, start=start, anchor=site.text(use.node), changes=made, why=why, needs=_needs(use))


def _needs(use: Use) -> tuple[Target, ...]:
    maker = Target(call=Question(name="pinecone.Pinecone"))
    last = _last(use)
    return (maker,) if last in {"init", *_GONE} else (maker, Target(call=Question(name=f"pinecone.Pinecone.{last}")))


def _made(site: Site, call: ast.Call, client: str) -> tuple[Change, ...] | str:
    """`pinecone.init(api_key=k, environment=e)` as a statement is `pc = Pinecone(api_key=k)`."""
    parent = site.around(call)[0]
    known = {"api_key", "environment"}
    if not isinstance(parent, ast.Expr) or parent not in site.tree.body:
        return "it is called elsewhere than at the top"
    if len(call.args) > 1 or any(one.arg not in known for one in call.keywords):
        return "it is given more than a key and an environment"
    changes: list[Change] = [(*site.span(call.func), client)]
    changes += [(at, at, "api_key=") for at in [site.span(one)[0] for one in call.args]]
    place = keyword(call, "environment")
    return (*changes, without(site, call, place)) if place is not None else tuple(changes)


def _called(code: Code, call: ast.Call, use: Use, plan: _Plan) -> tuple[Change, ...] | str:
    """The changes of a call besides its name, or why there are none."""
    site, last, end = use.site, _last(use), use.site.span(call)[1]
    if last in _NAMES:
        return ((end, end, ".names()"),)
    if last == "Index":
        old = keyword(call, "index_name")
        return (renamed_keyword(site, old, "name"),) if old else ()
    if last == "create_index":
        return specified(code, site, call, plan.inits, plan.prefix)
    if last in {"describe_index", "describe_collection"}:
        return _described(site, call)
    return ()


def _described(site: Site, call: ast.Call) -> tuple[Change, ...] | str:
    """A description is shown, or asked for what it still says."""
    match site.around(call)[0]:
        case ast.Expr():
            return ()
        case ast.Attribute(attr=field) if field in _READY:
            return ()
        case ast.Call(func=ast.Name(id="print" | "display")):
            return ()
        case _:
            return "what is read of the description is not followed"


def _reference(code: Code, found: list[Use]) -> tuple[str, str, Changes] | str:
    """How the class is written, what stands before the other classes, and the change of the import."""
    statements = list(imports(code, "pinecone"))
    at_top = [(site, one) for site, one in statements if isinstance(one, ast.Import) and one in site.tree.body]
    if not at_top:
        return "`pinecone` is not imported at the top"
    site, one = at_top[0]
    alias = next(alias for alias in one.names if alias.name.partition(".")[0] == "pinecone")
    module = alias.asname or "pinecone"
    start, end = site.span(one)
    rest = site.source[end : line_end(site, end)].strip()
    plain = len(one.names) == 1 and alias.asname is None and alias.name == "pinecone" and len(statements) == 1
    others = len(uses(code, "pinecone")) > len(found)
    spec = any(_last(use) == "create_index" for use in found)
    if not plain or others or spec or _taken(code) or (rest and not rest.startswith("#")):
        return f"{module}.Pinecone", f"{module}.", ()
    return "Pinecone", "", ((site, (start, end, "from pinecone import Pinecone")),)


def _taken(code: Code) -> bool:
    return free(code, "Pinecone") != "Pinecone"
