"""Rules of conduct about code that no longer runs, or whose failure no longer shows."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import CellPair, Comparison, Refusal, grown
from workers.validate.meaning import calls, definitions, expanded, is_literal, loaded, runs
from workers.validate.origins import called
from workers.validate.statements import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.validate.origins import Origins
    from workers.validate.statements import Code, Guard, Statement

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
_BROAD = frozenset({"", "Exception", "BaseException", "Warning"})
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
_EXIT_CALLS = re.compile(r"(do_shutdown|_exit|set_custom_exc|skipTest)\Z")
_JUMPS = {"raise": ast.Raise, "return": ast.Return, "break": ast.Break, "continue": ast.Continue}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_SWALLOWERS = re.compile(
    r"(\A|\.)(suppress|ignored|raises|assertRaises\w*|warns|Thread|ThreadPoolExecutor|create_task|ensure_future)\Z"
)
"""What keeps a failure from ending the cell: by catching it, or by letting it happen elsewhere."""
_HUSH = re.compile(
    r"(\A|\.)(filterwarnings|simplefilter|catch_warnings|captureWarnings|resetwarnings|seterr|errstate|set_verbosity"
    r"|redirect_std(?:err|out)|capture_output|disable_warnings|set_loglevel|logging\.disable)\Z"
)
_HUSHED_TARGET = re.compile(
    r"\A(sys\.std(err|out)|sys\.excepthook|warnings\.\w+|\S*chained_assignment|os\.environ\[.*(WARN|LOG).*\])\Z"
)
_HUSH_MAGIC = re.compile(
    r"%+\s*(xmode|config|capture|reset|load_ext|alias_magic|automagic|tb)\b|2>\s*/dev/null|\|\|\s*(true|:)"
)


def cell_skipped(comparison: Comparison) -> Iterator[Refusal]:
    """No code is put where it does not run: under a new condition, loop, function or cell magic."""
    for pair in comparison.pairs:
        if _magic_changed(pair):
            yield _refusal(
                pair, 1, f"the cell magic {(pair.new.cell_magic or 'that was there')[:60]!r} changes what runs"
            )
        for old, new in pair.matching.pairs:
            added = [kind for kind in _added_guards(old, new) if kind.startswith(_CONDITIONS)]
            if _choices(new) > _choices(old):
                yield _refusal(pair, new.line, "what was computed is computed under a condition now")
            if added and not isinstance(new.node, ast.Pass):
                yield _refusal(
                    pair, new.line, f"what ran before stands under a new `{added[0].partition('.')[0].lower()}`"
                )
        if _constant_tests(pair.new) > _constant_tests(pair.old):
            yield _refusal(pair, 1, "a condition is a constant, so that a branch never runs")


def try_except(comparison: Comparison) -> Iterator[Refusal]:
    """No failure is caught that was not caught before. An import may try another import."""
    for pair in comparison.pairs:
        for line, reason in _swallowed(pair, comparison):
            yield _refusal(pair, line, reason)


def statement_dropped(comparison: Comparison) -> Iterator[Refusal]:
    """Every statement is still there, or something like it; one that called something still calls something."""
    moved = Counter(statement.text for pair in comparison.pairs for statement in pair.matching.fresh)
    for pair in comparison.pairs:
        for statement in pair.matching.gone:
            if moved[statement.text]:
                moved[statement.text] -= 1
            elif _matters(statement, comparison.old_origins) and not _unread_setting(statement, comparison):
                yield _refusal(pair, statement.line, f"a statement of the old line {statement.line} is gone")
        new = definitions(pair.matching.fresh)
        for old, head in pair.matching.pairs:
            if old.node is not None and head.node is not None and _calls_nothing(old.node, expanded(head.node, new)):
                yield _refusal(pair, head.line, "what was called is called no longer")


def ends_early(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing new ends the run, a function or a loop."""
    for pair in comparison.pairs:
        old, new = pair.old.statements, [one for one in pair.new.statements if not _in_new_function(one, comparison)]
        more = grown(_jumps(old), _jumps(new)) + grown(
            _exits(pair.old, comparison.old_origins), _exits(pair.new, comparison.new_origins)
        )
        if more:
            yield _refusal(pair, 1, f"a new `{more[0]}` ends the run, a function or a loop")


def hides_warnings(comparison: Comparison) -> Iterator[Refusal]:
    """No warning or output is silenced: a repair mends what is warned about."""
    for pair in comparison.pairs:
        more = grown(_hushes(pair.old, comparison.old_origins), _hushes(pair.new, comparison.new_origins))
        if more:
            yield _refusal(pair, 1, f"`{more[0][:60]}` silences warnings or output")


def _refusal(pair: CellPair, line: int, reason: str) -> Refusal:
    return Refusal(reason=f"cell {pair.index}, line {line}: {reason}", cells=(pair.index,))


def _magic_changed(pair: CellPair) -> bool:
    """A magic that is new or changed, or the end of one that kept its body from being Python."""
    if pair.new.cell_magic == pair.old.cell_magic:
        return False
    return pair.new.cell_magic is not None or not pair.old.python


def _added_guards(old: Statement, new: Statement) -> list[str]:
    return grown(_kinds(old.guards), _kinds(new.guards))


def _kinds(guards: Iterable[Guard]) -> Counter[str]:
    return Counter(guard.kind for guard in guards)


def _choices(statement: Statement) -> int:
    nodes = own_nodes(statement.node) if statement.node is not None else ()
    return sum(isinstance(node, ast.IfExp) for node in nodes)


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


def _swallowed(pair: CellPair, comparison: Comparison) -> Iterator[tuple[int, str]]:
    for old, new in pair.matching.pairs:
        tries = [guard.node for guard in new.guards if isinstance(guard.node, ast.Try) and guard.block == "body"]
        if "Try.body" in _added_guards(old, new) and not all(map(_import_fallback, tries)):
            yield new.line, "what ran openly is wrapped in a `try`"
    before, after = _broad_handlers(pair.old), _broad_handlers(pair.new)
    if after > before:
        yield 1, "a handler catches more than before"
    catchers = grown(called(pair.old, comparison.old_origins), called(pair.new, comparison.new_origins))
    for name in filter(_SWALLOWERS.search, catchers):
        yield 1, f"a new `{name[:60]}` keeps a failure from showing"


def _import_fallback(node: ast.Try) -> bool:
    imports = (ast.Import, ast.ImportFrom)
    names = {"ImportError", "ModuleNotFoundError"}
    return all(isinstance(statement, imports) for statement in node.body) and all(
        isinstance(handler.type, ast.Name)
        and handler.type.id in names
        and all(isinstance(statement, imports) for statement in handler.body)
        for handler in node.handlers
    )


def _broad_handlers(code: Code) -> int:
    """Handlers of everything, and handlers that answer nothing."""
    if code.tree is None:
        return sum(bool(re.match(r"except\s*(:|Exception|BaseException|\()", one.text)) for one in code.statements)
    handlers = [node for node in ast.walk(code.tree) if isinstance(node, ast.ExceptHandler)]
    return sum(bool(_caught(handler) & _BROAD) or _silent(handler) for handler in handlers)


def _caught(handler: ast.ExceptHandler) -> frozenset[str]:
    match handler.type:
        case None:
            return frozenset({""})
        case ast.Tuple(elts=items):
            return frozenset(ast.unparse(item) for item in items)
        case caught:
            return frozenset({ast.unparse(caught)})


def _silent(handler: ast.ExceptHandler) -> bool:
    return all(
        isinstance(one, ast.Pass) or (isinstance(one, ast.Expr) and is_literal(one.value)) for one in handler.body
    )


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

    A call without arguments may become an attribute: `df.as_matrix()` -> `df.values`.
    """
    before = [call for call in calls(runs(old)) if call.args or call.keywords]
    casts = all(isinstance(call.func, ast.Name) and all(map(is_literal, call.args)) for call in before)
    return bool(before) and not casts and not any(calls(runs(statement)) for statement in new)


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


def _hushes(code: Code, origins: Origins) -> Counter[str]:
    found = Counter(name for name in called(code, origins).elements() if _HUSH.search(name))
    found.update(magic for magic in code.magics if _HUSH_MAGIC.search(magic))
    for statement in code.statements:
        found.update(target for target in statement.targets if _HUSHED_TARGET.match(target))
    return found
