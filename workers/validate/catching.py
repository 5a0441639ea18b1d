"""Rules of conduct about failures and warnings that no longer show."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import Refusal, refused_at
from workers.validate.matching import added_guards
from workers.validate.meaning import is_literal
from workers.validate.origins import called
from workers.validate.statements import grown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.validate.comparison import CellPair, Comparison
    from workers.validate.origins import Origins
    from workers.validate.statements import Code

_BROAD = frozenset({"", "Exception", "BaseException", "Warning"})
_SWALLOWERS = re.compile(
    r"(\A|\.)(suppress|ignored|raises|assertRaises\w*|warns|(?:Async)?ExitStack|Thread|ThreadPoolExecutor|create_task|ensure_future)\Z"
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


def try_except(comparison: Comparison) -> Iterator[Refusal]:
    """No failure is caught that was not caught before. An import may try another import."""
    for pair in comparison.pairs:
        for line, reason in _swallowed(pair, comparison):
            yield refused_at(pair, line, reason)


def hides_warnings(comparison: Comparison) -> Iterator[Refusal]:
    """No warning or output is silenced: a repair mends what is warned about."""
    for pair in comparison.pairs:
        more = grown(_hushes(pair.old, comparison.old_origins), _hushes(pair.new, comparison.new_origins))
        if more:
            yield refused_at(pair, 1, f"`{more[0][:60]}` silences warnings or output")


def _swallowed(pair: CellPair, comparison: Comparison) -> Iterator[tuple[int, str]]:
    for old, new in pair.matching.pairs:
        tries = [guard.node for guard in new.guards if isinstance(guard.node, ast.Try) and guard.block == "body"]
        if "Try.body" in added_guards(old, new) and not all(map(_import_fallback, tries)):
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


def _hushes(code: Code, origins: Origins) -> Counter[str]:
    found = Counter(name for name in called(code, origins).elements() if _HUSH.search(name))
    found.update(magic for magic in code.magics if _HUSH_MAGIC.search(magic))
    for statement in code.statements:
        found.update(target for target in statement.targets if _HUSHED_TARGET.match(target))
    return found
