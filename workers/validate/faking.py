"""Rules of conduct about values that no computation made: literals, mocks, made-up data, dropped assertions."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import CellPair, Comparison, Refusal, grown
from workers.validate.meaning import calls, definitions, expanded, is_cast, is_literal, loaded, runs, states_the_same
from workers.validate.origins import called
from workers.validate.statements import fields, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.validate.origins import Origins
    from workers.validate.statements import Code, Statement

_ASSERTION = re.compile(r"(\A|\.)(assert(?!ion)\w*|check_\w*equal\w*)\Z", re.IGNORECASE)
_MOCKERS = re.compile(
    r"\A(unittest\.mock|mock|pytest_mock|pytest\.monkeypatch|pytest\.MonkeyPatch|responses|requests_mock|httpretty|vcr|moto"
    r"|respx|faker|Faker|fakeredis|pyfakefs|freezegun|types\.SimpleNamespace|types\.ModuleType|MagicMock|Mock)(\.|\Z)"
)
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
                yield from (_refusal(pair, new, reason) for reason in _weaker(old.node, new.node))
            elif old.text != new.text and _asserting(old, comparison.old_origins) and _numbers(old) != _numbers(new):
                yield _refusal(pair, new, "the numbers an assertion holds to have changed")


def literal_for_computation(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing that was computed is now stated."""
    for pair in comparison.pairs:
        new = definitions(pair.matching.fresh)
        for statement in pair.matching.fresh:
            if _overrides(statement, comparison):
                yield _refusal(pair, statement, "a literal takes the place of what the base computes")
        if _voided(pair.new) > _voided(pair.old):
            yield Refusal(reason=f"cell {pair.index}: something is multiplied by nought", cells=(pair.index,))
        for old, head in pair.matching.pairs:
            if old.node is None or head.node is None or old.text == head.text:
                continue
            if _stated(old.node, head.node, comparison) or _closed(old.node, head.node, new, comparison):
                yield _refusal(pair, head, "what was computed is a literal now")


def mock_for_call(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing stands in for what was called: no mock, no definition that takes a called name or is called in its place."""
    for pair in comparison.pairs:
        old, new = _mocks(pair.old, comparison.old_origins), _mocks(pair.new, comparison.new_origins)
        for name in grown(old, new)[:1]:
            yield Refusal(reason=f"cell {pair.index}: `{name[:60]}` stands in for the real thing", cells=(pair.index,))
        for statement in pair.matching.fresh:
            name = _defined(statement)
            if name and (name in comparison.called or name in _names_called(pair.new)):
                yield _refusal(pair, statement, f"the new definition of `{name}` stands in for what was called")


def library_patched(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing is put into a library: a stale name is moved, not brought back."""
    for pair in comparison.pairs:
        old, new = _patches(pair.old, comparison.old_origins), _patches(pair.new, comparison.new_origins)
        for name in grown(old, new)[:1]:
            yield Refusal(reason=f"cell {pair.index}: `{name[:60]}` is put into a library", cells=(pair.index,))


def data_faked(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing that was loaded is made up now."""
    for pair in comparison.pairs:
        new = definitions(pair.matching.fresh)
        for old, head in pair.matching.pairs:
            if old.node is None or head.node is None or old.text == head.text:
                continue
            before = _called(old.node, comparison.old_origins)
            after = [name for node in expanded(head.node, new) for name in _called(node, comparison.new_origins)]
            loads = any(map(_LOADER.search, before)) and not any(map(_LOADER.search, after))
            if loads and any(map(_MAKER.search, after)) and not any(map(_MAKER.search, before)):
                yield _refusal(pair, head, "data that was loaded is made up now")


def _refusal(pair: CellPair, statement: Statement, reason: str) -> Refusal:
    return Refusal(reason=f"cell {pair.index}, line {statement.line}: {reason}", cells=(pair.index,))


def _assertions(code: Code, origins: Origins) -> Counter[str]:
    found = Counter(name for name in called(code, origins).elements() if _ASSERTION.search(name))
    found["assert"] += sum(
        isinstance(one.node, ast.Assert) or (one.node is None and one.text.startswith("assert"))
        for one in code.statements
    )
    return found


def _asserting(statement: Statement, origins: Origins) -> bool:
    return statement.node is not None and any(map(_ASSERTION.search, _called(statement.node, origins)))


def _weaker(old: ast.Assert, new: ast.Assert) -> Iterator[str]:
    names = {node.id for node in ast.walk(new.test) if isinstance(node, ast.Name)}
    if is_literal(new.test) or (not names and not calls(ast.walk(new.test))):
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


def _mocks(code: Code, origins: Origins) -> Counter[str]:
    found = Counter(name for name in called(code, origins).elements() if _MOCKERS.match(name))
    for node in ast.walk(code.tree) if code.tree else ():
        match node:
            case ast.Import(names=names):
                found.update(alias.name for alias in names if _MOCKERS.match(alias.name))
            case ast.ImportFrom(module=str(module), names=names):
                found.update(f"{module}.{one.name}" for one in names if _MOCKERS.match(f"{module}.{one.name}"))
            case ast.Call(func=ast.Name(id="type" | "getattr" as name), args=[_, _, _]):
                # A class made on the spot, or a default where an attribute is missing.
                found[f"{name}(..., ..., ...)"] += 1
            case _:
                pass
    return found


def _defined(statement: Statement) -> str:
    """The name that a definition, or an assignment of a lambda, binds; empty for anything else."""
    match statement.node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return "" if statement.guards else name
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
            return name
        case _:
            return ""


def _names_called(code: Code) -> frozenset[str]:
    found = calls(ast.walk(code.tree)) if code.tree else []
    return frozenset(call.func.id for call in found if isinstance(call.func, ast.Name))


def _patches(code: Code, origins: Origins) -> Counter[str]:
    """Attributes of imported modules that are assigned, by `=` or by `setattr`, and entries of `sys.modules`."""
    found: Counter[str] = Counter()
    for node in ast.walk(code.tree) if code.tree else ():
        match node:
            case ast.Attribute(ctx=ast.Store()) if _of_library(node, origins):
                found[origins.dotted(node)] += 1
            case ast.Subscript(ctx=ast.Store(), value=value) if origins.dotted(value) in {
                "sys.modules",
                "builtins.__dict__",
            }:
                found[origins.dotted(value)] += 1
            case ast.Call(func=ast.Name(id="setattr"), args=[target, *_]) if _of_library(target, origins):
                found[f"setattr {origins.dotted(target)}"] += 1
            case ast.Call(func=ast.Attribute(attr="update" | "setdefault", value=value)) if origins.dotted(
                value
            ).endswith((".__dict__", "sys.modules")):
                found[origins.dotted(value)] += 1
            case _:
                pass
    return found


def _of_library(node: ast.AST, origins: Origins) -> bool:
    """True for a module, or a class of one: options of a library (`pd.options.display.width`) are there to be set."""
    while isinstance(node, ast.Attribute):
        if node.attr in {"options", "rcParams", "config", "environ"}:
            return False
        node = node.value
    return isinstance(node, ast.Name) and (node.id in origins.names or node.id == "__builtins__")


def _called(node: ast.stmt, origins: Origins) -> list[str]:
    return [origins.dotted(call.func) for call in calls(runs(node))]
