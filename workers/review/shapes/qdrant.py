"""`search(query_vector=(name, vector))` becomes `query_points(query=vector, using=name)`, and `.points` on what comes back.

Signatures of the real client: https://python-client.qdrant.tech. A local class is asked for its own.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.shape import (
    Code,
    Function,
    Hit,
    Mandate,
    keyword,
    literal,
    renamed_keyword,
    renamed_method,
    separator,
    without,
)
from workers.review.shapes.targets import Target, target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_CLIENTS = frozenset(
    f"{module}.{name}"
    for module in ("qdrant_client", "qdrant_client.qdrant_client", "qdrant_client.async_qdrant_client")
    for name in ("QdrantClient", "AsyncQdrantClient")
)
_TAKEN = frozenset(
    {
        "collection_name",
        "query_vector",
        "query_filter",
        "search_params",
        "limit",
        "offset",
        "with_payload",
        "with_vectors",
        "score_threshold",
        "consistency",
        "shard_key_selector",
        "timeout",
    }
)
"""What `search` takes and `query_points` takes as well, `query_vector` under its new name."""
_TARGET = "qdrant_client.QdrantClient.query_points"


def find(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """Every `search` of a Qdrant client, or of a receiver the owner names."""
    for site, call in code.calls():
        match call.func:
            case ast.Attribute(value=receiver, attr="search") as function:
                pass
            case _:
                continue
        real = code.made_by(receiver, site, _CLIENTS)
        named = isinstance(receiver, ast.Name) and receiver.id in mandate.receivers
        if real or named:
            yield _hit(code, site, call, function, real=real)


def _hit(code: Code, site: Site, call: ast.Call, function: ast.Attribute, *, real: bool) -> Hit:
    local = None if real else code.local_class(function.value, site)
    changes = _real(code, site, call) if real else _local(code, site, call, local)
    told = isinstance(changes, str)
    return Hit(
        site=site,
        start=site.span(call)[0],
        anchor=site.text(function),
        message=f"`{site.text(function)}` is the old way to search",
        fix="Call `query_points(query=..., using=...)`" + (" and read `.points` of what it returns." if real else "."),
        changes=() if told else (renamed_method(site, function, "query_points"), *changes),
        unlock=changes if told else "",
        target=_TARGET if real else None,
        own=local is not None,
        needs=_needs(code, site, call, function) if real else (),
    )


def _needs(code: Code, site: Site, call: ast.Call, function: ast.Attribute) -> tuple[Target, ...]:
    """`query_points` of each class that the client may be of, with the keywords it will be passed."""
    renamed = {"query_vector": "query"}
    named = ("query", "using") if keyword(call, "query_vector") is None else ("using",)
    new = named if _needs_using(call) else ()
    makers = sorted(code.makers(function.value, site))
    return tuple(target(call, f"{maker}.query_points", renamed, new=new) for maker in makers)


def _real(code: Code, site: Site, call: ast.Call) -> tuple[Change, ...] | str:
    """The changes for the library's own client, or why there are none."""
    query = _query(code, site, call)
    unknown = [str(one.arg) for one in call.keywords if one.arg not in _TAKEN]
    if isinstance(query, str):
        return query
    if unknown:
        return f"`query_points` has no counterpart for {', '.join(unknown)}."
    return (*query, *_points(site, call))


def _local(code: Code, site: Site, call: ast.Call, local: ast.ClassDef | None) -> tuple[Change, ...] | str:
    """The changes for a class of the document's own, or why there are none."""
    if local is None:
        return "What the receiver holds is unknown: check the signature of its `query_points`."
    query, dropped = _query(code, site, call), _dropped(site, call, local)
    if isinstance(query, str):
        return query
    return dropped if isinstance(dropped, str) else (*query, *dropped)


def _query(code: Code, site: Site, call: ast.Call) -> tuple[Change, ...] | str:
    """The change of the query vector, or why it cannot be made."""
    if any(one.arg is None for one in call.keywords) or any(isinstance(one, ast.Starred) for one in call.args):
        return "The arguments are not spelled out."
    vector = keyword(call, "query_vector")
    if vector is not None and len(call.args) <= 1:
        return _by_keyword(code, site, vector)
    if vector is None and len(call.args) == 2:  # noqa: PLR2004 - collection_name and query_vector
        return _by_position(site, call.args[1])
    return "The query vector is not passed where it can be moved."


def _by_keyword(code: Code, site: Site, vector: ast.keyword) -> tuple[Change, ...] | str:
    start, end = site.span(vector)
    parts = _named(vector.value)
    if parts is not None:
        name, values = (site.text(part) for part in parts)
        return ((start, end, f"query={values}{separator(site, vector)}using={name}"),)
    if isinstance(vector.value, ast.Name):
        held = code.imports.assigned(vector.value, site.cell)
        if any(_named(one.value) is not None for one in held if one.item is None):
            return "The query vector is put together elsewhere: pass its name as `using`."
    return (renamed_keyword(site, vector, "query"),)


def _by_position(site: Site, vector: ast.expr) -> tuple[Change, ...]:
    parts = _named(vector)
    if parts is None:
        return ()  # the second parameter of both
    name, values = (site.text(part) for part in parts)
    return ((*site.span(vector), f"query={values}, using={name}"),)


def _named(vector: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Name and values of a named vector: a pair, or `NamedVector(name=..., vector=...)`."""
    match vector:
        case ast.Tuple(elts=[name, values]):
            return name, values
        case ast.Call(
            func=ast.Name(id="NamedVector") | ast.Attribute(attr="NamedVector"), args=[], keywords=[one, other]
        ):
            given = {one.arg: one.value, other.arg: other.value}
            return (given["name"], given["vector"]) if given.keys() == {"name", "vector"} else None
        case _:
            return None


def _points(site: Site, call: ast.Call) -> tuple[Change, ...]:
    """`.points` after the call; around the `await` of an asynchronous one."""
    start, end = site.span(call)
    around = site.around(call)
    if around and isinstance(around[0], ast.Await):
        start, end = site.span(around[0])
        return ((start, start, "("), (end, end, ").points"))
    return ((end, end, ".points"),)


def _dropped(site: Site, call: ast.Call, local: ast.ClassDef) -> tuple[Change, ...] | str:
    """The arguments to take away for a local class, or why it cannot be called the new way."""
    methods = {node.name: node for node in local.body if isinstance(node, Function)}
    new, old = methods.get("query_points"), methods.get("search")
    if new is None:
        return f"`{local.name}` has no `query_points`."
    taken = _parameters(new)
    if "query" not in taken or (_needs_using(call) and "using" not in taken) or not _same_first(call, new, old):
        return f"`{local.name}.query_points` takes other arguments."
    changes: list[Change] = []
    for one in call.keywords:
        if one.arg == "query_vector" or one.arg in taken or new.args.kwarg is not None:
            continue
        if not _idle(one, old):
            return f"`{local.name}.query_points` does not take `{one.arg}`, which is in use here."
        changes.append(without(site, call, one))
    return tuple(changes)


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _needs_using(call: ast.Call) -> bool:
    vectors = [one.value for one in call.keywords if one.arg == "query_vector"] + call.args[1:2]
    return any(_named(one) is not None for one in vectors)


def _same_first(call: ast.Call, new: Function, old: Function | None) -> bool:
    """Positional arguments mean the same in both."""
    if not call.args:
        return True
    return old is not None and _parameters(old)[1:2] == _parameters(new)[1:2] and len(call.args) == 1


def _idle(argument: ast.keyword, old: Function | None) -> bool:
    """Passing it says no more than leaving it out: None, or the old method's own default."""
    if not literal(argument.value):
        return False
    if isinstance(argument.value, ast.Constant) and argument.value.value is None:
        return True
    if old is None:
        return False
    named = [*old.args.posonlyargs, *old.args.args]
    given = dict(zip([one.arg for one in named[len(named) - len(old.args.defaults) :]], old.args.defaults, strict=True))
    default = given.get(argument.arg or "")
    return default is not None and ast.dump(default) == ast.dump(argument.value)
