"""One release of a library, read from its sources alone: where a public name is defined. Nothing of it is imported or run."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from workers.review.whereto.scope import Scope, dotted, strings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

LARGEST = 2_000_000
"""Characters of a module that is read."""
_MODULES = 600
_DEPTH = 25
_TELLS = re.compile(r"deprecat|remov|renam|replac|moved|instead", re.IGNORECASE)
_KEEPS = re.compile(r"deprecat|alias|moved|renamed", re.IGNORECASE)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr


class Sources(Protocol):
    """The files of a release."""

    @property
    def paths(self) -> Collection[str]:
        """POSIX paths, relative to where modules are imported from."""
        ...

    def read(self, path: str) -> str | None:
        """The text of a file; None where it cannot be had."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a name leads."""

    kind: Literal["module", "class", "function", "value", "elsewhere"]
    module: str
    """Where it is defined."""
    name: str = ""
    """Within the module, dotted; empty for a module itself."""
    node: Definition | None = None
    through: tuple[str, ...] = ()
    """Dotted names that it was exported under on the way, the asked one left out."""

    @property
    def home(self) -> str:
        """Dotted, in full."""
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass
class Library:
    """Modules by dotted name, each parsed once."""

    sources: Sources
    _scopes: dict[str, Scope | None] = field(default_factory=dict[str, "Scope | None"])

    def scope(self, module: str) -> Scope | None:
        """The names of a module; None where there is none, or it cannot be read."""
        if module not in self._scopes:
            path = self.path(module)
            room = sum(each is not None for each in self._scopes.values()) < _MODULES
            self._scopes[module] = self._parsed(path, module) if path and room else None
        return self._scopes[module]

    def path(self, module: str) -> str | None:
        """The file of a module."""
        base = module.replace(".", "/")
        paths = self.sources.paths
        return next((path for path in (f"{base}/__init__.py", f"{base}.py") if path in paths), None)

    def is_module(self, module: str) -> bool:
        """Also true for a folder that holds modules, and for an extension."""
        return self.path(module) is not None or module.replace(".", "/") in self._others

    @cached_property
    def _others(self) -> frozenset[str]:
        """Folders, and extensions without what names their ABI."""
        found: set[str] = set()
        for path in self.sources.paths:
            folder, _, name = path.rpartition("/")
            if name.endswith((".so", ".pyd")):
                found.add(f"{folder}/{name.partition('.')[0]}")
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    def find(self, name: str) -> Found | None:
        """Where a dotted name leads; None where this release does not have it, as far as its sources tell."""
        parts = name.split(".")
        for at in range(len(parts), 0, -1):
            module = ".".join(parts[:at])
            if self.path(module) is not None:
                # A package's own name comes before a module of that name beside it.
                shadow = self._within(".".join(parts[: at - 1]), parts[at - 1 :], 0) if at > 1 else None
                if shadow is not None and shadow.kind != "module":
                    return shadow
                return self._within(module, parts[at:], 0)
        return None

    def _within(self, module: str, parts: list[str], depth: int) -> Found | None:
        found: Found | None = Found(kind="module", module=module)
        for part in parts:
            if found is None or depth > _DEPTH:
                return None
            found = self._step(found, part, depth)
        return found

    def _step(self, found: Found, part: str, depth: int) -> Found | None:
        if found.kind == "module":
            return self.member(found.module, part, depth + 1)
        if found.kind == "class" and isinstance(found.node, ast.ClassDef):
            return self._of_class(found, found.node, part, depth + 1)
        if found.kind == "elsewhere":
            return Found(kind="elsewhere", module=found.home, name=part)
        return None

    def member(self, module: str, name: str, depth: int = 0) -> Found | None:
        """What `name` stands for in a module."""
        scope = self.scope(module)
        if scope is None or depth > _DEPTH:
            return self._submodule(module, name)
        bound = scope.names.get(name)
        if bound is None:
            return self._starred(scope, name, depth) or self._lazy(scope, name, depth) or self._submodule(module, name)
        full = f"{module}.{name}"
        match bound:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return Found(kind="function", module=module, name=name, node=bound)
            case ast.ClassDef():
                return Found(kind="class", module=module, name=name, node=bound)
            case (home, member):
                return self._through(self._imported(home, member, depth), full)
            case _:
                return self._through(self._alias(module, bound, depth), full) or Found(
                    kind="value", module=module, name=name, node=bound
                )

    def _through(self, found: Found | None, name: str) -> Found | None:
        if found is None:
            return None
        return Found(
            kind=found.kind, module=found.module, name=found.name, node=found.node, through=(name, *found.through)
        )

    def _imported(self, home: str, member: str, depth: int) -> Found | None:
        if not member:
            return Found(kind="module" if self.is_module(home) else "elsewhere", module=home)
        if not self.is_module(home):
            here = home.partition(".")[0]
            # Of a package whose other modules are here, it is missing; of another distribution, nothing is known.
            return None if self.is_module(here) else Found(kind="elsewhere", module=home, name=member)
        return self.member(home, member, depth + 1)

    def _alias(self, module: str, value: ast.expr, depth: int) -> Found | None:
        """What `a = b` or `a = package.b` leads to."""
        if isinstance(value, ast.Call) and value.args and _KEEPS.search(dotted(value.func).rpartition(".")[2]):
            # `old = deprecated(new, ...)` is the new one with a warning around it.
            value = next((each for each in value.args if dotted(each)), value)
        name = dotted(value)
        return self._within(module, name.split("."), depth + 1) if name else None

    def _starred(self, scope: Scope, name: str, depth: int) -> Found | None:
        for home in reversed(scope.stars):
            if not self._speaks(home, name):
                continue
            target = self.scope(home)
            if target is not None and target.exports(name) and (found := self.member(home, name, depth + 1)):
                return self._through(found, f"{scope.module}.{name}") if found.kind != "module" else None
        return None

    def _speaks(self, module: str, name: str) -> bool:
        """Whether a star import of the module can bring the name: parsing all that is imported so takes long."""
        path = self.path(module)
        text = self.sources.read(path) if path and module not in self._scopes else None
        return text is None or name in text or "import *" in text

    def _lazy(self, scope: Scope, name: str, depth: int) -> Found | None:
        """Tables of names that are imported when they are asked for: `{"name": "module"}`, `{"module": ["name"]}`."""
        for home in scope.tabled(name):
            module = home if self.is_module(home) else f"{scope.module}.{home}"
            if module != scope.module and self.is_module(module):
                return self._through(self.member(module, name, depth + 1), f"{scope.module}.{name}")
        return None

    def _submodule(self, module: str, name: str) -> Found | None:
        full = f"{module}.{name}"
        return Found(kind="module", module=full) if self.is_module(full) else None

    def _of_class(self, found: Found, node: ast.ClassDef, part: str, depth: int) -> Found | None:
        for owner, body in self.bases(found, node, depth):
            bound = Scope.of_class(body, owner.module).names.get(part)
            if bound is None or isinstance(bound, tuple):
                continue
            full = f"{owner.name}.{part}"
            if isinstance(bound, ast.Name) and bound.id != part:
                alias = self._of_class(owner, body, bound.id, depth + 1)
                return self._through(alias, f"{owner.module}.{full}")
            kind = "class" if isinstance(bound, ast.ClassDef) else "value"
            kind = "function" if isinstance(bound, ast.FunctionDef | ast.AsyncFunctionDef) else kind
            return Found(kind=kind, module=owner.module, name=full, node=bound)
        return None

    def bases(self, found: Found, node: ast.ClassDef, depth: int = 0) -> Iterator[tuple[Found, ast.ClassDef]]:
        """A class and what it inherits from, as far as that is here, nearest first."""
        yield found, node
        if depth > _DEPTH:
            return
        for base in node.bases:
            name = dotted(base)
            parent = self._within(found.module, name.split("."), depth + 1) if name else None
            if parent is not None and isinstance(parent.node, ast.ClassDef) and parent.home != found.home:
                yield from self.bases(parent, parent.node, depth + 3)

    def _parsed(self, path: str, module: str) -> Scope | None:
        text = self.sources.read(path)
        if text is None or len(text) > LARGEST:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        return Scope.of_module(tree, module, package=path.endswith("/__init__.py"))


def spoken(scope: Scope, name: str) -> tuple[str, ...]:
    """What a module that answers for attributes itself says of this one."""
    hook = scope.names.get("__getattr__")
    if not isinstance(hook, ast.FunctionDef):
        return ()
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return tuple(text for text in strings(hook) if word.search(text) and _TELLS.search(text))
