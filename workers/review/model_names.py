"""Where code names a model: whole string literals that are a model argument or become one.

A name inside a file name, a command, a longer string or a comment is never one of them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.documents.python import Offsets, mask, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.protocols import Cell

_ARGUMENTS = frozenset({"model", "model_name", "model_id", "engine"})
_POSITIONAL = frozenset({"GenerativeModel"})
"""Callables whose first argument is the model."""
_PREFIXES = ("models/", "openai/", "openai:", "anthropic/", "anthropic:", "gemini/", "google/", "mistral/", "cohere/")
_LITERAL = re.compile(r"[rRuUbB]?(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """One literal that names a model."""

    name: str
    """Without a provider's prefix (`models/`, `openai/`)."""
    cell: int
    start: int
    """Where `name` itself stands in the cell's source."""
    end: int
    deployment: bool = False
    """It names a deployment, which only looks like a model."""


def model_names(cells: Sequence[Cell]) -> Iterator[ModelName]:
    """Every literal of the code cells that is a model, in document order."""
    trees = [(cell, tree) for cell in cells if cell.kind == "code" and (tree := parse(cell.source)) is not None]
    flowing = {name for _, tree in trees for node in ast.walk(tree) for name in _passed_on(node)}
    for cell, tree in trees:
        found = {id(literal): (literal, said) for node in ast.walk(tree) for literal, said in _literals(node, flowing)}
        made = [_placed(cell, literal, deployment=said) for literal, said in found.values()]
        yield from sorted((one for one in made if one is not None), key=lambda one: one.start)


def _passed_on(node: ast.AST) -> Iterator[str]:
    """Names that are handed over as a model argument."""
    match node:
        case ast.keyword(arg=str(arg), value=ast.Name(id=name)) if arg in _ARGUMENTS:
            yield name
        case _:
            pass


def _literals(node: ast.AST, flowing: set[str]) -> Iterator[tuple[ast.Constant, bool]]:
    """(literal, whether it names a deployment) that `node` makes a model."""
    for value, deployment in _values(node, flowing):
        if isinstance(value, ast.Constant):
            yield value, deployment


def _values(node: ast.AST, flowing: set[str]) -> Iterator[tuple[ast.expr, bool]]:
    match node:
        case ast.keyword(arg=str(arg), value=value) if arg in _ARGUMENTS or arg.startswith("deployment"):
            yield value, arg.startswith("deployment")
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[value, *_]) if name in _POSITIONAL:
            yield value, False
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            yield from (
                (value, False) for key, value in pairs if isinstance(key, ast.Constant) and key.value in _ARGUMENTS
            )
        case ast.Assign(targets=targets, value=value) if any(_is_model(target, flowing) for target in targets):
            yield value, False
        case ast.AnnAssign(target=target, value=ast.expr() as value) if _is_model(target, flowing):
            yield value, False
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments) | ast.Lambda(args=arguments):
            yield from ((value, False) for value in _defaults(arguments, flowing))
        case _:
            pass


def _is_model(target: ast.expr, flowing: set[str]) -> bool:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return "model" in name.lower() or name in flowing or name in _ARGUMENTS
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name in _ARGUMENTS
        case _:
            return False


def _defaults(arguments: ast.arguments, flowing: set[str]) -> Iterator[ast.expr]:
    named = [*arguments.posonlyargs, *arguments.args]
    given = zip(named[len(named) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for argument, default in [*given, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        known = "model" in argument.arg.lower() or argument.arg in flowing or argument.arg in _ARGUMENTS
        if known and default is not None:
            yield default


def _placed(cell: Cell, literal: ast.Constant, *, deployment: bool) -> ModelName | None:
    """The literal where its value stands as it is written; None for escapes, joined strings and bytes."""
    if not isinstance(literal.value, str):
        return None
    start, end = Offsets(cell.source).span(literal)
    written = mask(cell.source).text[start:end]
    opening = _LITERAL.match(written)
    if opening is None or written != f"{opening[0]}{literal.value}{opening[1]}":
        return None
    prefix = next((one for one in _PREFIXES if literal.value.startswith(one)), "")
    first = start + opening.end() + len(prefix)
    name = literal.value.removeprefix(prefix)
    return ModelName(name=name, cell=cell.index, start=first, end=first + len(name), deployment=deployment)
