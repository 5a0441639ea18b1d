"""A cell's source as a syntax tree, and the tree's positions as character offsets."""

from __future__ import annotations

import ast
import bisect
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

from workers.documents.magics import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

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
