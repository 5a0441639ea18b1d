"""Where names of a document are bound and read, for following values: loops, comprehensions, parameters, functions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.documents.python import Assigned
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def loads(code: Code, name: str) -> Iterator[tuple[Site, ast.Name]]:
    """Every place of the document that reads a name so called."""
    for site in code.sites:
        for node in site.nodes:
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                yield site, node


def otherwise(site: Site, load: ast.Name) -> bool:
    """True where something around the place binds the name itself: a parameter, a loop, `with`, `except`."""
    return any(load.id in _binds(node) for node in site.around(load))


def unsure(code: Code, name: str) -> bool:
    """True where the name is read and what it holds cannot be told, though nothing around the place binds it anew."""
    return any(
        not code.imports.assigned(load, site.cell) and not otherwise(site, load) for site, load in loads(code, name)
    )


def reaching(site: Site, load: ast.Name, held: tuple[Assigned, ...]) -> tuple[Assigned, ...]:
    """Those of the values that get to the place: an assignment earlier in the same block ends what was held before it."""
    last = _latest(site, load)
    if last is None or not any(one.value is last.value and one.cell == site.cell for one in held):
        return held
    since = (last.value.lineno, last.value.col_offset)
    return tuple(one for one in held if one.cell == site.cell and (one.value.lineno, one.value.col_offset) >= since)


def _latest(site: Site, load: ast.Name) -> ast.Assign | None:
    """The nearest assignment of the name that is made for certain before the place."""
    inside: ast.AST = load
    for around in site.around(load):
        made = [one for one in _before(around, inside) if isinstance(one, ast.Assign) and load.id in _targets(one)]
        if made:
            return made[-1]
        if isinstance(around, Function | ast.Lambda):
            return None
        inside = around
    return None


def _before(around: ast.AST, inside: ast.AST) -> list[ast.stmt]:
    """The statements that stand before one of them in its block; none where it is in no block of `around`."""
    blocks: list[list[ast.stmt]] = [getattr(around, name, None) or [] for name in ("body", "orelse", "finalbody")]
    for block in blocks:
        found = [at for at, one in enumerate(block if type(block) is list else []) if one is inside]
        if found:
            return block[: found[0]]
    return []


def _targets(statement: ast.Assign) -> list[str]:
    return [one.id for one in statement.targets if isinstance(one, ast.Name)]


def _binds(node: ast.AST) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            return set(parameters(node))
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return {name for one in node.generators for name in _names(one.target)}
        case ast.For() | ast.AsyncFor():
            return set(_names(node.target))
        case ast.With() | ast.AsyncWith():
            return {name for one in node.items if one.optional_vars for name in _names(one.optional_vars)}
        case ast.ExceptHandler(name=str(name)):
            return {name}
        case _:
            return set()


def _names(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id


def parameters(function: Function | ast.Lambda) -> list[str]:
    """Names of all parameters, in order, the starred ones last."""
    told = function.args
    named = [*told.posonlyargs, *told.args, *told.kwonlyargs]
    return [one.arg for one in (*named, *filter(None, (told.vararg, told.kwarg)))]


def in_comprehension(whole: ast.AST, generator: ast.comprehension) -> tuple[ast.AST, ...]:
    """Where a comprehension's name holds an item: all but the first thing that is looped over."""
    if not isinstance(whole, _Comprehension):
        return ()
    values = [whole.key, whole.value] if isinstance(whole, ast.DictComp) else [whole.elt]
    later = [one.iter for one in whole.generators if one is not generator]
    return (*values, *(test for one in whole.generators for test in one.ifs), *later)


def reads_of(site: Site, inside: Iterable[ast.AST], name: str) -> Iterator[ast.Name]:
    """The places inside that read the name and mean the one of outside."""
    roots = tuple(inside)
    own = {id(node) for root in roots for node in ast.walk(root)}
    for root in roots:
        for node in ast.walk(root):
            if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
                continue
            if not any(id(one) in own and name in _binds(one) for one in site.around(node)):
                yield node


def stored(inside: Iterable[ast.AST], name: str) -> bool:
    """True where the name is bound once more inside."""
    return any(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        for root in inside
        for node in ast.walk(root)
    )


def strays(code: Code, site: Site, name: str, inside: tuple[ast.AST, ...]) -> bool:
    """True where the name is read outside of whatever binds it: a loop's last item may be meant."""
    own = {id(node) for root in inside for node in ast.walk(root)}
    return any(
        not code.imports.assigned(load, at.cell)
        and not (at is site and id(load) in own)
        and code.imports.dotted(load, at.cell) is None
        and not otherwise(at, load)
        for at, load in loads(code, name)
    )
