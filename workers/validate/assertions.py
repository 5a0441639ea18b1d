"""The rule of conduct about assertions: none is gone, none is weaker."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import Refusal, refused_at
from workers.validate.meaning import calls, is_literal
from workers.validate.origins import called, called_by
from workers.validate.statements import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.validate.comparison import Comparison
    from workers.validate.origins import Origins
    from workers.validate.statements import Code, Statement

_ASSERTION = re.compile(r"(\A|\.)(assert(?!ion)\w*|check_\w*equal\w*)\Z", re.IGNORECASE)

_ALWAYS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Lambda, ast.GeneratorExp)
"""What is true whatever stands in it: `assert (a == b, "message")`."""


def assertion_dropped(comparison: Comparison) -> Iterator[Refusal]:
    """No assertion is gone or weaker: as many, with the same numbers, none true whatever happens."""
    before = sum((_assertions(pair.old, comparison.old_origins) for pair in comparison.pairs), Counter[str]())
    after = sum((_assertions(pair.new, comparison.new_origins) for pair in comparison.pairs), Counter[str]())
    cells = tuple(pair.index for pair in comparison.pairs if _assertions(pair.old, comparison.old_origins))
    if before.total() > after.total():
        yield Refusal(reason=f"{before.total() - after.total()} assertion(s) of the base are gone", cells=cells)
    for pair in comparison.pairs:
        for old, new in pair.matching.pairs:
            if isinstance(old.node, ast.Assert) and isinstance(new.node, ast.Assert) and old.text != new.text:
                yield from (refused_at(pair, new.line, reason) for reason in _weaker(old.node, new.node))
            elif old.text != new.text and _asserting(old, comparison.old_origins) and _numbers(old) != _numbers(new):
                yield refused_at(pair, new.line, "the numbers an assertion holds to have changed")


def _assertions(code: Code, origins: Origins) -> Counter[str]:
    found = Counter(name for name in called(code, origins).elements() if _ASSERTION.search(name))
    found["assert"] += sum(
        isinstance(one.node, ast.Assert) or (one.node is None and one.text.startswith("assert"))
        for one in code.statements
    )
    return found


def _asserting(statement: Statement, origins: Origins) -> bool:
    return statement.node is not None and any(map(_ASSERTION.search, called_by(statement.node, origins)))


def _weaker(old: ast.Assert, new: ast.Assert) -> Iterator[str]:
    names = {node.id for node in ast.walk(new.test) if isinstance(node, ast.Name)}
    if is_literal(new.test) or isinstance(new.test, _ALWAYS) or (not names and not calls(ast.walk(new.test))):
        yield "an assertion holds whatever happens"
    if isinstance(new.test, ast.Compare) and ast.dump(new.test.left) == ast.dump(new.test.comparators[0]):
        yield "an assertion compares a value with itself"
    if _ors(new) > _ors(old):
        yield "an assertion has a new way out"
    if _operators(old) != _operators(new):
        yield "an assertion compares in another way"
    if _numbers_in(old) != _numbers_in(new):
        yield "the numbers an assertion holds to have changed"


def _ors(node: ast.AST) -> int:
    return sum(isinstance(inner, ast.Or | ast.IfExp) for inner in ast.walk(node))


def _operators(node: ast.AST) -> Counter[str]:
    return Counter(type(inner).__name__ for inner in ast.walk(node) if isinstance(inner, ast.cmpop | ast.Not))


def _numbers(statement: Statement) -> Counter[str]:
    return _numbers_in(statement.node) if statement.node is not None else Counter()


def _numbers_in(node: ast.AST) -> Counter[str]:
    values = (inner.value for inner in own_nodes(node) if isinstance(inner, ast.Constant))
    return Counter(repr(value) for value in values if isinstance(value, int | float | complex))
