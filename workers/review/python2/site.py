"""What the checks for Python 2 names say of a stretch of a mended cell, and which code they pass by."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workers.documents.python import ImportMap, children, of_kind
from workers.review.sites import Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.review.python2.cells import Modern
    from workers.review.sites import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A name that is gone; offsets are those of the mended source."""

    name: str
    start: int
    end: int
    changes: tuple[Change, ...]
    """Empty where it is known to be gone and not how to mend it."""
    target: str
    certain: bool = True
    """False where only the receiver's class could tell."""


class Mended:
    """The cells of a document as they read once mended; each is parsed when it is asked for, and once."""

    def __init__(self, cells: Mapping[int, Modern]) -> None:
        self.imports = ImportMap(cell.mended for cell in cells.values())
        self._cells = cells
        self._read: dict[int, Reading | None] = {}

    def at(self, cell: int) -> Reading | None:
        """One cell; None where it is no Python 3 after all."""
        if cell not in self._read:
            found = self._cells[cell]
            self._read[cell] = Reading(cell, found.mended.source) if found.converted else None
        return self._read[cell]

    def of(self, word: str) -> Iterator[Reading]:
        """The cells that hold a word."""
        for cell, found in self._cells.items():
            if (word in found.mended.source or not found.mended.source.isascii()) and (read := self.at(cell)):
                yield read

    @cached_property
    def text(self) -> str:
        """All that could be read."""
        return "\n".join(read.source for read in self._all)

    @cached_property
    def unread(self) -> str:
        """All that could not; what is named there keeps its name."""
        return "\n".join(found.cell.source for cell, found in self._cells.items() if self.at(cell) is None)

    @cached_property
    def defined(self) -> frozenset[str]:
        """Names of every function and method that the document defines: their calls are its own matter."""
        return frozenset(
            node.name
            for read in self.of("def")
            for kind in (ast.FunctionDef, ast.AsyncFunctionDef)
            for node in of_kind(read.tree, kind)
        )

    @property
    def _all(self) -> Iterator[Reading]:
        return (read for cell in self._cells if (read := self.at(cell)))


class Reading(Site):
    """One cell as it reads once mended."""

    @cached_property
    def unguarded(self) -> tuple[ast.AST, ...]:
        """Every node but those that provide for both Pythons."""
        return tuple(unguarded(self.tree))


def unguarded(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that provide for both Pythons: `try ... except NameError`, `if sys.version_info ...`."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in reversed(children(node)) if not isinstance(child, _GUARDS) or not _guard(child))


_MISSING = frozenset(
    {"NameError", "ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"},
)
_VERSION = frozenset({"version_info", "version", "PY2", "PY3", "python_version", "hexversion"})


_GUARDS = (ast.Try, ast.If, ast.IfExp)


def _guard(node: ast.AST) -> bool:
    match node:
        case ast.Try(handlers=handlers):
            return any(_words(handler.type) & _MISSING if handler.type else True for handler in handlers)
        case ast.If(test=test) | ast.IfExp(test=test):
            return bool(_words(test) & _VERSION)
        case _:
            return False


def _words(node: ast.AST) -> set[str]:
    """Names and attributes that occur in an expression."""
    return {word for part in ast.walk(node) for word in (getattr(part, "id", ""), getattr(part, "attr", "")) if word}
