"""One source, read into values: what its scopes bind, also under conditions, and what it says of its own changes."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.knowledge.mining import decorated, noted, tabled, warned
from workers.knowledge.mining.model import Alias, Class, Function, Module, Value
from workers.knowledge.mining.scopes import assigned, fields, is_abstract, members_of, statements, targets_of
from workers.knowledge.mining.signatures import Definition, digest, dotted, function

if TYPE_CHECKING:
    from workers.knowledge.mining.model import Item, Note
    from workers.knowledge.mining.tree import Source

_WORD = re.compile(r"[A-Za-z_]\w*")
_WARNS = re.compile(r"warn|deprecat", re.IGNORECASE)
_REWRITES = frozenset({"globals", "vars", "locals", "exec", "eval", "setattr", "__import__"})
"""Who calls these at the top of a module may bind any name."""
_ADDS_NOTHING = re.compile(
    r"dataclass|total_ordering|final|unique|define|frozen|attrs|runtime_checkable|set_module|beta|experimental|public|appender"
    r"|register\w*|mark\w*|requires\w*|substitut\w*|\w*export|\w*deprecat\w*|\w*doc\w*",
    re.IGNORECASE,
)
"""Decorators of classes that leave the public names as they are."""


def read(source: Source) -> Module | None:
    """The module; None for a file that is no Python of today."""
    text = _decoded(source.content)
    if text is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return _Reader(source, text, tree).module()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _decoded(content: bytes) -> str | None:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding).replace("\r\n", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None


class _Reader:
    def __init__(self, source: Source, text: str, tree: ast.Module) -> None:
        self.source, self.text, self.tree = source, text, tree
        self.lines = text.split("\n")
        self.package = source.module if source.is_package else source.module.rpartition(".")[0]
        self.stars: list[str] = []
        self.exported: list[str] | None = None
        self.exports_more = False
        self.is_open = False
        self.sets = False
        """Attributes are set by name, so what its classes have is not written in them."""
        self.notes: list[Note] = []

    def module(self) -> Module:
        names: dict[str, Item] = {}
        for node in statements(self.tree.body):
            self._bind(names, node)
            self._rewritten(node)
        if self.sets:
            names = {
                name: replace(each, is_made=True) if isinstance(each, Class) else each for name, each in names.items()
            }
        table = tabled.read(self.tree, self.source.module, tuple(self.exported or ()))
        for name, alias in table.aliases.items():
            names.setdefault(name, alias)
        # A lookup may be any callable: a function, or a class that caches.
        is_open = self.is_open or table.is_open or "__getattr__" in names
        return Module(
            name=self.source.module,
            path=self.source.path,
            is_package=self.source.is_package,
            names=names,
            stars=tuple(self.stars),
            exported=None if self.exported is None else tuple(dict.fromkeys(self.exported)),
            exports_more=self.exports_more,
            is_open=is_open,
            mentions=frozenset(_WORD.findall(self.text)) if is_open else frozenset(),
            notes=(*self.notes, *table.notes),
        )

    def _bind(self, names: dict[str, Item], node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names[node.name] = self._function(node, "")
            case ast.ClassDef():
                names[node.name] = self._class(node, "")
            case ast.Import() | ast.ImportFrom():
                self._import(names, node)
            case ast.AugAssign(target=ast.Name(id="__all__"), value=value):
                self._export(value)
            case ast.Delete(targets=targets) if node in self.tree.body:
                for target in targets:
                    names.pop(dotted(target), None)
            case ast.Expr(value=ast.Call() as call):
                self._called(call)
            case _:
                for target, value in targets_of(node):
                    self._assign(names, target, value, node.lineno)

    def _called(self, call: ast.Call) -> None:
        name = dotted(call.func)
        if name in {"__all__.extend", "__all__.append", "__all__.remove"}:
            self._export(call.args[0] if call.args else call)
        elif name.endswith(("attach", "attach_stub")):
            self.is_open = True

    def _rewritten(self, node: ast.stmt) -> None:
        """Notice what binds names without writing them."""
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.For):
            return
        inside = node.iter if isinstance(node, ast.For) else node
        called = {
            each.func.id for each in ast.walk(inside) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        self.is_open = self.is_open or bool(called & _REWRITES)
        self.sets = self.sets or "setattr" in called

    def _import(self, names: dict[str, Item], node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for one in node.names:
                bound, target = (one.asname, one.name) if one.asname else (one.name.partition(".")[0],) * 2
                names[bound] = Alias(line=node.lineno, target=target, is_import=True)
            return
        origin = self._origin(node)
        for one in node.names:
            if one.name == "*":
                self.stars.append(origin)
            else:
                target = f"{origin}.{one.name}" if origin else one.name
                names[one.asname or one.name] = Alias(line=node.lineno, target=target, is_import=True)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])

    def _assign(self, names: dict[str, Item], target: ast.expr, value: ast.expr | None, line: int) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for one in target.elts:
                self._assign(names, one, None, line)
        elif isinstance(target, ast.Name) and target.id == "__all__" and value is not None:
            self.exported = []
            self._export(value)
        elif isinstance(target, ast.Name):
            names[target.id] = assigned(value, line)
        elif isinstance(target, ast.Attribute) and isinstance(owner := names.get(dotted(target.value)), Class):
            names[dotted(target.value)] = replace(owner, members={**owner.members, target.attr: assigned(value, line)})
        elif isinstance(target, ast.Subscript) and dotted(target.value).partition(".")[0] not in names:
            self.is_open = self.is_open or not isinstance(target.value, ast.Name)

    def _export(self, value: ast.expr) -> None:
        """Add what is written out; a list that is made elsewhere leaves the rest unknown, which only makes us silent."""
        self.exported = self.exported or []
        plain = ast.List | ast.Tuple | ast.Constant | ast.Load | ast.BinOp | ast.Add
        self.exports_more = self.exports_more or not all(isinstance(each, plain) for each in ast.walk(value))
        for each in ast.walk(value):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                self.exported.append(each.value)

    def _function(self, node: Definition, owner: str) -> Function:
        made = function(node, self.lines, method=bool(owner))
        subject = f"{owner}.{node.name}" if owner else node.name
        self.notes += decorated.notes(node, subject, made)
        if any(map(_WARNS.search, self.lines[node.lineno - 1 : node.end_lineno])):
            self.notes += warned.notes(node, subject, made)
        self.notes += noted.notes(node, subject)
        return made

    def _class(self, node: ast.ClassDef, owner: str) -> Class:
        name = f"{owner}.{node.name}" if owner else node.name
        members: dict[str, Item] = {}
        for each in statements(node.body):
            if isinstance(each, Definition):
                members.setdefault(each.name, self._function(each, name))
            elif isinstance(each, ast.ClassDef):
                members[each.name] = self._class(each, name)
            elif isinstance(each, ast.Assign | ast.AnnAssign):
                members |= dict(members_of(each))
        for at, field in fields(self.lines[node.lineno - 1 : node.end_lineno]):
            members.setdefault(field, Value(line=node.lineno + at))
        self.notes += decorated.notes(node, name, members.get("__init__"))
        self.notes += noted.notes(node, name)
        bare = [dotted(each.func if isinstance(each, ast.Call) else each) for each in node.decorator_list]
        return Class(
            line=node.lineno,
            bases=tuple(dotted(each.value if isinstance(each, ast.Subscript) else each) for each in node.bases),
            members=members,
            digest=digest(node, self.lines),
            is_open="__getattr__" in members or "__getattribute__" in members,
            is_made=not (
                all(map(is_abstract, node.keywords))
                and all(_ADDS_NOTHING.fullmatch(each.rpartition(".")[2]) for each in bare)
            ),
            decorators=tuple(bare),
        )
