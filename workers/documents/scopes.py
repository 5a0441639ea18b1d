"""Which names each scope of a cell binds, where, and to what: imports, assignments, definitions, loop targets."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from workers.documents.syntax import of_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Position = tuple[int, int]
"""Line from 1 and UTF-8 column from 0, as `ast` counts."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)
_AT_THE_END = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete)
"""Statements whose right side is read before the names on the left are bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """An expression that a name was assigned."""

    value: ast.expr
    item: int | None
    """Which item of the value, from 0, when the value was unpacked (`figure, axes = ...`); None for the whole."""
    cell: int
    """The cell where `value` stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a name stands for from `position` on."""

    position: Position
    origin: str | None = None
    """The dotted name it was imported as; None for everything else."""
    assigned: Assigned | None = None
    conditional: bool = False
    """Bound in a branch or a loop, so what was bound before may hold as well."""


@dataclass(eq=False, slots=True, kw_only=True)
class Scope:
    """A module's, function's, class's or comprehension's own names."""

    kind: str
    """`module`, `function`, `class` or `comprehension`."""
    start: Position
    end: Position
    parent: Scope | None = None
    names: dict[str, list[Binding]] = field(default_factory=dict[str, list[Binding]])
    outer: set[str] = field(default_factory=set[str])
    """Names declared `global` or `nonlocal`."""

    def bind(self, name: str, binding: Binding) -> None:
        """Keep the first word on a name at one position: the exact one comes first."""
        bound = self.names.setdefault(name, [])
        if all(other.position != binding.position for other in bound[-1:]):
            bound.append(binding)


_OPENERS = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_OF_THEIR_OWN = (*_OPENERS, ast.NamedExpr)
"""Nodes whose children are not all evaluated where the node is."""
_SILENT = (ast.Constant, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
"""Nodes that neither bind a name nor hold one that does."""
_UNSEEN_BINDERS = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
"""Expressions that bind names where none is stored."""
_BINDERS = (
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.Name,
    ast.NamedExpr,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.ExceptHandler,
    ast.pattern,
    ast.Global,
    ast.Nonlocal,
)


class _Item(NamedTuple):
    """A node still to visit: its scope, when its names take effect (None: where they stand), and whether it may be passed by."""

    node: ast.AST
    scope: Scope
    at: Position | None = None
    conditional: bool = False


def scopes(tree: ast.Module, cell: int) -> list[Scope]:
    """All scopes of a cell, the module's first, each before those inside it, in document order."""
    module = Scope(kind="module", start=(0, 0), end=(2**31, 0))
    found = [module]
    # Without these an expression binds nothing but where it is stored to, and most need not be looked into.
    plain = not any(of_kind(tree, kind) for kind in _UNSEEN_BINDERS)
    # A stack of our own: an expression of a thousand terms is deeper than Python's.
    stack = [_Item(node, module) for node in reversed(tree.body)]
    while stack:
        item = stack.pop()
        if isinstance(item.node, _BINDERS):
            _bind(item, cell)
        children = [child for child in _children(item) if not (plain and _only_read(child.node))]
        if isinstance(item.node, _OPENERS):
            found.extend({id(child.scope): child.scope for child in children if child.scope is not item.scope}.values())
        stack.extend(reversed(children))
    for scope in found:
        _hand_outwards(scope, module)
    return found


def _only_read(node: ast.AST) -> bool:
    return isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def _hand_outwards(scope: Scope, module: Scope) -> None:
    """What a function declares global it binds in the module; position unknown, so: from the function on, to nothing known."""
    if scope is module:
        return
    for name in scope.outer & scope.names.keys():
        del scope.names[name]
        module.names.setdefault(name, []).append(Binding(position=scope.start))
        module.names[name].sort(key=lambda binding: binding.position)


def _bind(item: _Item, cell: int) -> None:
    """Write down the names that `item.node` itself binds."""
    if isinstance(item.node, ast.Global | ast.Nonlocal):
        item.scope.outer.update(item.node.names)
    for name, binding in _bindings(item, cell):
        scope = item.scope
        if isinstance(item.node, ast.NamedExpr):
            while scope.kind == "comprehension" and scope.parent:
                scope = scope.parent
        scope.bind(name, binding)


def _bindings(item: _Item, cell: int) -> Iterator[tuple[str, Binding]]:
    node = item.node
    match node:
        case ast.Import() | ast.ImportFrom():
            for name, origin in imported(node):
                yield name, Binding(position=end(node), origin=origin, conditional=item.conditional)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                for name, position in _unpacked(target):
                    assigned = Assigned(value=value, item=position, cell=cell)
                    yield name, Binding(position=end(node), assigned=assigned, conditional=item.conditional)
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name, Binding(position=item.at or start(node), conditional=item.conditional)
        case ast.NamedExpr(target=ast.Name(id=name)):
            yield name, Binding(position=end(node), conditional=True)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, Binding(position=start(node.body[0]), conditional=item.conditional)
        case _:
            yield from ((name, Binding(position=start(node), conditional=True)) for name in _captured(node))


def _captured(node: ast.AST) -> Iterator[str]:
    """The name an `except` clause or a pattern of `match` binds."""
    match node:
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case _:
            pass


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str | None]]:
    """(name, dotted origin) of an import; a star claims nothing, a relative import has an unknown origin."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif alias.name != "*":
            known = node.level == 0 and node.module
            yield alias.asname or alias.name, f"{node.module}.{alias.name}" if known else None


def _unpacked(target: ast.expr) -> Iterator[tuple[str, int | None]]:
    match target:
        case ast.Name(id=name):
            yield name, None
        case ast.Tuple(elts=items) | ast.List(elts=items) if not any(isinstance(item, ast.Starred) for item in items):
            for index, item in enumerate(items):
                if isinstance(item, ast.Name):
                    yield item.id, index
        case _:
            pass


def _children(item: _Item) -> Iterator[_Item]:
    """What is inside `item.node`, each with the scope it is evaluated in."""
    node, scope = item.node, item.scope
    if not isinstance(node, _OF_THEIR_OWN):
        yield from _plain_children(item)
        return
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            yield from _function(node, item)
        case ast.ClassDef():
            yield from _in(scope, [*node.decorator_list, *node.bases, *node.keywords])
            yield from _in(_inside(scope, "class", node.body), node.body)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from _comprehension(node, scope)
        case ast.NamedExpr():
            yield _Item(node.value, scope, None, item.conditional)


def _plain_children(item: _Item) -> Iterator[_Item]:
    node = item.node
    at = end(node) if isinstance(node, _AT_THE_END) else item.at
    conditional = item.conditional or isinstance(node, _BRANCHES)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _SILENT):
            yield _Item(child, item.scope, at, conditional)


def _function(node: _Function | ast.Lambda, item: _Item) -> Iterator[_Item]:
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    inside = _inside(item.scope, "function", body)
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every = [*named, *(argument for argument in (arguments.vararg, arguments.kwarg) if argument)]
    for argument in every:
        inside.bind(argument.arg, Binding(position=(inside.start[0], inside.start[1] - 1)))
    outside: list[ast.AST | None] = [*arguments.defaults, *arguments.kw_defaults, *(one.annotation for one in every)]
    if not isinstance(node, ast.Lambda):
        outside += [*node.decorator_list, node.returns]
    yield from _in(item.scope, [one for one in outside if one])
    yield from _in(inside, body)


def _comprehension(node: _Comprehension, scope: Scope) -> Iterator[_Item]:
    inside = Scope(kind="comprehension", start=start(node), end=end(node), parent=scope)
    for generator in node.generators:
        yield _Item(generator.target, inside, start(node))
        yield from _in(inside, [generator.iter, *generator.ifs])
    yield from _in(inside, [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])


def _inside(scope: Scope, kind: str, body: list[ast.stmt] | list[ast.expr]) -> Scope:
    return Scope(kind=kind, start=start(body[0]), end=end(body[-1]), parent=scope)


def _in(scope: Scope, nodes: Iterable[ast.AST]) -> Iterator[_Item]:
    for node in nodes:
        yield _Item(node, scope)


def start(node: ast.AST) -> Position:
    """Where a node that has a position begins."""
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def end(node: ast.AST) -> Position:
    """Where a node that has a position ends."""
    return (getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0)
