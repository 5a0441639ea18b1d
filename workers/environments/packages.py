"""The package that a folder of the repository is: where its modules lie, and whether they can be imported as they are."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.environments.words import OwnPackage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.environments.declared.said import Package
    from workers.environments.tree import Tree

_SOURCES = (".pyx", ".c", ".cc", ".cpp", ".cxx", ".cu", ".rs", ".f", ".f90", ".go")
_NO_MODULES = frozenset(
    {"tests", "test", "docs", "doc", "examples", "example", "notebooks", "scripts", "benchmarks", "tools"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A package and its modules in the tree."""

    own: OwnPackage
    modules: tuple[tuple[str, str], ...]
    """(top-level name that is imported, its file or folder)."""
    note: str = ""
    """Why it must be built."""

    def brings(self, top: str) -> bool:
        """Whether `import top` is its."""
        return any(name == top for name, _ in self.modules)


def located(package: Package, tree: Tree) -> Located | None:
    """The package with its modules; None when the folder holds none."""
    modules = tuple(dict.fromkeys(_modules(package, tree)))
    if not modules:
        return None
    built = package.compiled or _compiled(package, modules, tree)
    own = OwnPackage(
        name=canonicalize_name(package.name),
        folder=package.folder,
        packages=() if built else tuple(path for _, path in modules),
        version=package.version,
    )
    note = f"The repository's own package {own.name} has to be built: it holds {built}." if built else ""
    return Located(own=own, modules=modules, note=note)


def _modules(package: Package, tree: Tree) -> list[tuple[str, str]]:
    stated = [module for place in package.places for module in _placed(package.folder, place, tree)]
    return stated or _usual(package, tree)


def _placed(folder: str, place: str, tree: Tree) -> Iterator[tuple[str, str]]:
    path = posixpath.normpath(posixpath.join(folder, place))
    if path.startswith(("..", "/")):
        return
    if path.endswith("/*") or path == "*":
        yield from _in(path[:-2] or ".", tree)
        return
    above, name = posixpath.split(path)
    dotted = name.removesuffix(".py")
    if found := tree.module(above or ".", dotted):
        yield dotted, found


def _usual(package: Package, tree: Tree) -> list[tuple[str, str]]:
    """As packaging tools look: everything below `src`, else a module called like the project, else every package beside."""
    if found := [*_in(posixpath.normpath(posixpath.join(package.folder, "src")), tree)]:
        return found
    name = canonicalize_name(package.name).replace("-", "_")
    beside = [*_in(package.folder, tree)]
    same = [each for each in beside if each[0].lower() == name]
    return same or [each for each in beside if not each[1].endswith(".py")]


def _in(folder: str, tree: Tree) -> Iterator[tuple[str, str]]:
    """Modules and packages that stand in a folder, without those that only look like some."""
    for name in sorted(tree.folders(folder)):
        if name.isidentifier() and name not in _NO_MODULES and (found := tree.module(folder, name)):
            yield name, found
    for name in sorted(tree.files(folder)):
        stem = name.removesuffix(".py")
        if name.endswith(".py") and stem.isidentifier() and stem not in {"setup", "conftest", "noxfile"}:
            yield stem, posixpath.normpath(posixpath.join(folder, name))


def _compiled(package: Package, modules: tuple[tuple[str, str], ...], tree: Tree) -> str:
    if "Cargo.toml" in tree.files(package.folder):
        return "a Rust crate"
    for _, path in modules:
        if path.endswith(".py"):
            continue
        for _, files, _ in tree.walk(path):
            if found := next((name for name in sorted(files) if name.endswith(_SOURCES)), None):
                return f"sources of another language ({found})"
    return ""
