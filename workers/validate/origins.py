"""What the names of a document stand for, wherever in it they are bound.

Coarser than the import map on purpose: the order of cells does not matter here. Whoever hides `os.system` behind an alias
in one cell and calls it in another is seen all the same.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.meaning import calls, runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.validate.statements import Code

_CALL = re.compile(r"([\w.]+)\s*\(")


class Origins:
    """Names bound by import statements anywhere in some trees."""

    def __init__(self, trees: Iterable[ast.Module | None]) -> None:
        self._origins: dict[str, str] = {}
        self.modules: list[str] = []
        """Every module or name imported, dotted, with repetitions."""
        for tree in trees:
            for node in ast.walk(tree) if tree else ():
                self._read(node)

    def _read(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    self.modules.append(alias.name)
                    bound = alias.asname or alias.name.partition(".")[0]
                    self._origins[bound] = alias.name if alias.asname else bound
            case ast.ImportFrom(module=module, names=names):
                for alias in names:
                    origin = f"{module or ''}.{alias.name}"
                    self.modules.append(origin)
                    self._origins[alias.asname or alias.name] = origin
            case _:
                pass

    @property
    def names(self) -> frozenset[str]:
        """Every name an import binds."""
        return frozenset(self._origins)

    def dotted(self, node: ast.AST) -> str:
        """The dotted origin of a chain of attributes, as written where nothing is imported; empty for anything else.

        A call or subscript inside the chain is passed over: `requests.Session().get` is `requests.Session.get`.
        """
        parts: list[str] = []
        while not isinstance(node, ast.Name):
            match node:
                case ast.Attribute(value=value, attr=name):
                    parts.append(name)
                    node = value
                case ast.Call(func=inner) | ast.Subscript(value=inner):
                    node = inner
                case _:
                    return ""
        return ".".join([self._origins.get(node.id, node.id), *reversed(parts)])


def called(code: Code, origins: Origins) -> Counter[str]:
    """Dotted origins of everything a cell calls, how often; in source that does not parse, whatever looks like a call."""
    if code.tree is None:
        return Counter(_CALL.findall(code.source))
    return Counter(origins.dotted(node.func) for node in ast.walk(code.tree) if isinstance(node, ast.Call))


def called_by(node: ast.stmt, origins: Origins) -> list[str]:
    """Dotted origins of what one statement calls where it stands."""
    return [origins.dotted(call.func) for call in calls(runs(node))]
