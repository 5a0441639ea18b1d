"""What statements bind in a scope."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.knowledge.mining.model import Alias, Value
from workers.knowledge.mining.signatures import Definition, dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.knowledge.mining.model import Item

_GIVEN = re.compile(r"\bself\.(\w+)\b(?=[^=]*=(?!=))")
_WRAPS = re.compile(r"deprecat|renam|moved", re.IGNORECASE)


def targets_of(node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """What a statement assigns to, and the value where it is one for all of it."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=value):
            yield target, value
        case ast.For(target=target):
            yield target, None
        case _:
            pass


def is_abstract(keyword: ast.keyword) -> bool:
    """`metaclass=ABCMeta`, which adds nothing that is asked for."""
    return keyword.arg == "metaclass" and dotted(keyword.value).endswith("ABCMeta")


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement of a scope, those under conditions too."""
    for node in body:
        yield node
        for block in ("body", "orelse", "finalbody"):
            if not isinstance(node, Definition | ast.ClassDef):
                yield from statements(getattr(node, block, ()))
        for handler in getattr(node, "handlers", ()):
            yield from statements(handler.body)


def assigned(value: ast.expr | None, line: int) -> Item:
    """What a name stands for that is assigned `value`."""
    if value is not None and (target := dotted(value)):
        return Alias(line=line, target=target, is_import=False)
    if isinstance(value, ast.Call) and value.args and _WRAPS.search(dotted(value.func)) and dotted(value.args[0]):
        return Alias(line=line, target=dotted(value.args[0]), is_import=False, warns=True)
    return Value(line=line)


def members_of(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, Item]]:
    """What an assignment in the body of a class binds."""
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        for one in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if isinstance(one, ast.Name):
                yield one.id, assigned(node.value if one is target else None, node.lineno)


def fields(lines: list[str]) -> Iterator[tuple[int, str]]:
    """(number of its line, attribute) of everything that methods seem to give to their receiver."""
    for at, line in enumerate(lines):
        if "self." in line and "=" in line:
            yield from ((at, name) for name in _GIVEN.findall(line))
