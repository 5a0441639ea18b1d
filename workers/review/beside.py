"""Modules that lie beside an artifact: importable there though nobody installed them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.protocols import Answer


@dataclass(frozen=True, slots=True)
class Beside:
    """Top-level names, by how firmly they stand."""

    modules: frozenset[str] = frozenset()
    """`name.py` and folders with an `__init__.py`: they hide what is installed."""
    folders: frozenset[str] = frozenset()
    """Folders that hold modules and no `__init__.py`: what is installed hides them."""

    def hiding(self, answers: Iterable[Answer]) -> frozenset[str]:
        """The names that an import finds beside the artifact, given what the environment has."""
        installed = {_top(answer.question.name) for answer in answers if answer.status != "unimportable"}
        return self.modules | (self.folders - installed)


def beside(workspace: Path, path: str, own: Iterable[str] = ()) -> Beside:
    """What can be imported from the folder of the artifact at `path` and from the root of its repository.

    `own` are the modules and packages that the repository's own package has, by their paths in it.

    No link is followed, and a folder that cannot be read holds nothing.
    """
    folders = {workspace, workspace / PurePosixPath(path).parent, *(workspace / PurePosixPath(p).parent for p in own)}
    entries = [entry for folder in folders for entry in _entries(folder)]
    files = {Path(entry.name).stem for entry in entries if _is_module(entry)}
    inner = {entry.name: list(_entries(entry.path)) for entry in entries if entry.is_dir(follow_symlinks=False)}
    packages = {name for name, found in inner.items() if any(each.name == "__init__.py" for each in found)}
    loose = {name for name, found in inner.items() if any(map(_is_module, found))}
    return Beside(frozenset(files | packages), frozenset(loose - packages - files))


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from found
    except OSError:
        return


def _is_module(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".py") and entry.is_file(follow_symlinks=False)


def _top(name: str) -> str:
    return name.partition(".")[0]
