"""A repository's files, looked up and read with bounds; links out of it are never followed."""

from __future__ import annotations

import os
import posixpath
from functools import cached_property
from typing import TYPE_CHECKING

from workers.contract.errors import ConfigError
from workers.contract.paths import contained, read_bounded
from workers.environments.declared.texts import MAX_LOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_ENTRIES = 20_000
"""Files and folders that a look over the whole repository takes in; beyond, it knows what it has seen."""
MAX_DEPTH = 6
LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", "__pycache__", "site-packages", ".venv", "venv", ".tox", ".nox", ".eggs",
        "build", "dist", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".pixi", ".conda",
    }
)  # fmt: skip


def _is_file(entry: os.DirEntry[str]) -> bool:
    """False too for a link that leads to itself."""
    try:
        return entry.is_file()
    except OSError:
        return False


class Tree:
    """The files of one repository, each folder looked at once; paths are POSIX and relative to it, `.` is its root."""

    def __init__(self, repo: Path) -> None:
        self._repo = repo
        self._listed: dict[str, list[os.DirEntry[str]]] = {}

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            MendloopError: it is not there, leads out of the repository, is no regular file or too large.
        """
        return read_bounded(self._repo, path, MAX_LOCK_BYTES)

    def files(self, folder: str) -> frozenset[str]:
        """Names of the files in a folder; none where it is not there or leads out."""
        return frozenset(entry.name for entry in self._entries(folder) if _is_file(entry))

    def folders(self, folder: str) -> frozenset[str]:
        """Names of the folders in a folder, links left out."""
        return frozenset(entry.name for entry in self._entries(folder) if entry.is_dir(follow_symlinks=False))

    def module(self, folder: str, dotted: str) -> str:
        """The file or package in `folder` that `import dotted` would find there; empty when there is none."""
        path = posixpath.normpath(posixpath.join(folder, *dotted.split(".")))
        above, name = posixpath.split(path)
        if f"{name}.py" in self.files(above or "."):
            return f"{path}.py"
        is_package = name in self.folders(above or ".") and any(each.endswith(".py") for each in self.files(path))
        return path if is_package else ""

    def above(self, folder: str) -> tuple[str, ...]:
        """The folder and those that hold it, the repository's root last."""
        parts = [] if folder in {"", "."} else folder.split("/")
        return tuple("/".join(parts[:end]) or "." for end in range(len(parts), -1, -1))

    @cached_property
    def everywhere(self) -> dict[str, str]:
        """Top-level module name -> the nearest to the root of the files and packages called so anywhere in the repository."""
        found: dict[str, str] = {}
        for folder, files, folders in self.walk("."):
            if "__init__.py" in files:
                # A package: what it holds is imported by way of it.
                continue
            for name in sorted(files):
                if name.endswith(".py"):
                    found.setdefault(name.removesuffix(".py"), posixpath.normpath(posixpath.join(folder, name)))
            for name in sorted(folders):
                if "__init__.py" in self.files(posixpath.join(folder, name)):
                    found.setdefault(name, posixpath.normpath(posixpath.join(folder, name)))
        return found

    def walk(self, start: str) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
        """(folder, its files, its folders) from `start` on, the nearest first, within bounds."""
        waiting, seen = [(start, 0)], 0
        while waiting and seen < MAX_ENTRIES:
            folder, depth = waiting.pop(0)
            files = self.files(folder)
            folders = frozenset(name for name in self.folders(folder) if name not in LEFT_OUT)
            seen += len(files) + len(folders)
            yield folder, files, folders
            if depth < MAX_DEPTH:
                waiting += [(posixpath.normpath(posixpath.join(folder, name)), depth + 1) for name in sorted(folders)]

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        if folder not in self._listed:
            self._listed[folder] = self._scanned(folder)
        return self._listed[folder]

    def _scanned(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            place = self._repo.resolve() if folder in {"", "."} else contained(self._repo, folder)
            with os.scandir(place) as entries:
                return [entry for _, entry in zip(range(MAX_ENTRIES), entries, strict=False)]
        except (ConfigError, OSError):
            return []
