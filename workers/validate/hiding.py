"""Rules of conduct about code that no longer runs: behind a condition, gone, or after the end."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import Refusal, refused_at
from workers.validate.matching import added_guards
from workers.validate.meaning import calls, definitions, expanded, is_literal, loaded, runs
from workers.validate.origins import called
from workers.validate.statements import grown, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.validate.comparison import CellPair, Comparison
    from workers.validate.origins import Origins
    from workers.validate.statements import Code, Statement

OBSOLETE = frozenset(
    {
        "sys.setdefaultencoding",
        "reload",
        "imp.reload",
        "importlib.reload",
        "matplotlib.pyplot.hold",
        "matplotlib.pyplot.ishold",
        "pylab.hold",
        "tensorflow.enable_eager_execution",
        "tensorflow.enable_v2_behavior",
        "tensorflow.compat.v1.enable_eager_execution",
        "tensorflow.compat.v1.enable_v2_behavior",
    }
)
"""Calls that ask for what has become the only way there is: a statement that is nothing more may go.

Sources: https://docs.python.org/3/whatsnew/3.0.html, https://matplotlib.org/3.0.0/api/api_changes.html,
https://www.tensorflow.org/guide/migrate.
"""
_NOTHING = (ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal, ast.If, ast.Try, ast.With)
"""Statements that may go. The header of a condition, a `try` or a `with` may: what stood inside it may not."""
_CONDITIONS = ("If.", "While.", "For.", "FunctionDef.", "ClassDef.", "Match.")
_EXITS = frozenset(
    {
        "exit",
        "quit",
        "sys.exit",
        "os._exit",
        "os.abort",
        "os.kill",
        "pytest.skip",
        "pytest.xfail",
        "unittest.SkipTest",
        "signal.alarm",
    }
)
_ASKED = frozenset({"get_value", "set_value"})
_PLACES = frozenset({"at", "iat", "loc", "iloc"})
"""Where a frame is asked for what lies under labels or positions."""
_EXIT_CALLS = re.compile(r"(do_shutdown|_exit|set_custom_exc|skipTest)\Z")
_JUMPS = {"raise": ast.Raise, "return": ast.Return, "break": ast.Break, "continue": ast.Continue}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_YIELD = (ast.Yield, ast.YieldFrom)


def cell_skipped(comparison: Comparison) -> Iterator[Refusal]:
    """No code is put where it does not run: under a new condition, loop, function or cell magic."""
    for pair in comparison.pairs:
        if _magic_changed(pair):
            yield refused_at(
                pair, 1, f"the cell magic {(pair.new.cell_magic or 'that was there')[:60]!r} changes what runs"
            )
        for old, new in pair.matching.pairs:
            added = [kind for kind in added_guards(old, new) if kind.startswith(_CONDITIONS)]
            if _choices(new) > _choices(old):
                yield refused_at(pair, new.line, "what was computed is computed under a condition now")
            if _suspended(old, new):
                yield refused_at(pair, new.line, "a function has become a generator, so that calling it runs nothing")
            if added and not isinstance(new.node, ast.Pass):
                yield refused_at(
                    pair, new.line, f"what ran before stands under a new `{added[0].partition('.')[0].lower()}`"
                )
        if _constant_tests(pair.new) > _constant_tests(pair.old):
            yield refused_at(pair, 1, "a condition is a constant, so that a branch never runs")


def statement_dropped(comparison: Comparison) -> Iterator[Refusal]:
    """Every statement is still there, or something like it; one that called something still calls something."""
    moved = Counter(statement.text for pair in comparison.pairs for statement in pair.matching.fresh)
    for pair in comparison.pairs:
        for statement in pair.matching.gone:
            if moved[statement.text]:
                moved[statement.text] -= 1
            elif _matters(statement, comparison.old_origins) and not _unread_setting(statement, comparison):
                yield refused_at(pair, statement.line, f"a statement of the old line {statement.line} is gone")
        new = definitions(pair.matching.fresh)
        for old, head in pair.matching.pairs:
            if old.node is not None and head.node is not None and _calls_nothing(old.node, expanded(head.node, new)):
                yield refused_at(pair, head.line, "what was called is called no longer")


def ends_early(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing new ends the run, a function or a loop."""
    for pair in comparison.pairs:
        old, new = pair.old.statements, [one for one in pair.new.statements if not _in_new_function(one, comparison)]
        more = grown(_jumps(old), _jumps(new)) + grown(
            _exits(pair.old, comparison.old_origins), _exits(pair.new, comparison.new_origins)
        )
        if more:
            yield refused_at(pair, 1, f"a new `{more[0]}` ends the run, a function or a loop")


def _magic_changed(pair: CellPair) -> bool:
    """A magic that is new or changed, or the end of one that kept its body from being Python."""
    if pair.new.cell_magic == pair.old.cell_magic:
        return False
    return pair.new.cell_magic is not None or not pair.old.python


def _choices(statement: Statement) -> int:
    nodes = own_nodes(statement.node) if statement.node is not None else ()
    match statement.node:
        # `ready and fit(X)` is an `if` in other words.
        case (
            ast.Expr(value=ast.BoolOp())
            | ast.Assign(value=ast.BoolOp(op=ast.And()))
            | ast.Return(value=ast.BoolOp(op=ast.And()))
        ):
            short = 1
        case _:
            short = 0
    return short + sum(isinstance(node, ast.IfExp) for node in nodes)


def _suspended(old: Statement, new: Statement) -> bool:
    """True for a function that has become a generator: calling it runs nothing of it."""
    if not isinstance(old.node, _FUNCTION) or not isinstance(new.node, _FUNCTION):
        return False
    before, after = (any(isinstance(node, _YIELD) for node in ast.walk(each)) for each in (old.node, new.node))
    return after and not before


def _constant_tests(code: Code) -> int:
    if code.tree is None:
        return 0
    found = 0
    for node in ast.walk(code.tree):
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.comprehension(ifs=[test]):
                found += _constant(test)
            case ast.BoolOp(values=values):
                # The last may be a default: `os.getenv("KEY") or "none"`.
                found += any(map(_constant, values[:-1]))
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
                found += is_literal(iterated) and not ast.unparse(iterated).strip("[](){}")
            case _:
                pass
    return found


def _constant(test: ast.expr) -> bool:
    """Decided before it runs: `False`, `not True`, `1 == 2`."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _constant(operand)
        case ast.Compare(left=left, comparators=others):
            return is_literal(left) and all(map(is_literal, others))
        case ast.BoolOp(values=values):
            return any(map(_constant, values))
        case _:
            return is_literal(test)


def _matters(statement: Statement, origins: Origins) -> bool:
    match statement.node:
        case None:
            return not statement.text.startswith(("import ", "from ", "try:", "if ", "else:", "pass", "#", "%", "!"))
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.Expr(value=ast.Call(func=func)):
            return origins.dotted(func) not in OBSOLETE
        case ast.Raise(exc=ast.Name(id="StopIteration") | ast.Call(func=ast.Name(id="StopIteration"))):
            # In a generator it has become `return` (PEP 479), or the end of the function.
            return False
        case node:
            return not isinstance(node, _NOTHING)


def _unread_setting(statement: Statement, comparison: Comparison) -> bool:
    """True for a value made from nothing of the document's own, read by the base and by nothing in the head.

    Its readers were rewritten without it, and they are judged themselves: `env = os.environ["REGION"]`.
    """
    match statement.node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            own = loaded(value) & comparison.names
            return not own and name in comparison.read_before and name not in comparison.read_now
        case _:
            return False


def _calls_nothing(old: ast.stmt, new: list[ast.stmt]) -> bool:
    """True when arguments were passed to something before, and nothing is called now.

    A call without arguments may become an attribute: `df.as_matrix()` -> `df.values`. One with arguments may become a look-up at
    them: `df.get_value(row, column)` -> `df.at[row, column]`.
    """
    before = [call for call in calls(runs(old)) if call.args or call.keywords]
    casts = all(isinstance(call.func, ast.Name) and all(map(is_literal, call.args)) for call in before)
    looked_up = all(_looked_up(call, new) for call in before)
    return bool(before) and not (casts or looked_up) and not any(calls(runs(statement)) for statement in new)


def _looked_up(call: ast.Call, new: list[ast.stmt]) -> bool:
    """True where the same receiver is now asked for a place that names all that was passed."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _ASKED:
        return False
    receiver = ast.dump(call.func.value)
    passed = {ast.dump(one) for one in (*call.args, *(keyword.value for keyword in call.keywords))}
    nodes = [node for statement in new for node in ast.walk(statement)]
    places = (node.value for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute))
    asked = any(place.attr in _PLACES and ast.dump(place.value) == receiver for place in places)
    return asked and passed <= {ast.dump(node) for node in nodes}


def _exits(code: Code, origins: Origins) -> Counter[str]:
    names = called(code, origins).elements()
    return Counter(name.rpartition(".")[2] for name in names if name in _EXITS or _EXIT_CALLS.search(name))


def _jumps(statements: Iterable[Statement]) -> Counter[str]:
    found = Counter(
        word
        for statement in statements
        for word, kind in _JUMPS.items()
        if isinstance(statement.node, kind) or (statement.node is None and word in statement.words)
    )
    # One word for the two: `raise StopIteration` in a generator has become `return` (PEP 479).
    found["return"] += found.pop("raise", 0)
    return found


def _in_new_function(statement: Statement, comparison: Comparison) -> bool:
    """True inside a function the base does not have: what ends it ends nothing of the base's."""
    names = [node.name for guard in statement.guards if isinstance(node := guard.node, _FUNCTION)]
    return bool(names) and names[-1] not in comparison.names
