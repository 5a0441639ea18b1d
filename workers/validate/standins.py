"""Rules of conduct about what stands in for the real thing: mocks, new definitions, patched libraries."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import Refusal, refused_at
from workers.validate.meaning import calls
from workers.validate.origins import called
from workers.validate.statements import grown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.validate.comparison import Comparison
    from workers.validate.origins import Origins
    from workers.validate.statements import Code, Statement

_MOCKERS = re.compile(
    r"\A(unittest\.mock|mock|pytest_mock|pytest\.monkeypatch|pytest\.MonkeyPatch|responses|requests_mock|httpretty|vcr|moto"
    r"|respx|faker|Faker|fakeredis|pyfakefs|freezegun|types\.SimpleNamespace|types\.ModuleType|MagicMock|Mock)(\.|\Z)"
)

_NOW = {"imp.new_module": "types.ModuleType"}
"""What made a module before: under its new name it is no more of a stand-in than it was."""
_NAMESPACES = (".__dict__", "sys.modules")


def mock_for_call(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing stands in for what was called: no mock, no definition that takes a called name or is called in its place."""
    for pair in comparison.pairs:
        old, new = _mocks(pair.old, comparison.old_origins), _mocks(pair.new, comparison.new_origins)
        for name in grown(old, new)[:1]:
            yield Refusal(reason=f"cell {pair.index}: `{name[:60]}` stands in for the real thing", cells=(pair.index,))
        for statement in pair.matching.fresh:
            name = _defined(statement)
            if name and (name in comparison.called or name in _names_called(pair.new)):
                yield refused_at(pair, statement.line, f"the new definition of `{name}` stands in for what was called")


def library_patched(comparison: Comparison) -> Iterator[Refusal]:
    """Nothing is put into a library: a stale name is moved, not brought back."""
    for pair in comparison.pairs:
        old, new = _patches(pair.old, comparison.old_origins), _patches(pair.new, comparison.new_origins)
        for name in grown(old, new)[:1]:
            yield Refusal(reason=f"cell {pair.index}: `{name[:60]}` is put into a library", cells=(pair.index,))


def _mocks(code: Code, origins: Origins) -> Counter[str]:
    names = (_NOW.get(name, name) for name in called(code, origins).elements())
    found = Counter(name for name in names if _MOCKERS.match(name))
    for node in ast.walk(code.tree) if code.tree else ():
        match node:
            case ast.Import(names=names):
                found.update(alias.name for alias in names if _MOCKERS.match(alias.name))
            case ast.ImportFrom(module=str(module), names=names):
                whole = (f"{module}.{one.name}" for one in names)
                found.update(name for one in whole if _MOCKERS.match(name := _NOW.get(one, one)))
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
            case ast.Subscript(ctx=ast.Store(), value=ast.Call(func=ast.Name(id="globals" | "vars" as name))):
                found[f"{name}()"] += 1
            case ast.Subscript(ctx=ast.Store(), value=value) if origins.dotted(value).endswith(_NAMESPACES):
                found[origins.dotted(value)] += 1
            case ast.Call(func=ast.Name(id="setattr"), args=[target, *_]) if _of_library(target, origins):
                found[f"setattr {origins.dotted(target)}"] += 1
            case ast.Call(
                func=ast.Attribute(
                    attr="update" | "setdefault", value=ast.Call(func=ast.Name(id="globals" | "vars" as name))
                )
            ):
                found[f"{name}()"] += 1
            case ast.Call(func=ast.Attribute(attr="update" | "setdefault", value=value)) if origins.dotted(
                value
            ).endswith(_NAMESPACES):
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
