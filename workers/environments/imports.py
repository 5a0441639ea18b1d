"""What an artifact imports, from outside the standard library, and where it looks for modules of its own."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.documents.magics import mask
from workers.documents.syntax import parse
from workers.knowledge.distributions import left_the_standard_library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.protocols import Cell

_IMPORT = re.compile(r"^[ \t]*(?:import[ \t]+(?P<plain>[\w.]+)|from[ \t]+(?P<base>[\w.]+)[ \t]+import\b)", re.MULTILINE)
_LOADED = re.compile(r"%(?:load_ext|reload_ext)[ \t]+(?P<module>[\w.]+)")
_FORGIVEN = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException", "RuntimeError"})
_OF_IPYTHON = frozenset({"autoreload", "storemagic"})
_JOINING = frozenset({"abspath", "realpath", "join", "resolve", "Path", "str", "expanduser", "normpath", "absolute"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One module that an artifact, or a module of its repository, imports."""

    module: str
    """Dotted; of `from a import b` it is `a.b`, which may be a module or not."""
    origin: str
    """For a reader: `import in cell 4`."""
    guarded: bool = False
    """It goes on without: the import stands in a `try` that catches its failure."""
    level: int = 0
    """Dots before it: how far up from the importing module."""

    @property
    def top(self) -> str:
        """Its first part."""
        return self.module.partition(".")[0]


def of_cells(cells: Iterable[Cell]) -> tuple[Imported, ...]:
    """What the code cells import, each once, without the standard library of any Python."""
    found: dict[str, Imported] = {}
    for cell in cells:
        if cell.kind != "code" or not _is_python(cell.source):
            continue
        for each in (*_loaded(cell.source, cell.index), *_of_source(cell.source, f"import in cell {cell.index}")):
            _keep(found, each)
    return tuple(found.values())


def of_module(source: str, origin: str) -> tuple[Imported, ...]:
    """What a module of the repository imports."""
    found: dict[str, Imported] = {}
    for each in _of_source(source, origin):
        _keep(found, each)
    return tuple(found.values())


def added_folders(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Folders that cells put on the path of modules or change into, where they say so literally; as written."""
    found: list[str] = []
    for cell in cells:
        if cell.kind != "code":
            continue
        found += [text[3:].strip() for _, text in mask(cell.source).magics if text.startswith("%cd ")]
        tree = parse(cell.source)
        for node in ast.walk(tree) if tree and ("sys.path" in cell.source or "chdir" in cell.source) else ():
            if isinstance(node, ast.Call) and node.args and _adds_folder(node):
                found += _folder(node.args[-1])
    return tuple(dict.fromkeys(found))


def _keep(found: dict[str, Imported], each: Imported) -> None:
    """Of two imports of the same module the one that cannot go on without it."""
    if each.level == 0 and (each.top in sys.stdlib_module_names or left_the_standard_library(each.top)):
        return
    key = f"{'.' * each.level}{each.module}"
    if key not in found or found[key].guarded > each.guarded:
        found[key] = each


def _is_python(source: str) -> bool:
    return mask(source).text.strip("#\r\n\t ") != ""


def _loaded(source: str, cell: int) -> Iterator[Imported]:
    """Extensions and backends that magics load."""
    for _, text in mask(source).magics:
        if (found := _LOADED.match(text)) and found["module"] not in _OF_IPYTHON:
            yield Imported(module=found["module"], origin=f"%load_ext in cell {cell}")
        if text.startswith(("%matplotlib", "%pylab")):
            yield Imported(module="matplotlib", origin=f"%matplotlib in cell {cell}")
        if text.startswith(("%matplotlib widget", "%matplotlib ipympl")):
            yield Imported(module="ipympl", origin=f"%matplotlib in cell {cell}")


def _of_source(source: str, origin: str) -> Iterator[Imported]:
    tree = parse(source)
    if tree is None:
        # Python 2, or half a line: what the lines say by themselves.
        for found in _IMPORT.finditer(mask(source).text):
            yield Imported(module=found["plain"] or found["base"], origin=origin)
        return
    guarded = {id(node) for node in _guarded(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Imported(module=alias.name, origin=origin, guarded=id(node) in guarded)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(node, origin, guarded=id(node) in guarded)


def _from(node: ast.ImportFrom, origin: str, *, guarded: bool) -> Iterator[Imported]:
    if node.module == "__future__":
        return
    for alias in node.names:
        parts = [part for part in (node.module or "", "" if alias.name == "*" else alias.name) if part]
        yield Imported(module=".".join(parts), origin=origin, guarded=guarded, level=node.level)


def _guarded(tree: ast.Module) -> Iterator[ast.AST]:
    """What stands in a `try` that an ImportError does not leave, in its handlers, or for type checkers alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_forgives(handler) for handler in node.handlers):
            yield from _inside([*node.body, *node.handlers])
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from _inside(node.body)


def _inside(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield from ast.walk(node)


def _forgives(handler: ast.ExceptHandler) -> bool:
    if any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
        return False
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(each, ast.Name) and each.id in _FORGIVEN for each in caught)


def _adds_folder(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    return called in {"sys.path.append", "sys.path.insert", "os.chdir", "sys.path.extend"}


def _folder(node: ast.expr) -> list[str]:
    """The folder that an expression names, if it is put together of nothing but words and path functions."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args) if name in _JOINING:
            inner = [node.func.value] if isinstance(node.func, ast.Attribute) and not args else args
            parts = [_folder(each) for each in inner]
            return ["/".join(part[0] for part in parts)] if parts and all(parts) else []
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            both = (_folder(left), _folder(right))
            return ["/".join(part[0] for part in both)] if all(both) else []
        case _:
            return []
