"""Where a document names a model: whole string literals that are a model argument or become one, and backticks in prose.

A name inside a file name, a command, a longer string or a comment is never one of them, nor one in an address, but for that of
the Gemini API, whose path has the model in a place of its own.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.documents.python import Offsets, mask, of_kind, parse, walked
from workers.review.models.clients import FOREIGN
from workers.review.models.flow import ARGUMENTS, Flow, flow, given, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.protocols import Cell

_PREFIXES = (
    "models/",
    "openai/",
    "openai:",
    "anthropic/",
    "anthropic:",
    "gemini/",
    "google/",
    "mistral/",
    "cohere/",
    "azure/",
    "vertex_ai/",
    "bedrock/",
)
_LITERAL = re.compile(r"[rRuUbB]?(\"\"\"|'''|\"|')")
_SPAN = re.compile(r"(?<!`)`([A-Za-z0-9][\w.:/@-]*)`(?!`)")
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)")
ADDRESS = re.compile(
    r"generativelanguage\.googleapis\.com/v1(?:beta|alpha)?/models/([\w.-]+)"
    r":(?:generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)\b"
)
_PAST = re.compile(
    r"(?i)\b(?:deprecat|retire|replac|former|previous|earlier|old(?:er)?\b|legacy|instead|no longer|shut|sunset|supersed"
    r"|compar|versus|vs\b|since|history|originally|released|introduc|migrat|used to|was\b|were\b|unlike|than\b)"
)
"""Words of a line that speaks about a model; whoever follows the line does not call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """One place that names a model."""

    name: str
    """Without a provider's prefix (`models/`, `openai/`)."""
    cell: int
    start: int
    """Where `name` itself stands in the cell's source."""
    end: int
    deployment: bool = False
    """It names a deployment, which only looks like a model."""
    prefix: str = ""
    whole: bool = True
    """False for a part of an f-string."""
    prose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    value: ast.expr
    deployment: bool = False


def model_names(cells: Sequence[Cell]) -> Iterator[ModelName]:
    """Every literal of the code cells that is a model, in document order."""
    trees = [(cell, tree) for cell in cells if cell.kind == "code" and (tree := parse(cell.source)) is not None]
    found = flow([tree for _, tree in trees])
    for cell, tree in trees:
        foreign = {id(part) for call in of_kind(tree, ast.Call) if _is_foreign(call) for part in ast.walk(call)}
        said = {
            id(one.value): one for node in walked(tree) if id(node) not in foreign for one in _literals(node, found)
        }
        made = [each for one in said.values() for each in _placed(cell, one)]
        yield from sorted(made, key=lambda one: one.start)


def in_addresses(cells: Sequence[Cell]) -> Iterator[ModelName]:
    """Names in addresses of the Gemini API that code calls, whatever its language; comments are nobody's code."""
    for cell in cells:
        for found in ADDRESS.finditer(cell.source) if cell.kind == "code" else ():
            before = cell.source[cell.source.rfind("\n", 0, found.start()) + 1 : found.start()]
            if not re.search(r"(?:\A|\s)(?:#|//)", before):
                start, end = found.span(1)
                yield ModelName(name=found[1], cell=cell.index, start=start, end=end, prefix="models/")


def in_prose(cells: Sequence[Cell]) -> Iterator[ModelName]:
    """Names in backticks in the prose: outside fences and links, in lines that do not speak of times past."""
    for cell in cells:
        if cell.kind == "markdown":
            yield from _spans(cell)


def _spans(cell: Cell) -> Iterator[ModelName]:
    at, fence = 0, ""
    for line in cell.source.split("\n"):
        if found := _FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif not fence and not line.startswith(("    ", "\t")) and "](" not in line and not _PAST.search(line):
            for span in _SPAN.finditer(line):
                yield _named(span[1], cell.index, at + span.start(1), prose=True)
        at += len(line) + 1


def _is_foreign(node: ast.Call) -> bool:
    """A call of somebody who serves models under names of their own."""
    return FOREIGN.search(_called(node.func)) is not None


def _called(function: ast.expr) -> str:
    """The names of a callable, its own last ones first, through calls and subscripts."""
    parts: list[str] = []
    at: ast.expr | None = function
    while at is not None:
        match at:
            case ast.Attribute(attr=name, value=inner):
                parts.append(name)
                at = inner
            case ast.Call(func=inner) | ast.Subscript(value=inner):
                at = inner
            case ast.Name(id=name):
                parts.append(name)
                at = None
            case _:
                at = None
    return ".".join(parts)


def _literals(node: ast.AST, found: Flow) -> Iterator[_Said]:
    """The literals and f-strings that `node` makes a model."""
    for one in _values(node, found):
        for leaf in leaves(one.value):
            if isinstance(leaf, ast.Constant | ast.JoinedStr):
                yield _Said(value=leaf, deployment=one.deployment)


def _values(node: ast.AST, found: Flow) -> Iterator[_Said]:
    for value in given(node, found):
        yield _Said(value=value)
    match node:
        case ast.keyword(arg=str(arg), value=value) if arg.startswith(("deployment", "azure_deployment")):
            yield _Said(value=value, deployment=True)
        case ast.Dict(keys=keys, values=values):
            yield from (_Said(value=value) for value in _under(keys, values, ARGUMENTS))
        case ast.Assign(targets=targets, value=value):
            yield from (_Said(value=each) for target in targets for each in _assigned(target, value, found))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from (_Said(value=each) for each in _assigned(target, value, found))
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments) | ast.Lambda(args=arguments):
            yield from (_Said(value=value) for value in _defaults(arguments, found))
        case (
            ast.For(target=ast.Name(id=name), iter=source) | ast.comprehension(target=ast.Name(id=name), iter=source)
        ) if name in found.one:
            yield from (_Said(value=each) for each in _elements(source))
        case _:
            pass


def _under(keys: Sequence[ast.expr | None], values: Sequence[ast.expr], wanted: frozenset[str]) -> Iterator[ast.expr]:
    for key, value in zip(keys, values, strict=True):
        if isinstance(key, ast.Constant) and key.value in wanted:
            yield value


def _assigned(target: ast.expr, value: ast.expr, found: Flow) -> Iterator[ast.expr]:
    """What an assignment makes a model: the value, the elements of a list, or what stands under a key."""
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name in found.many:
                yield from _elements(value)
            if isinstance(value, ast.Dict):
                keys = frozenset(key for of, key in found.keys if of == name)
                yield from _under(value.keys, value.values, keys)
            elif found.holds(name):
                yield value
        case ast.Subscript(slice=ast.Constant(value=str(name))) if name in ARGUMENTS:
            yield value
        case _:
            pass


def _elements(value: ast.expr) -> Sequence[ast.expr]:
    return value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else ()


def _defaults(arguments: ast.arguments, found: Flow) -> Iterator[ast.expr]:
    named = [*arguments.posonlyargs, *arguments.args]
    with_default = zip(named[len(named) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for argument, default in [*with_default, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        if default is not None and found.holds(argument.arg):
            yield default


def _placed(cell: Cell, one: _Said) -> Iterator[ModelName]:
    """The literal where its value stands as it is written; nothing for escapes, joined strings and bytes."""
    start, end = Offsets(cell.source).span(one.value)
    if isinstance(one.value, ast.JoinedStr):
        yield from _in_parts(cell, one.value, start)
        return
    value = one.value.value if isinstance(one.value, ast.Constant) else None
    if not isinstance(value, str):
        return
    written = mask(cell.source).text[start:end]
    opening = _LITERAL.match(written)
    if opening is not None and written == f"{opening[0]}{value}{opening[1]}":
        yield _named(value, cell.index, start + opening.end(), deployment=one.deployment)


def _in_parts(cell: Cell, value: ast.JoinedStr, start: int) -> Iterator[ModelName]:
    """A whole name after the last slash of an f-string's end: `f"{provider}/gpt-4"`."""
    last = value.values[-1] if value.values else None
    if isinstance(last, ast.Constant) and isinstance(last.value, str) and "/" in last.value:
        name = last.value.rpartition("/")[2]
        yield ModelName(name=name, cell=cell.index, start=start, end=start, whole=False)


def _named(value: str, cell: int, first: int, *, deployment: bool = False, prose: bool = False) -> ModelName:
    prefix = next((one for one in _PREFIXES if value.startswith(one)), "")
    start = first + len(prefix)
    name = value.removeprefix(prefix)
    return ModelName(
        name=name,
        cell=cell,
        start=start,
        end=start + len(name),
        deployment=deployment or prefix == "azure/",
        prefix=prefix,
        prose=prose,
    )
