"""An artifact read, or the report that says why it is not judged; and whether a repaired copy may take its place."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from workers.contract.domain import Artifact, Errored, Outcome, Report, Skipped
from workers.contract.errors import ConfigError, DocumentError
from workers.contract.paths import PROTECTED, contained, read_bounded
from workers.documents import notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workers.protocols import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One artifact in the inventory."""

    path: str
    name: str
    """The file's name without its suffix."""
    cells: int
    code_cells: int
    language: str


def load(
    repo: Path, path: str, size_bytes: int, read: Callable[[bytes, str], Document] = notebook.parse
) -> Document | Report:
    """The document at `path`, or the report that says why it is not judged. Never raises for what is in the file.

    `read` makes the document: who looks at sources alone takes `sketch.sketch`.
    """
    raw = b""
    try:
        _refuse_protected(repo, path)
        raw = read_bounded(repo, path, size_bytes)
        if PurePosixPath(path).suffix.lower() != ".ipynb":
            return _unread(path, raw, Skipped(reason="not a notebook: only .ipynb files are read"))
        document = read(raw, path)
    except DocumentError as error:
        # What is wrong with a file is its owner's; a file that cannot be opened may be fine.
        kind = Errored if error.code == "unreadable" else Skipped
        return _unread(path, raw, kind(reason=f"{error.code}: {error}"))
    except ConfigError as error:
        return _unread(path, raw, Skipped(reason=str(error)))
    if document.language != "python":
        return _unread(path, raw, Skipped(reason=f"its kernel speaks {document.language!r}; only Python is run"))
    return document


def _refuse_protected(repo: Path, path: str) -> None:
    folders = contained(repo, path).relative_to(repo.resolve()).parts[:-1]
    if any(folder.lower() in PROTECTED for folder in folders):
        raise ConfigError(f"{path!r} lies in a protected folder; no repair writes there")


def refused(repo: Path, path: str) -> Report | None:
    """The report of an artifact that somebody named and that is not one of the repository; None for one that may be.

    `path` is POSIX and relative to `repo`, if it is what it should be.
    """
    try:
        contained(repo, path)
    except ConfigError as error:
        return _unread(path, b"", Skipped(reason=str(error)))
    there = os.path.lexists(repo / path)
    return None if there else _unread(path, b"", Skipped(reason=f"{path!r} is not in the repository"))


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
