"""A notebook's sources without the places of its bytes: what a look over many files needs, in a tenth of the time.

Only what is beyond doubt is sketched; everything else is read in full, so that a sketch refuses what `notebook.parse` refuses.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

from workers.contract.domain import Artifact
from workers.documents import kernels
from workers.documents.edits import plain
from workers.documents.notebook import DEFAULT_LIMITS, Notebook, parse
from workers.protocols import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.contract.domain import Edit
    from workers.documents.notebook import Limits

_CONTAINERS = frozenset({dict, list})
_KINDS = frozenset({"code", "markdown", "raw"})
_MAJOR, _MINORS = 4, range(6)
_WIDE = 4 * 2**20
"""Bytes from which on a text of wide characters would weigh too much."""
_SURROGATE = re.compile("[\ud800-\udfff]")


_SOURCE = b'\n   "source": ['
"""The start of a member of a cell: strings of JSON have no line ends in them, so only keys and their values begin lines."""


class _DoubtfulError(Exception):
    """Something that the whole reader has to decide about."""


@dataclass(frozen=True)
class Sketch:
    """A notebook of nbformat 4; implements `protocols.Document`. What needs the file's text reads it in full."""

    path: str
    raw: bytes = field(repr=False)
    language: str = field(compare=False)
    cells: tuple[Cell, ...] = field(repr=False, compare=False)
    limits: Limits = field(repr=False, compare=False)

    @property
    def kind(self) -> Literal["notebook"]:
        """Always `notebook`."""
        return "notebook"

    @property
    def artifact(self) -> Artifact:
        """Path, kind and digest."""
        return Artifact(path=self.path, kind=self.kind, digest=hashlib.sha256(self.raw).hexdigest())

    @cached_property
    def whole(self) -> Notebook:
        """The notebook with the places of its bytes."""
        return parse(self.raw, self.path, limits=self.limits)

    def file_line(self, cell: int, line: int) -> int:
        """As `Notebook.file_line`."""
        lines = self.cells[cell].source.split("\n")
        if 1 <= line <= len(lines) and len(self._starts) == len(self.cells):
            at = self._starts[cell] + line
            # Jupyter's own layout has a line of the file for each; what stands there has to be the line that is meant.
            if at < len(self._lines) and _held(self._lines[at]) == lines[line - 1] + "\n" * (line < len(lines)):
                return at + 1
        return self.whole.file_line(cell, line)

    @cached_property
    def _lines(self) -> list[bytes]:
        return self.raw.split(b"\n")

    @cached_property
    def _starts(self) -> list[int]:
        """The lines of the file (from 0) in which a source begins, in the layout that Jupyter writes."""
        starts: list[int] = []
        at, line = 0, 0
        while (found := self.raw.find(_SOURCE, at)) >= 0:
            line += self.raw.count(b"\n", at, found + 1)
            starts.append(line)
            at = found + 1
        return starts

    def edited(self, edits: Iterable[Edit]) -> Notebook:
        """As `Notebook.edited`."""
        return self.whole.edited(edits)


def sketch(raw: bytes, path: str, *, limits: Limits = DEFAULT_LIMITS) -> Sketch | Notebook:
    """The notebook that `raw` holds, read no further than its sources where that is possible.

    Raises:
        DocumentError: as `notebook.parse`.
    """
    # Every value takes a byte at least, so that a file within the limit in bytes is within it in values.
    if len(raw) > min(limits.size_bytes, limits.values, _WIDE):
        return parse(raw, path, limits=limits)
    try:
        return _sketched(_DECODER.decode(raw.decode()), raw, path, limits)
    except (_DoubtfulError, ValueError, RecursionError):
        # UnicodeDecodeError and JSONDecodeError are ValueErrors, as is an integer of too many digits.
        return parse(raw, path, limits=limits)


def _deeper(root: object, depth: int) -> bool:
    """Whether objects and lists are nested deeper than `depth`; what is far deeper the decoder has refused itself."""
    level = [root]
    for _ in range(depth):
        level = [each for one in level for each in _members(one) if type(each) in _CONTAINERS]
        if not level:
            return False
    return True


def _members(container: object) -> Iterable[object]:
    return cast("dict[str, object]", container).values() if isinstance(container, dict) else _listed(container)


def _sketched(root: object, raw: bytes, path: str, limits: Limits) -> Sketch:
    found = _object(root)
    major, minor = found.get("nbformat"), found.get("nbformat_minor", 0)
    # type(), for True is an int too.
    if type(major) is not int or type(minor) is not int or major != _MAJOR or minor not in _MINORS:
        raise _DoubtfulError
    if _deeper(root, limits.depth):
        raise _DoubtfulError
    metadata = _object(found.get("metadata", {}))
    made = tuple(_cell(index, _object(cell)) for index, cell in enumerate(_listed(found.get("cells"))))
    # A character has at most four bytes: what is within the limit so is within it by the exact count.
    if len(made) > limits.cells or 4 * sum(len(cell.source) for cell in made) > limits.source_bytes:
        raise _DoubtfulError
    return Sketch(path, raw, kernels.language(metadata, []), made, limits)


def _cell(index: int, found: dict[str, Any]) -> Cell:
    kind, metadata, identity = found.get("cell_type"), _object(found.get("metadata", {})), found.get("id")
    if kind not in _KINDS or not all(isinstance(output, dict) for output in _listed(found.get("outputs", []))):
        raise _DoubtfulError
    tags = metadata.get("tags")
    return Cell(
        index=index,
        kind=str(kind),
        source=_source(found.get("source")),
        id=identity if isinstance(identity, str) else None,
        tags=frozenset(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else frozenset(),  # pyright: ignore[reportUnknownVariableType]  # JSON
    )


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _DoubtfulError
    return cast("dict[str, Any]", value)


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _DoubtfulError
    return cast("list[object]", value)


def _source(value: object) -> str:
    lines = [value] if isinstance(value, str) else _listed(value)
    strings = [line for line in lines if isinstance(line, str)]
    text = "".join(strings)
    if len(strings) != len(lines) or (not text.isascii() and _SURROGATE.search(text)):
        raise _DoubtfulError
    return plain(text)


def _held(line: bytes) -> object:
    """The one value in a line of JSON; None where there is none."""
    try:
        return json.loads(line.strip().removesuffix(b","))
    except ValueError:
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DoubtfulError
    return found


def _constant(_: str) -> None:
    raise _DoubtfulError


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant)
