"""A cell's source as a syntax tree, and the tree's positions as character offsets."""

from __future__ import annotations

import ast
import bisect
import re
import warnings
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeVar, cast

from workers.documents.magics import mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

N = TypeVar("N", bound=ast.AST)

Positioned = ast.expr | ast.stmt | ast.excepthandler | ast.arg | ast.keyword | ast.alias | ast.pattern
"""The nodes that know where they stand."""

_LINE_START = re.compile(r"\r\n|\r|\n")


@lru_cache(maxsize=1024)
def parse(source: str) -> ast.Module | None:
    """The tree of the masked source, or None when it is not Python 3 (a broken cell, Python 2).

    The tree is shared between callers: read it, never change it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(mask(source).text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # ValueError: null characters and lone surrogates. The other two: nesting deeper than the parser's stack.
        return None


@lru_cache(maxsize=1024)
def walked(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node, outer before inner, in the order of `ast.walk`; what says load or store is left out. Walked once a tree."""
    found: list[ast.AST] = [tree]
    for node in found:
        found += children(node)
    return tuple(found)


_PLAIN = frozenset({"ctx", "id", "attr", "arg", "kind", "asname", "type_comment", "level", "module", "conversion"})
"""Fields that hold no node, or only what says load or store."""


def children(node: ast.AST) -> list[ast.AST]:
    """What stands in a node directly, in order; what says load or store is left out."""
    found: list[ast.AST] = []
    for name in _holding(type(node)):
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in cast("list[object]", value) if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


@cache
def _holding(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a class in which nodes may stand."""
    return () if kind is ast.Constant else tuple(name for name in kind._fields if name not in _PLAIN)


def of_kind(tree: ast.Module, kind: type[N]) -> Sequence[N]:
    """The nodes of one class, in the order of `walked`."""
    return cast("Sequence[N]", _kinds(tree).get(kind, ()))


@lru_cache(maxsize=1024)
def _kinds(tree: ast.Module) -> Mapping[type[ast.AST], list[ast.AST]]:
    found: dict[type[ast.AST], list[ast.AST]] = {}
    for node in walked(tree):
        found.setdefault(type(node), []).append(node)
    return found


class Offsets:
    """Positions in one source: lines and UTF-8 columns of `ast` on one side, character offsets on the other."""

    def __init__(self, source: str) -> None:
        self._text = mask(source).text
        self._starts: Sequence[int] = (0, *(found.end() for found in _LINE_START.finditer(self._text)))
        self._ascii = self._text.isascii()

    def at(self, line: int, utf8_col: int) -> int:
        """The character offset of line `line` (from 1) and byte column `utf8_col` (from 0), as `ast` counts."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + utf8_col
        end = self._starts[line] if line < len(self._starts) else len(self._text)
        prefix = self._text[start:end].encode(errors="surrogatepass")[:utf8_col]
        return start + len(prefix.decode(errors="ignore"))

    def span(self, node: Positioned) -> tuple[int, int]:
        """Where `node` starts and ends, in character offsets."""
        start = self.at(node.lineno, node.col_offset)
        if node.end_lineno is None or node.end_col_offset is None:
            return start, start
        return start, self.at(node.end_lineno, node.end_col_offset)

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
