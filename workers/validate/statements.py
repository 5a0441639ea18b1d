"""A cell's source as statements that can be compared: what each says, in which words, and what encloses it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from workers.documents.magics import PYTHON_CELL_MAGICS
from workers.documents.python import mask, parse
from workers.validate.python2 import parse_python2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORD = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guard:
    """A compound statement around a statement, and which of its blocks the statement stands in."""

    node: ast.AST
    block: str
    """`body`, `orelse`, `handler` or `finalbody`."""

    @property
    def kind(self) -> str:
        """Two guards of the same kind are the same to a reader, whatever they test."""
        return f"{type(self.node).__name__.removeprefix('Async')}.{self.block}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statement:
    """A statement without the statements inside it: the whole of a simple one, the header of a compound one."""

    node: ast.stmt | None
    """None for a line of source that does not parse."""
    text: str
    """Equal for two statements that say the same in other white space."""
    words: Counter[str]
    """Names, attributes, keywords and constants."""
    guards: tuple[Guard, ...] = ()
    """Outermost first."""
    line: int = 1
    """In the cell, from 1."""

    @property
    def targets(self) -> frozenset[str]:
        """The expressions it assigns to, as text."""
        match self.node:
            case ast.Assign(targets=targets):
                found = targets
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
                found = [target]
            case _:
                found = []
        return frozenset(ast.unparse(target) for target in found)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Code:
    """A code cell as validation reads it."""

    source: str
    magics: tuple[str, ...]
    """Line magics and shell lines, in order."""
    cell_magic: str | None
    """The whole first line, e.g. `%%script false`."""
    python: bool
    """False when the body belongs to another language (`%%bash`, `%%html`)."""
    tree: ast.Module | None
    """None when it is neither Python 3 nor Python 2."""
    statements: tuple[Statement, ...] = field(default=())

    @property
    def parses(self) -> bool:
        """As Python 3."""
        return parse(self.source) is not None


@lru_cache(maxsize=1024)
def read(source: str) -> Code:
    """Read a code cell. Never raises: what does not parse is compared line by line."""
    masked = mask(source)
    first = masked.magics[0][1] if masked.cell_magic and masked.magics else None
    python = masked.cell_magic is None or masked.cell_magic in PYTHON_CELL_MAGICS
    tree = parse(source) or parse_python2(masked.text)
    return Code(
        source=source,
        magics=tuple(text for _, text in masked.magics if not text.startswith("%%")),
        cell_magic=first,
        python=python,
        tree=tree,
        statements=tuple(_walked(tree.body, ()) if tree is not None and python else _lines(source)),
    )


def fields(node: ast.AST) -> Iterator[tuple[str, list[object]]]:
    """The fields of a node, each as a list."""
    for name, value in ast.iter_fields(node):
        yield name, cast("list[object]", value) if isinstance(value, list) else [value]


def own_nodes(statement: ast.AST) -> Iterator[ast.AST]:
    """The statement and everything in it, other statements and what they hold left out."""
    yield statement
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt):
            yield from own_nodes(child)


def words(node: ast.AST) -> Counter[str]:
    """The words a statement is made of."""
    return Counter(word for inner in own_nodes(node) if (word := _word(inner)))


def _walked(statements: Iterable[ast.stmt], guards: tuple[Guard, ...]) -> Iterator[Statement]:
    """Depth first, in order."""
    for node in statements:
        yield Statement(node=node, text=_text(node), words=words(node), guards=guards, line=node.lineno)
        for block, inner in _blocks(node):
            yield from _walked(inner, (*guards, Guard(node=node, block=block)))


def _blocks(node: ast.stmt) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The blocks of a compound statement, in order; none for a simple one."""
    yield "body", getattr(node, "body", [])
    for handler in getattr(node, "handlers", []):
        yield "handler", handler.body
    for case in getattr(node, "cases", []):
        yield "body", case.body
    yield "orelse", getattr(node, "orelse", [])
    yield "finalbody", getattr(node, "finalbody", [])


def _text(statement: ast.stmt) -> str:
    parts = [type(statement).__name__]
    for name, items in fields(statement):
        for item in items:
            match item:
                case ast.stmt() | ast.match_case():
                    continue
                case ast.ExceptHandler(type=caught):
                    parts.append(f"except {ast.dump(caught) if caught else ''}")
                case ast.AST():
                    parts.append(f"{name}={ast.dump(item)}")
                case _:
                    parts.append(f"{name}={item!r}")
    return "\n".join(parts)


def _word(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            return name
        case ast.keyword(arg=str(name)):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Constant(value=value):
            return repr(value)
        case ast.operator() | ast.cmpop() | ast.unaryop():
            return type(node).__name__
        case _:
            return ""


def _lines(source: str) -> Iterator[Statement]:
    for number, line in enumerate(source.split("\n"), start=1):
        text = line.strip()
        if text and not text.startswith(("#", "%%")):
            yield Statement(node=None, text=text, words=Counter(_WORD.findall(text)), line=number)


def grown(old: Counter[str], new: Counter[str]) -> list[str]:
    """What there is more of now, sorted."""
    return sorted((new - old).elements())
