"""The code a document holds, by language: its code cells, what cell magics hand to other languages, fences in Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.patterns import LANGUAGES
from workers.documents.python import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.protocols import Cell, Document

_ALIASES = {
    "py": "python",
    "py3": "python",
    "python3": "python",
    "ipython": "python",
    "ipython3": "python",
    "js": "javascript",
    "node": "javascript",
    "ts": "typescript",
    "sh": "bash",
    "shell": "bash",
    "zsh": "bash",
    "console": "bash",
    "golang": "go",
    "rs": "rust",
    "rb": "ruby",
    "c++": "cpp",
    "c#": "csharp",
    "cs": "csharp",
    "yml": "yaml",
    "svg": "html",
}
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*\{?\.?(?P<language>[\w+#-]*)[^`\n]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a cell in one language."""

    cell: int
    start: int
    """Character offset of its first character in the cell's source."""
    text: str
    """What the language's grammar reads; as long as the source is there, and the same but for what is masked."""
    language: str
    whole: bool
    """True for a code cell of the document's own language, whose names can be followed."""


def pieces(document: Document, languages: frozenset[str]) -> Iterator[Piece]:
    """Every piece in one of `languages`, in document order."""
    own = named(document.language)
    for cell in document.cells:
        for piece in _fences(cell) if cell.kind == "markdown" else _code(cell, own) if cell.kind == "code" else ():
            if piece.language in languages and piece.text:
                yield piece


def named(language: str) -> str:
    """A language as patterns name it; empty for one they do not know."""
    told = language.strip().lower()
    told = _ALIASES.get(told, told)
    return told if told in LANGUAGES else ""


def _code(cell: Cell, own: str) -> Iterator[Piece]:
    if own != "python":
        yield Piece(cell.index, 0, cell.source, own, whole=True)
        return
    masked = mask(cell.source)
    if masked.cell_magic is not None and (other := named(masked.cell_magic)) and other != "python":
        start = _body(cell.source)
        yield Piece(cell.index, start, cell.source[start:], other, whole=False)
        return
    yield Piece(cell.index, 0, masked.text, own, whole=True)
    yield from _shell_lines(cell, masked.text)


def _body(source: str) -> int:
    """Where the text after the lines of cell magics starts."""
    found = re.match(r"(?:\s*%%[^\n]*(?:\n|\Z))*", source)
    return found.end() if found else 0


def _shell_lines(cell: Cell, masked: str) -> Iterator[Piece]:
    """What stands behind `!`, line by line."""
    for found in re.finditer(r"^([ \t]*!+)([^\n]*)", cell.source, re.MULTILINE):
        if masked[found.start(1) : found.end(1)] != found[1]:
            yield Piece(cell.index, found.start(2), found[2], "bash", whole=False)


def _fences(cell: Cell) -> Iterator[Piece]:
    """Fenced code whose lines stand without a prefix of their own, so that they are one stretch of the source."""
    at, opened = 0, None
    for line in cell.source.splitlines(keepends=True):
        stripped = line.strip()
        if opened is None:
            found = _FENCE.fullmatch(stripped)
            if found and line.startswith(found["mark"]):
                opened = (found["mark"], named(found["language"]), at + len(line))
        elif stripped.startswith(opened[0]) and not stripped.strip(opened[0][0]):
            _, language, start = opened
            if language:
                yield Piece(cell.index, start, cell.source[start:at], language, whole=False)
            opened = None
        at += len(line)
