"""Functions of a document: who calls them, what they are given, and what a value becomes inside."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import Function, loads, otherwise, reads_of, stored

if TYPE_CHECKING:
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site


def enclosing(around: tuple[ast.AST, ...]) -> Function | None:
    """The function around a place; None for a lambda or none."""
    for node in around:
        if isinstance(node, ast.Lambda):
            return None
        if isinstance(node, Function):
            return node
    return None


def method(site: Site, function: Function) -> bool:
    """True for a function of a class."""
    around = site.around(function)
    return bool(around) and isinstance(around[0], ast.ClassDef)


def function(code: Code, site: Site, called: ast.expr) -> tuple[Site, Function] | None:
    """The one function of the document's module level that a name means."""
    if not isinstance(called, ast.Name) or otherwise(site, called) or code.imports.dotted(called, site.cell):
        return None
    found = _defined(code, called.id)
    return found[0] if len(found) == 1 and not _rebound(code, called.id) else None


def _defined(code: Code, name: str) -> list[tuple[Site, Function]]:
    return [
        (site, node)
        for site in code.sites
        for node in site.nodes
        if isinstance(node, Function) and node.name == name and not method(site, node)
    ]


def _rebound(code: Code, name: str) -> bool:
    return any(stored((site.tree,), name) for site in code.sites)


def callers(code: Code, function: Function) -> list[tuple[Site, ast.Call]] | None:
    """Every call of a function; None where it is defined again or used otherwise than by calling it."""
    name = function.name
    if len(_defined(code, name)) != 1 or _rebound(code, name):
        return None
    found: list[tuple[Site, ast.Call]] = []
    for site, load in loads(code, name):
        if otherwise(site, load):
            continue
        parent = site.around(load)[0]
        if not isinstance(parent, ast.Call) or parent.func is not load:
            return None
        found.append((site, parent))
    return found


def parameter(function: Function, call: ast.Call, node: ast.expr, keyword: str | None) -> str | None:
    """The parameter that an argument becomes."""
    named = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if keyword is not None:
        return keyword if keyword in {*named, *(one.arg for one in function.args.kwonlyargs)} else None
    at = next((index for index, one in enumerate(call.args) if one is node), None)
    spread = any(isinstance(one, ast.Starred) for one in call.args)
    return named[at] if at is not None and at < len(named) and not spread else None


def given(function: Function, call: ast.Call, parameter: str) -> ast.expr | None:
    """What a call hands to a parameter, its default where it hands nothing; None where that is not seen."""
    for one in call.keywords:
        if one.arg == parameter:
            return one.value
    named = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    at = named.index(parameter) if parameter in named else len(call.args)
    if at < len(call.args) and not any(isinstance(one, ast.Starred) for one in call.args):
        return call.args[at]
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A value inside a function that it was handed to."""

    site: Site
    loads: tuple[ast.Name, ...]
    """Where the function reads it."""
    others: tuple[tuple[int, ast.expr], ...]
    """What all callers hand over, each with its cell: the same has to be true of them."""


def received(code: Code, site: Site, call: ast.Call, node: ast.expr, keyword: str | None) -> Received | str:
    """What becomes of an argument inside a function of the document's own, or why that is not seen."""
    found = function(code, site, call.func)
    if found is None:
        return f"`{site.text(call.func)}` is given it"
    home, called = found
    name = parameter(called, call, node, keyword)
    inside = tuple(called.body)
    if name is None or stored(inside, name):
        return f"`{called.name}` is given it"
    known = callers(code, called)
    handed = [(at.cell, given(called, one, name)) for at, one in known or ()]
    others = tuple((cell, value) for cell, value in handed if value is not None)
    if known is None or len(others) != len(handed):
        return f"not every use of `{called.name}` is seen"
    return Received(site=home, loads=tuple(reads_of(home, inside, name)), others=others)
