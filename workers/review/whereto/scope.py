"""The names that a module or a class binds, by its syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Bound = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr | tuple[str, str]
"""A definition, a value, or (module, name) of what is imported; an empty name means the module itself."""


@dataclass(slots=True, kw_only=True)
class Scope:
    """What is bound at the top of a module or class."""

    module: str
    tree: ast.Module | ast.ClassDef
    package: bool = False
    names: dict[str, Bound] = field(default_factory=dict[str, "Bound"])
    stars: list[str] = field(default_factory=list[str])
    """Modules that everything public is imported from."""
    all: frozenset[str] | None = None
    """What `__all__` lists, where it is written out."""
    tables: list[ast.Dict] = field(default_factory=list[ast.Dict])

    @classmethod
    def of_module(cls, tree: ast.Module, module: str, *, package: bool) -> Scope:
        """Of a module."""
        scope = cls(module=module, tree=tree, package=package)
        for statement in _statements(tree.body):
            scope._take(statement)
        return scope

    @classmethod
    def of_class(cls, node: ast.ClassDef, module: str) -> Scope:
        """Of a class."""
        scope = cls(module=module, tree=node)
        for statement in _statements(node.body):
            scope._take(statement)
        return scope

    def exports(self, name: str) -> bool:
        """Whether a star brings the name."""
        return name in self.all if self.all is not None else not name.startswith("_")

    def tabled(self, name: str) -> Iterator[str]:
        """Modules that tables of the module give for a name."""
        for table in self.tables:
            for key, value in zip(table.keys, table.values, strict=True):
                if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                    continue
                if key.value == name and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value.lstrip(".").rpartition(":")[0] or value.value.lstrip(".")
                elif isinstance(value, ast.List | ast.Tuple) and name in set(_texts(value)):
                    yield key.value.lstrip(".")

    def _take(self, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                before = self.names.get(name)
                # The setter of a property, or another overload, says nothing new.
                if not (isinstance(before, ast.FunctionDef) and _adds(statement)):
                    self.names[name] = statement
            case ast.Import(names=names):
                for alias in names:
                    self.names[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0],
                        "",
                    )
            case ast.ImportFrom():
                self._imports(statement)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, value)
            case (
                ast.AugAssign(target=ast.Name(id="__all__"), value=value)
                | ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")), args=[value]))
            ):
                more: list[ast.expr] | None = getattr(
                    value, "elts", [value] if isinstance(value, ast.Constant) else None
                )
                # What is computed may list anything.
                self.all = None if more is None or self.all is None else self.all | set(_constants(more))
            case _:
                pass

    def _imports(self, statement: ast.ImportFrom) -> None:
        home = self._home(statement)
        for alias in statement.names:
            if alias.name == "*":
                self.stars.append(home)
            else:
                self.names[alias.asname or alias.name] = (home, alias.name)

    def _home(self, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        parts = self.module.split(".")
        parts = parts[: len(parts) - statement.level + (1 if self.package else 0)]
        return ".".join([*parts, *([statement.module] if statement.module else [])])

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            if target.id == "__all__":
                self.all = frozenset(_texts(value)) if isinstance(value, ast.List | ast.Tuple) else None
        if isinstance(value, ast.Dict):
            self.tables.append(value)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of such an expression; empty for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def strings(node: ast.AST) -> Iterator[str]:
    """Every string in a part of a tree."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _texts(node: ast.expr) -> Iterator[str]:
    return _constants(node.elts if isinstance(node, ast.List | ast.Tuple) else [])


def _constants(items: list[ast.expr]) -> Iterator[str]:
    return (item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, those under `if`, `try` and `with` among them."""
    for statement in body:
        yield statement
        match statement:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                # What happens when the module is run as a program is nothing that it offers.
                continue
            case ast.If(body=inner, orelse=other):
                yield from _statements([*other, *inner])
            case ast.Try(body=inner, handlers=handlers, orelse=other):
                for handler in handlers:
                    yield from _statements(handler.body)
                yield from _statements([*inner, *other])
            case ast.With(body=inner):
                yield from _statements(inner)
            case _:
                pass


def _adds(statement: ast.stmt) -> bool:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return any(
        isinstance(each, ast.Attribute) and each.attr in {"setter", "deleter", "register"} for each in decorators
    )
