"""The owner's own rename of a call, and commands whose tool is being shut down."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.documents.python import mask
from workers.review.shapes.shape import Code, Function, Hit, Mandate
from workers.review.shapes.targets import Target, target
from workers.review.sites import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.business import Mapping

_COMMAND = re.compile(r"oaieval(?:set)?(?=\s|$)")
_LINE = re.compile(r"^[ \t]*!?[ \t]*(oaieval(?:set)?)(?=[ \t\n]|\Z)[^\n]*", re.MULTILINE)


def renames(code: Code, mapping: Mapping) -> Iterator[Hit]:
    """Calls of the mapping's `old` on the receivers it names; keywords are kept."""
    root, _, old = (mapping.old or "").partition(".")
    _, _, new = (mapping.new or "").partition(".")
    receivers = {root, *mapping.receivers}
    for site, call in code.calls():
        chain = _chain(call.func)
        if chain is None or chain[0].id not in receivers or chain[1] != old or not new:
            continue
        start, end = site.span(call.func)
        receiver = site.span(chain[0])[1]
        missing, own = _missing(code, chain[0], site, new)
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(call.func),
            message=f"`{mapping.old}` gave way to `{mapping.new}`",
            fix=f"Call `{mapping.new}`.",
            changes=((receiver, end, f".{new}"),) if site.source[receiver:end] == f".{old}" else (),
            unlock=missing,
            own=own,
            needs=() if own else _needs(code, site, call, chain[0], new),
        )


def _chain(function: ast.expr) -> tuple[ast.Name, str] | None:
    """The name an attribute chain starts at, and the rest of it."""
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    return (function, ".".join(reversed(parts))) if isinstance(function, ast.Name) and parts else None


def _missing(code: Code, receiver: ast.Name, site: Site, new: str) -> tuple[str, bool]:
    """Why a class of the document's own cannot be called the new way, and whether it was seen that it can."""
    local = code.local_class(receiver, site)
    methods = {node.name for node in local.body if isinstance(node, Function)} if local else set[str]()
    if local is None or new in methods:
        return "", local is not None
    return ("", False) if "." in new or local.bases else (f"`{local.name}` has no `{new}`.", False)


def _needs(code: Code, site: Site, call: ast.Call, receiver: ast.Name, new: str) -> tuple[Target, ...]:
    """The new call as the receiver's module or class has it; empty where nobody knows what the receiver is."""
    origin = code.imports.dotted(receiver, site.cell)
    if origin:
        return (target(call, f"{origin}.{new}", positional=True),)
    return tuple(
        replace(target(call, f"{maker}.{new}", positional=True), of_class=maker)
        for maker in sorted(code.makers(receiver, site))
    )


def oaieval(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """Commands of the legacy evals tool: in strings, in argument lists, on shell lines and in shell cells."""
    for site in code.sites:
        for node in site.nodes:
            match node:
                case ast.Constant(value=str(text)) if _COMMAND.match(text):
                    yield _command(site, site.span(node)[0], text, mandate)
                case _:
                    pass
    for cell in code.document.cells:
        if cell.kind != "code":
            continue
        masked = mask(cell.source).text
        for found in _LINE.finditer(cell.source):
            at = found.start(1)
            if masked[at : found.end(1)] != found[1]:  # on a shell line: masked
                yield _command(Site(cell.index, cell.source), at, found[0].strip(" \t!"), mandate)


def _command(site: Site, start: int, command: str, mandate: Mandate) -> Hit:
    return Hit(
        site=site,
        start=start,
        anchor=command,
        message=f"`{command.split(maxsplit=1)[0]}` is a legacy command; {mandate.life}",
        fix="Decide where the evaluation moves to.",
        unlock=f"A decision of yours: {mandate.life}.",
    )
