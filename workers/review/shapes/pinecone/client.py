"""`pinecone.init(...)` and the functions of the module become a client: `pc = Pinecone(...)`, `pc.Index(...)`.

https://github.com/pinecone-io/pinecone-python-client/releases/tag/v3.0.0. All of a document moves together, and only code: what stands in
addresses and in texts is never looked at. A document that was moved by half is brought to its end.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.knowledge.rule import reached, version
from workers.protocols import Question
from workers.review.shapes.pinecone import half
from workers.review.shapes.pinecone.environment import leftovers, untold
from workers.review.shapes.pinecone.index import by_place
from workers.review.shapes.pinecone.pins import moved
from workers.review.shapes.pinecone.plan import plan
from workers.review.shapes.pinecone.spec import Home, specified
from workers.review.shapes.shape import Hit, keyword, renamed_keyword
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, together, unread, without_line, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.pinecone.index import Placed
    from workers.review.shapes.pinecone.plan import Plan
    from workers.review.shapes.shape import Code, Mandate
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change, Site

_SAME = frozenset({"delete_index", "configure_index", "create_collection", "delete_collection"})
"""Called as before, of the client."""
_NAMES = frozenset({"list_indexes", "list_collections"})
"""Names alone came back; descriptions do now."""
_OLD = _SAME | _NAMES | {"init", "Index", "GRPCIndex", "create_index", "describe_index", "describe_collection"}
_IDLE = frozenset({"whoami", "deinit"})
"""What only said whose key it is, or forgot it: nothing takes its place, and nothing needs to."""
_GONE = _IDLE | {"scale_index"}
_READY = frozenset({"status", "name", "dimension", "metric", "host"})
"""What a description still says of an index itself."""
_GRPC = "10"
"""From there on a client opens an index over gRPC with `index(..., grpc=True)`, and no extra is needed."""
_WORDS = Words(
    message="`{}` went with pinecone 3",
    fix="Make a client and call it: `pc = Pinecone(api_key=...)`, `pc.Index(...)`.",
    target="pinecone.Pinecone",
)
_CHOSEN = " New indexes are serverless, in the region that every plan may use: choose another if they belong elsewhere."


def find(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """Every use of the module that is gone, and calls of an index that it refuses."""
    found = [use for use in half.every_use(code) if _last(use) in _OLD | _GONE]
    placed = list(by_place(code))
    if not found:
        yield from (_by_name(one) for one in placed if one.fails(mandate.installed))
        return
    cells = ((cell.index, cell.source) for cell in code.document.cells if cell.kind == "code")
    why = "a cell that names `pinecone` does not parse" if unread(code.sites, cells, "pinecone") else ""
    why = why or _elsewhere(code)
    made = plan(code, found, mandate.installed)
    steps = [_step(use, made, code) for use in found]
    named = ((one.site, change) for one in placed for change in one.changes)
    idle = () if made.kind == "PodSpec" else leftovers(code, made.inits)
    around = (*made.around, *named, *idle, *moved(code, mandate))
    yield from together(steps, _words(made), around=around, why=why or made.why)


def _elsewhere(code: Code) -> str:
    """Why a client of the document's own is not enough: a store of langchain makes one from what `init` was told."""
    for site, call in code.calls():
        dotted = code.imports.dotted(call.func, site.cell) or ""
        if dotted.startswith("langchain") and ".Pinecone.from_" in dotted:
            return f"`{site.text(call.func)}` takes its client from `init`"
    return ""


def _words(made: Plan) -> Words:
    chosen = made.kind and isinstance(made.where, Home) and made.where.chosen
    return replace(_WORDS, fix=_WORDS.fix + _CHOSEN) if chosen else _WORDS


def _last(use: Use) -> str:
    return use.dotted.removeprefix("pinecone.")


def _step(use: Use, made: Plan, code: Code) -> Step:
    site, (start, _) = use.site, use.site.span(use.node)
    changes = _changes(use, made, code)
    why = changes if isinstance(changes, str) else ""
    done = () if isinstance(changes, str) else tuple((site, change) for change in changes)
    return Step(site=site, start=start, anchor=site.text(use.node), changes=done, why=why, needs=_needs(use, made))


def _changes(use: Use, made: Plan, code: Code) -> tuple[Change, ...] | str:
    site, last = use.site, _last(use)
    call = site.around(use.node)[0]
    nameless = half.nameless(code, use)
    if not isinstance(call, ast.Call) or call.func is not use.node:
        return "it has no counterpart"
    if not written(site, use.node) or not (nameless or code.imports.dotted(use.root, site.cell) == half.PACKAGE):
        return "its name is imported by itself or stands in a formatted text"
    if last in _GONE:
        return _idle(site, call) if last in _IDLE else "it has no counterpart"
    if last == "init":
        return _made(site, call, f"{made.name} = {made.maker}")
    if not made.before(use):
        return "it stands before the client is made"
    changes = _called(call, use, made, nameless=nameless)
    called = "index" if last == "GRPCIndex" else last
    return changes if isinstance(changes, str) else ((*site.span(use.node), f"{made.name}.{called}"), *changes)


def _needs(use: Use, made: Plan) -> tuple[Target, ...]:
    maker = Target(call=Question(name="pinecone.Pinecone"))
    last = _last(use)
    if last in {"init", *_GONE}:
        return (maker,)
    if last == "GRPCIndex":
        grpc = Question(name="pinecone.Pinecone.index", keywords=("grpc",))
        return (maker, Target(call=grpc, new=("grpc",)))
    method = Target(call=Question(name=f"pinecone.Pinecone.{last}"))
    if last == "create_index" and isinstance(made.where, Home):
        return (maker, method, Target(call=Question(name=f"pinecone.{made.where.kind}")))
    return (maker, method)


def _idle(site: Site, call: ast.Call) -> tuple[Change, ...] | str:
    """A statement of its own is taken away."""
    parent = site.around(call)[0]
    alone = isinstance(parent, ast.Expr) and parent in site.tree.body and len(site.tree.body) > 1
    return (without_line(site, parent),) if alone and isinstance(parent, ast.Expr) else "it has no counterpart"


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
    return (*changes, untold(site, call, place)) if place is not None else tuple(changes)


def _called(call: ast.Call, use: Use, made: Plan, *, nameless: bool) -> tuple[Change, ...] | str:
    """The changes of a call besides its name, or why there are none."""
    site, last = use.site, _last(use)
    if last in _NAMES:
        return _listed(site, call, nameless=nameless)
    if last == "GRPCIndex":
        return _over_grpc(site, call, made)
    if last == "Index":
        return _named(site, call)
    if last == "create_index":
        return specified(site, call, made.where, made.prefix)
    if last in {"describe_index", "describe_collection"}:
        return _described(site, call)
    return ()


def _listed(site: Site, call: ast.Call, *, nameless: bool) -> tuple[Change, ...] | str:
    """Names where names came back before; a document moved by half may say so itself already."""
    end = site.span(call)[1]
    match site.around(call)[0]:
        case ast.Attribute(attr="names"):
            return ()
        case ast.Compare(ops=[ast.In() | ast.NotIn()]) | ast.Expr():
            return ((end, end, ".names()"),)
        case _:
            return "what is read of the list is not followed" if nameless else ((end, end, ".names()"),)


def _named(site: Site, call: ast.Call) -> tuple[Change, ...]:
    old = keyword(call, "index_name")
    return (renamed_keyword(site, old, "name"),) if old else ()


def _over_grpc(site: Site, call: ast.Call, made: Plan) -> tuple[Change, ...] | str:
    """`GRPCIndex(n)` is `index(n, grpc=True)`."""
    if not made.installed or not reached(version(_GRPC), version(made.installed)):
        return "it has a client of its own, `pinecone.grpc.PineconeGRPC`"
    given = [*call.args, *call.keywords]
    if len(given) != 1 or any(one.arg not in {"name", "index_name"} for one in call.keywords):
        return "it is given more than a name"
    end = site.span(given[0])[1]
    return (*_named(site, call), (end, end, ", grpc=True"))


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


def _by_name(one: Placed) -> Hit:
    """A call of an index that is refused, in a document that has no other old form."""
    text = one.site.text(one.call.func)
    return Hit(
        site=one.site,
        start=one.site.span(one.call)[0],
        anchor=text,
        message=f"`{text}` takes its arguments by name alone",
        fix="Name what is passed.",
        changes=one.changes,
        target="pinecone.Index",
        needs=(Target(call=Question(name=f"pinecone.Index.{one.method}")),),
    )
