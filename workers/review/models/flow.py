"""Through which names of a document a model's name reaches a model argument."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.documents.python import walked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARGUMENTS = frozenset({"model", "model_name", "model_id", "modelId", "engine"})
FIRST = frozenset({"GenerativeModel", "init_chat_model"})
"""Callables whose first argument is the model."""
_LOADED = frozenset({"TextGenerationModel", "ChatModel", "CodeGenerationModel", "CodeChatModel", "TextEmbeddingModel"})
"""Classes whose `from_pretrained` takes the name of a served model."""
_HANDING_ON = (ast.keyword, ast.Call, ast.For, ast.AsyncFor, ast.comprehension, ast.Assign)
"""Nodes by which a value gets from one name to another."""


@dataclass(slots=True)
class Flow:
    """Names, by what they hold."""

    one: set[str] = field(default_factory=set[str])
    """Names, attributes and parameters that hold one model."""
    many: set[str] = field(default_factory=set[str])
    """Those that hold several, of which one is taken."""
    keys: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """(name, key) of dictionaries under whose key a model stands."""
    places: dict[str, int] = field(default_factory=dict[str, int])
    """Function of the document -> which of its positional arguments is a model."""

    def holds(self, name: str) -> bool:
        """Whether `name` is, by where it goes or by what it is called, a model's name."""
        return "model" in name.lower() or name in self.one or name in ARGUMENTS


def flow(trees: Sequence[ast.Module]) -> Flow:
    """Followed back from the arguments, until nothing new is found."""
    found = Flow()
    every = [node for tree in trees for node in walked(tree)]
    for node in every:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            _place(node, found)
    nodes = [node for node in every if isinstance(node, _HANDING_ON)]
    before = -1
    while before != (before := len(found.one) + len(found.many) + len(found.keys)):
        for node in nodes:
            _follow(node, found)
    return found


def given(node: ast.AST, found: Flow) -> Iterator[ast.expr]:
    """The values that `node` hands over as a model."""
    match node:
        case ast.keyword(arg=str(arg), value=value) if arg in ARGUMENTS:
            yield value
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[value, *_]) if name in FIRST:
            yield value
        case ast.Call(
            func=ast.Attribute(attr="from_pretrained", value=ast.Name(id=name) | ast.Attribute(attr=name)),
            args=[value, *_],
        ) if name in _LOADED:
            yield value
        case ast.Call(func=ast.Name(id=name), args=args) if (at := found.places.get(name, len(args))) < len(args):
            if not any(isinstance(each, ast.Starred) for each in args[: at + 1]):
                yield args[at]
        case _:
            pass


def leaves(value: ast.expr) -> Iterator[ast.expr]:
    """What an expression comes to: both sides of a choice, and what stands in for a variable that is not set."""
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*leaves(body), *leaves(orelse))
        case ast.BoolOp(op=ast.Or(), values=values):
            yield from (leaf for each in values for leaf in leaves(each))
        case ast.Call(func=ast.Name(id="getenv") | ast.Attribute(attr="getenv" | "get"), args=[_, default]):
            yield from leaves(default)
        case _:
            yield value


def _place(node: ast.FunctionDef | ast.AsyncFunctionDef, found: Flow) -> None:
    named = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    at = next((index for index, name in enumerate(named) if name in ARGUMENTS), None)
    if at is not None and named[0] not in {"self", "cls"}:
        found.places[node.name] = at


def _follow(node: ast.AST, found: Flow) -> None:
    for value in given(node, found):
        for leaf in leaves(value):
            _taken(leaf, found)
    match node:
        case (
            ast.For(target=ast.Name(id=name), iter=source)
            | ast.AsyncFor(target=ast.Name(id=name), iter=source)
            | ast.comprehension(target=ast.Name(id=name), iter=source)
        ) if name in found.one:
            _named(source, found.many)
        case ast.Assign(targets=targets, value=value) if any(_name(each) in found.one for each in targets):
            for leaf in leaves(value):
                _taken(leaf, found)
        case _:
            pass


def _taken(value: ast.expr, found: Flow) -> None:
    match value:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))):
            found.keys.add((name, key))
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int())):
            found.many.add(name)
        case _:
            _named(value, found.one)


def _named(value: ast.expr, into: set[str]) -> None:
    if name := _name(value):
        into.add(name)


def _name(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
