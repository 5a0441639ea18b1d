"""What the checks for Python 2 names say of a stretch of a mended cell, and which code they pass by."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def unguarded(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that provide for both Pythons: `try ... except NameError`, `if sys.version_info ...`."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in reversed(list(ast.iter_child_nodes(node))) if not _guard(child))


_MISSING = frozenset(
    {"NameError", "ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"},
)
_VERSION = frozenset({"version_info", "version", "PY2", "PY3", "python_version", "hexversion"})


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
