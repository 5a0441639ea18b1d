"""A notebook's JSON, checked, with the place of every cell in the text. Knows nbformat 3 and 4; decides nothing more."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from workers.contract.errors import DocumentError
from workers.documents import jsontext
from workers.documents.jsontext import EACH, Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.jsontext import Json, Shape

BOM = b"\xef\xbb\xbf"
LATEST = {3: 0, 4: 5}
"""The last minor version of each major version we know."""

_CELLS: Shape = {"cells": {EACH: {"source": {}}}}
_SHAPE: Shape = {**_CELLS, "worksheets": {EACH: _CELLS}}

# nbformat 3 has headings and html cells; both are prose.
_KINDS = {
    3: {"code": "code", "markdown": "markdown", "heading": "markdown", "html": "markdown", "raw": "raw"},
    4: {"code": "code", "markdown": "markdown", "raw": "raw"},
}
_PIECE = 1 << 18
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a file may hold; whatever holds more is refused before it costs anything."""

    size_bytes: int = 50 * 2**20
    cells: int = 20_000
    depth: int = 100
    """Of nested JSON."""
    values: int = 4_000_000
    """Of the JSON: what bounds the memory of a file of many small values."""
    source_bytes: int = 10 * 2**20
    """Of all cells' sources together."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CellNode:
    """One cell in the text."""

    path: tuple[str | int, ...]
    """Keys and indices that lead from the notebook to the cell."""
    key: str
    """Of its source: `input` in a code cell of nbformat 3."""
    kind: str
    node: Node
    source: Node
    text: str
    """The source as the file has it, its lines joined, line ends untouched."""

    @property
    def metadata(self) -> dict[str, Json]:
        """The cell's own; empty where it has none."""
        found = self.node.members.get("metadata")
        return found.value if found and isinstance(found.value, dict) else {}


@dataclass(frozen=True, slots=True)
class Tree:
    """A notebook as text and values."""

    text: str
    """Without the byte order mark; as it is seen, see `jsontext`."""
    bom: bytes
    root: Node
    version: tuple[int, int]
    cells: tuple[CellNode, ...]
    metadata: dict[str, Json]
    limits: Limits

    @property
    def is_v3(self) -> bool:
        """Of nbformat 3, which has worksheets, `input` and `prompt_number`."""
        return self.version[0] < max(LATEST)


def read(raw: bytes, limits: Limits, *, guarded: bool = False) -> Tree:
    """The tree of a file; `guarded` when its depth and size are known to be within the limits.

    Raises:
        DocumentError: it is no notebook of a version we know, or passes a limit.
    """
    if len(raw) > limits.size_bytes:
        raise DocumentError("too-large", f"is {len(raw)} bytes; the limit is {limits.size_bytes}")
    bom = BOM if raw.startswith(BOM) else b""
    _check_utf8(raw)
    if not guarded:
        jsontext.guard(raw, depth=limits.depth, values=limits.values)
    text = str(memoryview(raw)[len(bom) :], "latin-1")
    root = jsontext.read(text, _SHAPE, items=limits.cells)
    return _tree(text, bom, root, limits)


def _check_utf8(raw: bytes) -> None:
    """Piece by piece: as a whole it would be four bytes a character for one emoji."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in () if raw.isascii() else range(0, len(raw), _PIECE):
        begun = len(decoder.getstate()[0])
        try:
            decoder.decode(raw[start : start + _PIECE], final=start + _PIECE >= len(raw))
        except UnicodeDecodeError as error:
            raise DocumentError("invalid-utf8", f"is not UTF-8 at byte {start - begun + error.start}") from error


def _tree(text: str, bom: bytes, root: Node, limits: Limits) -> Tree:
    if not isinstance(root.value, dict):
        _refuse("not-a-notebook", f"holds {_name(root.value)} instead of an object")
    version = _version(root.value)
    metadata = root.value.get("metadata", {})
    if not isinstance(metadata, dict):
        _refuse("not-a-notebook", f"its metadata is {_name(metadata)} instead of an object")
    cells = tuple(_cell(node, path, version[0]) for path, node in _listed(root, version[0]))
    size = sum(len(cell.text.encode()) for cell in cells)
    if size > limits.source_bytes:
        _refuse("too-much-source", f"holds {size} bytes of source; the limit is {limits.source_bytes}")
    return Tree(text, bom, root, version, cells, metadata, limits)


def _version(root: dict[str, Json]) -> tuple[int, int]:
    if "nbformat" not in root and "cells" not in root and "worksheets" not in root:
        _refuse("not-a-notebook", "is JSON, but has neither nbformat nor cells")
    major, minor = root.get("nbformat"), root.get("nbformat_minor", 0)
    # type(), for True is an int too.
    if type(major) is not int or type(minor) is not int or not 0 <= minor <= LATEST.get(major, -1):
        stated = f"nbformat {_short(major)}, nbformat_minor {_short(minor)}"
        _refuse("unsupported-version", f"states {stated}; supported are 3.0 and 4.0 to 4.5")
    return major, minor


def _listed(root: Node, major: int) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    if major == max(LATEST):
        for index, cell in enumerate(_items(root, "cells")):
            yield ("cells", index), cell
        return
    for number, sheet in enumerate(_items(root, "worksheets")):
        if not isinstance(sheet.value, dict):
            _refuse("not-a-notebook", f"worksheet {number} is {_name(sheet.value)} instead of an object")
        for index, cell in enumerate(_items(sheet, "cells")):
            yield ("worksheets", number, "cells", index), cell


def _items(owner: Node, key: str) -> tuple[Node, ...]:
    found = owner.members.get(key)
    if found is None or not isinstance(found.value, list):
        what = "missing" if found is None else f"{_name(found.value)} instead of a list"
        _refuse("not-a-notebook", f"its {key} are {what}")
    return found.items


def _cell(node: Node, path: tuple[str | int, ...], major: int) -> CellNode:
    if not isinstance(node.value, dict):
        _refuse("bad-cell", f"{_where(path)} is {_name(node.value)} instead of an object")
    stated = node.value.get("cell_type")
    kind = _KINDS[major].get(stated) if isinstance(stated, str) else None
    if kind is None:
        _refuse("bad-cell", f"{_where(path)} is of the unknown type {_short(stated)}")
    _check_members(node.value, path)
    key = "input" if major != max(LATEST) and kind == "code" else "source"
    if key not in node.members:
        _refuse("bad-cell", f"{_where(path)} has no {key}")
    source = node.members[key]
    return CellNode(path, key, kind, node, source, _source(source.value, path))


def _check_members(cell: dict[str, Json], path: tuple[str | int, ...]) -> None:
    metadata, outputs = cell.get("metadata", {}), cell.get("outputs", [])
    if not isinstance(metadata, dict):
        _refuse("bad-cell", f"{_where(path)}: its metadata is {_name(metadata)} instead of an object")
    if not isinstance(outputs, list):
        _refuse("bad-cell", f"{_where(path)}: its outputs are {_name(outputs)} instead of a list")
    if not all(isinstance(output, dict) for output in outputs):
        _refuse("bad-cell", f"{_where(path)}: one of its outputs is no object")


def _source(value: Json, path: tuple[str | int, ...]) -> str:
    text = _joined(value)
    if text is None:
        _refuse("bad-cell", f"{_where(path)}: its source is neither text nor a list of lines")
    if not text.isascii() and _SURROGATE.search(text):
        _refuse("lone-surrogate", f"{_where(path)}: its source holds a lone surrogate, which no file can hold as text")
    return text


def _joined(value: Json) -> str | None:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return None
    lines = [line for line in value if isinstance(line, str)]
    return "".join(lines) if len(lines) == len(value) else None


def _where(path: tuple[str | int, ...]) -> str:
    return f"cell {path[-1]}" if path[0] == "cells" else f"cell {path[-1]} of worksheet {path[1]}"


def _name(value: Json) -> str:
    """What a JSON value is called."""
    names: dict[type, str] = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _short(value: Json) -> str:
    return ascii(value)[:40]


def _refuse(code: str, message: str) -> NoReturn:
    raise DocumentError(code, message)
