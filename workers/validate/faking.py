"""Rules of conduct about values that no computation made: literals, and data that is made up."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import Refusal, refused_at
from workers.validate.meaning import definitions, expanded, is_cast, is_literal, loaded, runs, states_the_same
from workers.validate.origins import called_by
from workers.validate.statements import fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.validate.comparison import Comparison
    from workers.validate.statements import Code, Statement

_LOADER = re.compile(
    r"(\A|[._])(read|load|fetch|open|urlopen|urlretrieve|download|get|loadtxt|genfromtxt|loadmat|imread|parse|query|from_file)"
    r"(_|\Z|[A-Z])"
)
_MAKER = re.compile(
    r"(\A|\.)(rand|randn|randint|random|random_sample|normal|uniform|standard_normal|choice|zeros|ones|full|empty|zeros_like"
    r"|ones_like|arange|linspace|make_\w+|DataFrame|Series|array|default_rng|eye|repeat|tile|range)\Z"
)
_STATEMENTS = (ast.stmt, ast.ExceptHandler, ast.match_case)
_ARITHMETIC = frozenset(
    {
        "numpy",
        "pandas",
        "math",
        "decimal",
        "fractions",
        "statistics",
        "torch",
        "jax",
        "tensorflow",
        "scipy",
        "operator",
        "copy",
    }
)
"""Libraries that give back what they are given: `np.float64(0.93)` is no more computed than `0.93`."""


def literal_for_computation(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing that was computed is now stated."""
    for pair in comparison.pairs:
        new = definitions(pair.matching.fresh)
        for statement in pair.matching.fresh:
            if _overrides(statement, comparison):
                yield refused_at(pair, statement.line, "a literal takes the place of what the base computes")
        if _voided(pair.new) > _voided(pair.old):
            yield Refusal(reason=f"cell {pair.index}: something is multiplied by nought", cells=(pair.index,))
        for old, head in pair.matching.pairs:
            if old.node is None or head.node is None or old.text == head.text:
                continue
            if _stated(old.node, head.node, comparison) or _closed(old.node, head.node, new, comparison):
                yield refused_at(pair, head.line, "what was computed is a literal now")


def data_faked(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing that was loaded is made up now."""
    for pair in comparison.pairs:
        new = definitions(pair.matching.fresh)
        for old, head in pair.matching.pairs:
            if old.node is None or head.node is None or old.text == head.text:
                continue
            before = called_by(old.node, comparison.old_origins)
            after = [name for node in expanded(head.node, new) for name in called_by(node, comparison.new_origins)]
            loads = any(map(_LOADER.search, before)) and not any(map(_LOADER.search, after))
            if loads and any(map(_MAKER.search, after)) and not any(map(_MAKER.search, before)):
                yield refused_at(pair, head.line, "data that was loaded is made up now")


def _overrides(statement: Statement, comparison: Comparison) -> bool:
    """True for a new statement that sets a name which the base computes to a literal."""
    match statement.node:
        case ast.Assign(value=value) if is_literal(value):
            return bool(statement.targets & comparison.computed)
        case _:
            return False


def _voided(code: Code) -> int:
    zeros = [
        side
        for node in (ast.walk(code.tree) if code.tree else ())
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
        for side in (node.left, node.right)
        if isinstance(side, ast.Constant) and side.value == 0
    ]
    return len(zeros)


def _stated(old: ast.stmt, new: ast.stmt, comparison: Comparison) -> bool:
    """True when, walking both trees together, a computation on one side meets a literal on the other, and a new one."""
    known = Counter(map(ast.dump, _literals(old)))
    made = Counter(
        ast.dump(literal)
        for before, literal in _met(old, new)
        if _computes(before, comparison) and not _harmless(before, literal, comparison)
    )
    # A literal that the old statement held elsewhere has only moved, unless it is there more often now.
    surplus = Counter(map(ast.dump, _literals(new))) - known
    return any(surplus[literal] for literal in made)


def _literals(node: ast.AST) -> Iterator[ast.expr]:
    """The largest literals of a statement."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and is_literal(child):
            yield child
        elif not isinstance(child, ast.stmt | ast.ExceptHandler):
            yield from _literals(child)


def _met(old: ast.AST, new: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Where a literal of the new tree stands in the place of something."""
    for before, after in _children(old, new):
        if isinstance(before, ast.expr) and isinstance(after, ast.expr) and is_literal(after):
            yield before, after
        elif type(before) is type(after):
            yield from _met(before, after)


def _harmless(old: ast.expr, new: ast.expr, comparison: Comparison) -> bool:
    own = loaded(old) & comparison.names
    return is_cast(old) or (not own and states_the_same(old, new))


def _computes(node: ast.expr, comparison: Comparison) -> bool:
    match node:
        case ast.Name(id=name):
            return name in comparison.names
        case ast.Starred(value=value):
            return _computes(value, comparison)
        case _:
            return not is_literal(node) and any(isinstance(inner, ast.Name) for inner in ast.walk(node))


def _children(old: ast.AST, new: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Children of two nodes that stand in the same place; keywords by name, statements left out."""
    there = dict(fields(new))
    for name, before in fields(old):
        after = there.get(name, [])
        if name == "keywords":
            named = {item.arg: item for item in after if isinstance(item, ast.keyword)}
            after = [named.get(item.arg) if isinstance(item, ast.keyword) else None for item in before]
        for left, right in zip(before, after, strict=False):
            if isinstance(left, ast.AST) and isinstance(right, ast.AST) and not isinstance(left, _STATEMENTS):
                yield left, right


def _closed(old: ast.stmt, new: ast.stmt, made: Mapping[str, ast.stmt], comparison: Comparison) -> bool:
    """True when the statement worked on the document's own values, and nothing of them is left in it.

    `accuracy = model.score(X, y)` -> `accuracy = round(0.9312, 2)`.
    """
    if not isinstance(old, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Return):
        return False
    before = loaded(old) & comparison.names
    parts = expanded(new, made)
    # A name the base does not know is the document's own where it is an old one renamed, not where it is made for this.
    own = (comparison.names | comparison.new_names) - made.keys()
    after = frozenset[str]().union(*map(loaded, parts)) & own
    stated = any(isinstance(node, ast.Constant) for part in parts for node in runs(part))
    return bool(before) and not after and stated and not _asks(parts, comparison)


def _asks(parts: list[ast.stmt], comparison: Comparison) -> bool:
    """True when a library that does more than arithmetic is asked for the value: `config["x"]` -> `os.environ["X"]`."""
    found = [node for part in parts for node in runs(part) if isinstance(node, ast.Call | ast.Subscript)]
    names = [comparison.new_origins.dotted(node) for node in found]
    known = {name.partition(".")[0] for name in comparison.new_origins.modules}
    return any(name.partition(".")[0] in known - _ARITHMETIC for name in names)
