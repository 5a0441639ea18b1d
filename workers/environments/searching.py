"""Which declarations stand near an artifact, and in which order they are asked.

The nearest folder first. In each, `binder/` and then `.binder/` come before what lies beside them, as repo2docker looks
(https://repo2docker.readthedocs.io/en/latest/configuration/).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.contract.errors import MendloopError
from workers.environments.declared import (
    binder,
    environment_yml,
    locks,
    pipfile,
    pixi,
    pyproject,
    requirements_txt,
    setup_cfg,
    setup_py,
)
from workers.environments.declared.texts import unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.environments.declared.said import Open, Said
    from workers.environments.tree import Tree

    Reader = Callable[[bytes, str, Open], Said]

MAX_FILES = 60
"""Declarations that are read in one folder."""

_LISTS = re.compile(r"(requirements[\w.-]*|[\w.-]*[-_]requirements)\.(txt|in)", re.IGNORECASE)
_CONDA = re.compile(r"(environment|conda|env|conda[-_]env|environment[-_][\w-]+)\.ya?ml", re.IGNORECASE)

_DECIDING: tuple[tuple[str, Reader], ...] = (
    (r"pyproject\.toml", pyproject.read),
    (r"pixi\.toml", pixi.read),
    (r"Pipfile", pipfile.read),
    (r"requirements\.txt", requirements_txt.read),
    (r"requirements\.in", requirements_txt.read),
    (r"environment\.ya?ml", environment_yml.read),
    (r"setup\.cfg", setup_cfg.read),
    (r"setup\.py", setup_py.read),
)
"""In an ordinary folder: what says most of a package index first."""
_BINDER_DECIDING: tuple[tuple[str, Reader], ...] = (
    (r"environment\.ya?ml", environment_yml.read),
    (r"Pipfile", pipfile.read),
    (r"requirements\.txt", requirements_txt.read),
    (r"pyproject\.toml", pyproject.read),
    (r"setup\.py", setup_py.read),
)
"""As repo2docker composes its images: https://repo2docker.readthedocs.io/en/latest/configuration/#configuration-files."""
_LOCKS: dict[str, Reader] = {
    "uv.lock": locks.read_toml,
    "poetry.lock": locks.read_toml,
    "pdm.lock": locks.read_toml,
    "pylock.toml": locks.read_toml,
    "Pipfile.lock": locks.read_pipfile_lock,
}
_LOCKED = {"pyproject.toml": ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"), "Pipfile": ("Pipfile.lock",)}
_OF_WORKSPACES = "uv.lock"
_BESIDE: dict[str, Reader] = {
    "runtime.txt": binder.runtime_txt,
    ".python-version": binder.python_version,
    "apt.txt": binder.apt_txt,
    **dict.fromkeys(binder.PROGRAMS, binder.program),
}
_BINDER_FOLDERS = ("binder", ".binder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A declaration that was read."""

    path: str
    said: Said

    @property
    def folder(self) -> str:
        """Where it stands, `.` for the repository's root."""
        return posixpath.dirname(self.path) or "."

    @property
    def name(self) -> str:
        """The file's name."""
        return posixpath.basename(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The declarations of one folder."""

    folder: str
    deciding: tuple[Declaration, ...]
    """Those that may decide, in the order in which they are asked."""
    beside: tuple[Declaration, ...]
    """What holds whichever decides: an interpreter's version, packages of the system, programs."""
    others: tuple[Declaration, ...]
    """Lists for other purposes, asked for single packages."""


def places(tree: Tree, folder: str) -> Iterator[Place]:
    """The places to look at for an artifact in `folder`, one by one: the nearest first, in each Binder's folders first."""
    for each in tree.above(folder):
        for name in _BINDER_FOLDERS:
            if name in tree.folders(each):
                yield _place(tree, posixpath.normpath(posixpath.join(each, name)), _BINDER_DECIDING, binders=True)
        yield _place(tree, each, _DECIDING, binders=False)


def in_folder(tree: Tree, folder: str) -> tuple[Declaration, ...]:
    """What may decide in one ordinary folder."""
    return _place(tree, folder, _DECIDING, binders=False).deciding


def named(tree: Tree, path: str) -> Declaration:
    """The declaration at `path`; where its name says no format, it is a requirements file."""
    name = posixpath.basename(path)
    known: tuple[tuple[str, Reader], ...] = (
        *_DECIDING,
        *((re.escape(lock), reader) for lock, reader in _LOCKS.items()),
    )
    reader = next((reader for pattern, reader in known if re.fullmatch(pattern, name)), None)
    if reader is None:
        reader = environment_yml.read if name.endswith((".yml", ".yaml")) else requirements_txt.read
    return Declaration(path=path, said=_read(tree, path, reader))


def lock_of(tree: Tree, declaration: Declaration) -> Declaration | None:
    """The lock file of a declaration: beside it, or, of a uv workspace that it is a member of, above it."""
    for folder in tree.above(declaration.folder):
        for name in _LOCKED.get(declaration.name, ()):
            if name not in tree.files(folder) or (folder != declaration.folder and name != _OF_WORKSPACES):
                continue
            path = _join(folder, name)
            found = Declaration(path=path, said=_read(tree, path, _LOCKS[name]))
            if folder == declaration.folder or _is_member(declaration, found):
                return found
    return None


def _is_member(declaration: Declaration, lock: Declaration) -> bool:
    package = declaration.said.package
    return package is not None and canonicalize_name(package.name) in lock.said.members


def _place(tree: Tree, folder: str, order: tuple[tuple[str, Reader], ...], *, binders: bool) -> Place:
    files = tree.files(folder)
    beside = _BESIDE if binders else {name: each for name, each in _BESIDE.items() if name not in binder.PROGRAMS}
    deciding = [(name, reader) for pattern, reader in order for name in sorted(files) if re.fullmatch(pattern, name)]
    taken = {name for name, _ in deciding}
    others = [
        (name, _other(name)) for name in sorted(files - taken) if _LISTS.fullmatch(name) or _CONDA.fullmatch(name)
    ]
    others += [(f"requirements/{name}", requirements_txt.read) for name in _of_folder(tree, folder)]
    rest = [(name, binder.other) for name in binder.OTHERS if binders and name in files]
    return Place(
        folder=folder,
        deciding=_all(tree, folder, deciding),
        beside=_all(tree, folder, [*((name, beside[name]) for name in sorted(files & beside.keys())), *rest]),
        others=_all(tree, folder, others),
    )


def _of_folder(tree: Tree, folder: str) -> list[str]:
    inner = _join(folder, "requirements")
    return [name for name in sorted(tree.files(inner)) if name.endswith((".txt", ".in"))]


def _other(name: str) -> Reader:
    return environment_yml.read if _CONDA.fullmatch(name) else requirements_txt.read


def _all(tree: Tree, folder: str, found: list[tuple[str, Reader]]) -> tuple[Declaration, ...]:
    paths = [(_join(folder, name), reader) for name, reader in found[:MAX_FILES]]
    return tuple(Declaration(path=path, said=_read(tree, path, reader)) for path, reader in paths)


def _read(tree: Tree, path: str, reader: Reader) -> Said:
    try:
        return reader(tree.read(path), path, tree.read)
    except MendloopError as error:
        return unread(path, error)


def _join(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))
