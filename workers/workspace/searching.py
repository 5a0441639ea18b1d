"""The artifacts meant by what was named: files as they are, folders searched by the configuration and by what git ignores."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from workers.contract.errors import ConfigError, DocumentError
from workers.contract.paths import read_bounded
from workers.workspace.finding import inside, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workers.settings import Plan

LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", ".ipynb_checkpoints", "__pycache__", ".venv", "venv", "env", "site-packages",
        "node_modules", "build", "dist", ".tox", ".nox", ".eggs", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    }
)  # fmt: skip
"""Folders that hold copies, builds or other people's files; what is named outright is read all the same."""
IGNORE_BYTES = 1 << 20
PATTERN_CHARS = 300
IgnoreFile = tuple[PurePosixPath, GitIgnoreSpec]


def discover(repo: Path, paths: Sequence[Path], plan: Plan) -> tuple[str, ...]:
    """The artifacts meant by `paths`, as POSIX paths relative to `repo`, sorted, each once.

    A file is taken as named. A folder is searched by the globs of the configuration; links are not followed, and what
    git ignores is left out. git itself is never run. `repo` is absolute and without links, as `find_repo` tells it.

    Raises:
        ConfigError: a path lies elsewhere.
    """
    found: set[str] = set()
    for path in paths:
        place = inside(repo, path)
        # A folder that a link leads out to is not searched.
        folder = resolved(repo / place) == repo / place and (repo / place).is_dir()
        found |= set(_search(repo, place, plan)) if folder else {place.as_posix()}
    return tuple(sorted(found))


def _search(repo: Path, folder: PurePosixPath, plan: Plan) -> Iterator[str]:
    wanted = [
        (root.path, GitIgnoreSpec.from_lines(root.include), GitIgnoreSpec.from_lines(root.exclude))
        for root in plan.roots
    ]
    above = [PurePosixPath(), *reversed(folder.parents[:-1])] if folder.parts else []
    ignores = [*_exclude_file(repo), *(ignore for parent in above for ignore in _ignore_file(repo, parent))]
    for path in _files(repo, folder, tuple(ignores)):
        base, include, exclude = next(each for each in wanted if path.is_relative_to(each[0]))
        relative = path.relative_to(base).as_posix()
        if include.match_file(relative) and not exclude.match_file(relative):
            yield path.as_posix()


def _files(repo: Path, folder: PurePosixPath, ignores: tuple[IgnoreFile, ...]) -> Iterator[PurePosixPath]:
    """Regular files under `folder` that neither git nor we leave out; folder by folder, without recursion."""
    waiting = [(folder, ignores)]
    while waiting:
        here, above = waiting.pop()
        active = (*above, *_ignore_file(repo, here))
        for entry in _entries(repo / here):
            path = here / entry.name
            if entry.is_symlink() or _ignored(path, active, folder=entry.is_dir()):
                continue
            if entry.is_file():
                yield path
            elif entry.is_dir() and entry.name not in LEFT_OUT and not (repo / path / "pyvenv.cfg").exists():
                waiting.append((path, active))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder; one that cannot be read is empty, as for git."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _ignored(path: PurePosixPath, ignores: tuple[IgnoreFile, ...], *, folder: bool) -> bool:
    """As git decides: the deepest file with an opinion, in it the last pattern. https://git-scm.com/docs/gitignore."""
    for base, spec in reversed(ignores):
        relative = path.relative_to(base).as_posix() + ("/" if folder else "")
        opinion = spec.check_file(relative).include
        if opinion is not None:
            return opinion
    return False


def _ignore_file(repo: Path, folder: PurePosixPath) -> list[IgnoreFile]:
    return _ignore(repo, (folder / ".gitignore").as_posix(), folder)


def _exclude_file(repo: Path) -> list[IgnoreFile]:
    return _ignore(repo, ".git/info/exclude", PurePosixPath())


def _ignore(repo: Path, path: str, base: PurePosixPath) -> list[IgnoreFile]:
    """The patterns of one file, one by one: git overlooks a line it cannot read, and so do we."""
    if not (repo / path).is_file() or (repo / path).is_symlink():
        return []
    try:
        text = read_bounded(repo, path, IGNORE_BYTES).decode(errors="surrogateescape")
    except (DocumentError, ConfigError):
        return []
    lines = [line for line in text.splitlines() if len(line) <= PATTERN_CHARS and _is_pattern(line)]
    return [(base, GitIgnoreSpec.from_lines(lines))] if lines else []


def _is_pattern(line: str) -> bool:
    try:
        return len(GitIgnoreSpec.from_lines([line])) == 1
    except GitIgnorePatternError:
        return False
