"""Which imports the repository itself answers, followed through its own modules, and which come from outside."""

from __future__ import annotations

import posixpath
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.errors import MendloopError
from workers.environments import imports, names
from workers.environments.declared.requirements_txt import placed
from workers.environments.declared.texts import MAX_BYTES, MIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workers.environments.imports import Imported
    from workers.environments.packages import Located
    from workers.environments.tree import Tree

MAX_MODULES = 200
"""Files of the repository that are read for what they import."""
MAX_SOURCE_BYTES = 4 * MIB
"""Of all of them together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an artifact's imports come to."""

    outside: tuple[Imported, ...]
    """Modules that something else has to bring, each top level or family once."""
    own: tuple[Located, ...]
    """Packages of the repository that are imported."""
    astray: Mapping[str, str]
    """Of those from outside, by their first part: the file or folder of that name that stands elsewhere in the repository,
    where an import does not find it."""


class _Following:
    def __init__(self, tree: Tree, roots: Sequence[str], packages: Sequence[Located]) -> None:
        self._tree = tree
        self._roots = roots
        self._packages = packages
        self._files: set[str] = set()
        self._left = MAX_SOURCE_BYTES
        self._waiting: deque[tuple[Imported, str]] = deque()
        self.outside: dict[str, Imported] = {}
        self.own: dict[str, Located] = {}
        self.astray: dict[str, str] = {}

    def follow(self, wanted: Iterable[Imported]) -> None:
        """Answer imports, and those of the modules that answer them; the file that imports is '' for the artifact."""
        self._waiting.extend((each, "") for each in wanted)
        while self._waiting:
            each, importer = self._waiting.popleft()
            if each.level:
                base = posixpath.normpath(
                    posixpath.join(posixpath.dirname(importer) or ".", *[".."] * (each.level - 1))
                )
                self._read_along(base, each.module)
            else:
                self._answer(each)

    def _answer(self, each: Imported) -> None:
        root = next((root for root in self._roots if self._tree.module(root, each.top)), None)
        package = next((package for package in self._packages if package.brings(each.top)), None)
        found = self._tree.module(root, each.top) if root is not None else ""
        if package and (not found or (each.top, found) in package.modules):
            self.own[package.own.name] = package
        elif root is not None:
            self._read_along(root, each.module)
        else:
            if not names.is_known(each.module) and (stray := self._tree.everywhere.get(each.top)):
                self.astray[each.top] = stray
            key = names.distribution(each.module)
            if key not in self.outside or self.outside[key].guarded > each.guarded:
                self.outside[key] = each

    def _read_along(self, base: str, dotted: str) -> None:
        for path in _files(self._tree, base, dotted):
            if path in self._files or len(self._files) >= MAX_MODULES or path.startswith(".."):
                continue
            self._files.add(path)
            try:
                raw = self._tree.read(path)[:MAX_BYTES]
            except MendloopError:
                continue
            self._left -= len(raw)
            if self._left < 0:
                return
            source = raw.decode("utf-8", errors="replace")
            self._waiting.extend((each, path) for each in imports.of_module(source, f"import in {path}"))


def needs(wanted: Sequence[Imported], tree: Tree, roots: Sequence[str], packages: Sequence[Located]) -> Needs:
    """What `wanted` comes to; `roots` are the folders that modules are looked for in."""
    following = _Following(tree, roots, packages)
    following.follow(wanted)
    return Needs(
        outside=tuple(following.outside.values()),
        own=tuple(following.own.values()),
        astray=following.astray,
    )


def roots(tree: Tree, folder: str, added: Iterable[str]) -> tuple[str, ...]:
    """Where an artifact in `folder` finds modules: beside it, and in folders that it adds to the path."""
    found = [folder, *(place for each in added if (place := placed(folder, each)))]
    return tuple(dict.fromkeys(each for each in found if each == folder or tree.files(each) or tree.folders(each)))


def _files(tree: Tree, base: str, dotted: str) -> Iterator[str]:
    """The files that importing `dotted` from `base` runs, as far as they are there."""
    folder = base
    if not dotted:
        yield posixpath.normpath(posixpath.join(base, "__init__.py"))
    for part in dotted.split(".") if dotted else ():
        found = tree.module(folder, part)
        if found.endswith(".py"):
            yield found
        if not found or found.endswith(".py"):
            return
        yield f"{found}/__init__.py"
        folder = found
