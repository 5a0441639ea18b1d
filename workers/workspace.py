"""The workspace: which repository, which artifacts in it, and each of them read or the reason why not."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from workers.contract import config, config_file, yaml_lines
from workers.contract.domain import Artifact, Errored, Outcome, Report, Skipped
from workers.contract.errors import ConfigError, DocumentError
from workers.contract.paths import contained, read_bounded
from workers.documents import notebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.contract.config_file import ConfigFile
    from workers.protocols import Document
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One artifact in the inventory."""

    path: str
    name: str
    """The file's name without its suffix."""
    cells: int
    code_cells: int
    language: str


def find_repo(paths: Sequence[Path], repo: Path | None) -> Path:
    """The repository that holds `paths`: `repo`, the folder upward with a `.git`, or the folder that holds them all.

    Raises:
        ConfigError: a path does not exist or lies elsewhere.
    """
    places = [_existing(path) for path in paths]
    if repo is not None:
        root = _existing(repo)
        if not root.is_dir():
            raise ConfigError(f"--repo {repo} is not a folder")
    else:
        folders = [place if place.is_dir() else place.parent for place in places]
        common = Path(os.path.commonpath(folders))
        root = next((folder for folder in (common, *common.parents) if (folder / ".git").exists()), common)
    for path, place in zip(paths, places, strict=True):
        if not place.is_relative_to(root):
            raise ConfigError(f"{path} lies outside the repository {root}")
    return root


def _existing(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{path} cannot be read: {reason}") from error


def load_config(repo: Path, chosen: Path | None) -> ConfigFile | None:
    """The configuration: `chosen`, else `.github/mendloop.yml` of the repository; None when there is none.

    Raises:
        ConfigError: it cannot be read or is wrong.
    """
    try:
        if chosen is not None:
            place = _existing(chosen)
            return config_file.read(read_bounded(place.parent, place.name, yaml_lines.SIZE_BYTES), str(chosen))
        if not (repo / config.PATH).exists():
            return None
        return config_file.read(read_bounded(repo, config.PATH, yaml_lines.SIZE_BYTES), config.PATH)
    except DocumentError as error:
        raise ConfigError(str(error)) from error


def discover(repo: Path, paths: Sequence[Path], plan: Plan) -> tuple[str, ...]:
    """The artifacts meant by `paths`, as POSIX paths relative to `repo`, sorted, each once.

    A file is taken as named. A folder is searched by the globs of the configuration; links are not followed, and what
    git ignores is left out. git itself is never run.
    """
    found: set[str] = set()
    for path in paths:
        place = path.resolve()
        inside = PurePosixPath(place.relative_to(repo).as_posix())
        found |= set(_search(repo, inside, plan)) if place.is_dir() else {inside.as_posix()}
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
        inside = path.relative_to(base).as_posix()
        if include.match_file(inside) and not exclude.match_file(inside):
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
        inside = path.relative_to(base).as_posix() + ("/" if folder else "")
        opinion = spec.check_file(inside).include
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


def load(repo: Path, path: str, size_bytes: int) -> Document | Report:
    """The document at `path`, or the report that says why it is not judged. Never raises for what is in the file."""
    raw = b""
    try:
        raw = read_bounded(repo, path, size_bytes)
        if PurePosixPath(path).suffix.lower() != ".ipynb":
            return _unread(path, raw, Skipped(reason="not a notebook: only .ipynb files are read"))
        document = notebook.parse(raw, path)
    except DocumentError as error:
        # What is wrong with a file is its owner's; a file that cannot be opened may be fine.
        kind = Errored if error.code == "unreadable" else Skipped
        return _unread(path, raw, kind(reason=f"{error.code}: {error}"))
    except ConfigError as error:
        return _unread(path, raw, Skipped(reason=str(error)))
    if document.language != "python":
        return _unread(path, raw, Skipped(reason=f"its kernel speaks {document.language!r}; only Python is run"))
    return document


def _unread(path: str, raw: bytes, outcome: Outcome) -> Report:
    kind: Literal["notebook", "page"] = "page" if path.lower().endswith((".md", ".rst")) else "notebook"
    return Report(artifact=Artifact(path=path, kind=kind, digest=hashlib.sha256(raw).hexdigest()), outcome=outcome)


def inventory(documents: Sequence[Document]) -> tuple[Item, ...]:
    """What was found, for the reader."""
    return tuple(
        Item(
            path=document.path,
            name=PurePosixPath(document.path).stem,
            cells=len(document.cells),
            code_cells=sum(cell.kind == "code" for cell in document.cells),
            language=document.language,
        )
        for document in documents
    )


def writable_again(repo: Path, document: Document) -> Path:
    """Where a repaired copy of `document` may be written.

    Raises:
        ConfigError: the file is not what it was when it was read.
    """
    place = contained(repo, document.path)
    try:
        now = read_bounded(repo, document.path, len(document.raw))
    except DocumentError:
        now = None
    if now != document.raw:
        raise ConfigError(f"{document.path} has changed since it was read; nothing was written to it")
    return place
