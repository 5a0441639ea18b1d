"""LangChain: `retriever.get_relevant_documents(query)` is `retriever.invoke(query)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.kinds import Kinds
from workers.review.shapes.shape import Hit, renamed_keyword, renamed_method
from workers.review.shapes.targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Change, Site

_NEW = {"get_relevant_documents": "invoke", "aget_relevant_documents": "ainvoke"}
_HOME = "langchain_core.retrievers.BaseRetriever"


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every search of a retriever by its former name."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods(*_NEW):
        if not _retriever(code, function.value, site):
            continue
        new = _NEW[function.attr]
        changes = _changes(site, call, function, new)
        yield Hit(
            site=site,
            start=site.span(function)[0],
            anchor=site.text(function),
            message=f"`{function.attr}` of retrievers gave way to `{new}`",
            fix=f"Call `{new}`.",
            changes=changes,
            unlock="" if changes else "It takes more than the query; the rest goes into `config`.",
            target=f"{_HOME}.{new}",
            needs=(Target(call=Question(name=f"{_HOME}.{new}")),),
        )


def _retriever(code: Code, node: ast.expr, site: Site) -> bool:
    """All that it may hold was made by `as_retriever`, or by a class of LangChain that is called a retriever."""
    if isinstance(node, ast.Call):
        return _makes_one(code, node, site.cell)
    held = code.imports.assigned(node, site.cell) if isinstance(node, ast.Name) else ()
    return bool(held) and all(
        one.item is None and isinstance(one.value, ast.Call) and _makes_one(code, one.value, one.cell) for one in held
    )


def _makes_one(code: Code, call: ast.Call, cell: int) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "as_retriever":
        return True
    dotted = (code.imports.dotted(call.func, cell) or "").split(".")
    return dotted[0].startswith("langchain") and any(part.endswith("Retriever") for part in dotted[-2:])


def _changes(site: Site, call: ast.Call, function: ast.Attribute, new: str) -> tuple[Change, ...]:
    match call:
        case ast.Call(args=[one], keywords=[]) if not isinstance(one, ast.Starred):
            return (renamed_method(site, function, new),)
        case ast.Call(args=[], keywords=[ast.keyword(arg="query") as one]):
            return (renamed_method(site, function, new), renamed_keyword(site, one, "input"))
        case _:
            return ()
