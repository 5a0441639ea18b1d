"""Notebooks as many writers would write them: what is in them, and how it is laid out, drawn apart from each other."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from hypothesis import strategies as st

from workers.contract.domain import Edit

LETTERS = "ab =()#.'\"\\/<>&%\t\n\n\n\0\x0c\x7f\x85é\u2028\u2029\ufeffλ🙂"

Fields: TypeAlias = "dict[str, st.SearchStrategy[Any]]"

METADATA: list[dict[str, Any]] = [{}, {"tags": ["a", "skip"]}, {"colab": {"x": [None, {"source": ["no"]}]}}]
OUTPUTS: list[list[dict[str, Any]]] = [[], [{"output_type": "stream", "name": "stdout", "text": ["a\n", "\ud800é/<"]}]]


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one writer lays JSON out."""

    indent: int | str | None = 1
    tight: bool = False
    """No space after a colon and, on one line, after a comma."""
    ascii: bool = False
    newline: str = "\n"
    bom: bool = False
    final_newline: bool = True
    listed: bool = True
    """Sources as lists of lines."""
    source_newline: str = "\n"
    """What ends the lines inside sources."""


def notebook_bytes(content: dict[str, Any], style: Style = Style()) -> bytes:
    """The file that a writer of this style would write; sources in `content` are plain strings."""
    comma = "," if style.tight or style.indent is not None else ", "
    colon = ":" if style.tight else ": "
    text = json.dumps(sourced(content, style), indent=style.indent, ensure_ascii=style.ascii, separators=(comma, colon))
    text = text.replace("\n", style.newline) + style.newline * style.final_newline
    # Even a writer of raw UTF-8 can only escape these.
    text = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode("utf-8-sig" if style.bom else "utf-8")


def sourced(content: dict[str, Any], style: Style) -> dict[str, Any]:
    """The content with its sources as the style holds them; the order of keys stays."""
    made = json.loads(json.dumps(content))
    for cell in cells_of(made):
        source = cell[source_key(cell)].replace("\n", style.source_newline)
        cell[source_key(cell)] = lines(source) if style.listed else source
    return made


def cells_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """All cells of a notebook of nbformat 3 or 4."""
    sheets = content["worksheets"] if content["nbformat"] == 3 else [content]
    return [cell for sheet in sheets for cell in sheet["cells"]]


def source_key(cell: dict[str, Any]) -> str:
    return "input" if "input" in cell else "source"


def lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + [parts[-1]] * bool(parts[-1])


def texts(most: int = 60) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(LETTERS), max_size=most)


def styles() -> st.SearchStrategy[Style]:
    return st.builds(
        Style,
        indent=st.sampled_from([None, 0, 1, 2, 4, "\t"]),
        tight=st.booleans(),
        ascii=st.booleans(),
        newline=st.sampled_from(["\n", "\r\n"]),
        bom=st.booleans(),
        final_newline=st.booleans(),
        listed=st.booleans(),
        source_newline=st.sampled_from(["\n", "\n", "\r\n"]),
    )


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """A notebook of nbformat 3.0 or 4.0 to 4.5, its keys in any order; some of it non-ASCII, so that habits show."""
    old = draw(st.integers(0, 3)) == 0
    cells = draw(st.lists(_old_cells() if old else _cells(), min_size=1, max_size=4))
    metadata: dict[str, Any] = {
        "title": "é",
        "kernelspec": {"name": "python3", "x": [1.5e300, -0.0, 0.1, 10**30, "\ud800"]},
    }
    content: dict[str, Any] = {"metadata": metadata, "nbformat": 3 if old else 4}
    content["nbformat_minor"] = 0 if old else draw(st.integers(0, 5))
    if old:
        cut = draw(st.integers(0, len(cells)))
        content["worksheets"] = [{"cells": cells[:cut], "metadata": {}}, {"cells": cells[cut:]}]
    else:
        content["cells"] = cells
    return _shuffled(content, random.Random(draw(st.integers(0, 99))))


def _cells() -> st.SearchStrategy[dict[str, Any]]:
    metadata = st.sampled_from(METADATA)
    common: Fields = {"source": texts(), "metadata": metadata}
    identity: Fields = {"id": st.sampled_from(["same", "other", "é"])}
    code: Fields = {
        "cell_type": st.just("code"),
        "execution_count": st.sampled_from([None, 3]),
        "outputs": st.sampled_from(OUTPUTS),
    }
    prose: Fields = {"cell_type": st.sampled_from(["markdown", "raw"])}
    attached: Fields = {"attachments": st.just({"a.png": {"image/png": "iVBO/w=="}})}
    return st.one_of(
        st.fixed_dictionaries(common | code, optional=identity),
        st.fixed_dictionaries(common | prose, optional=identity | attached),
    )


def _old_cells() -> st.SearchStrategy[dict[str, Any]]:
    code: Fields = {
        "cell_type": st.just("code"),
        "input": texts(),
        "language": st.just("python"),
        "outputs": st.sampled_from([[], [{"output_type": "pyout", "prompt_number": 1, "text": ["é"]}]]),
    }
    heading: Fields = {"cell_type": st.just("heading"), "level": st.integers(1, 6), "source": texts()}
    return st.one_of(
        st.fixed_dictionaries(code, optional={"prompt_number": st.integers(0, 9), "collapsed": st.booleans()}),
        st.fixed_dictionaries(heading, optional={"metadata": st.just({"slide": 1})}),
    )


def _shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        pairs: list[tuple[str, Any]] = list(value.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # JSON
        order.shuffle(pairs)
        return {key: _shuffled(each, order) for key, each in pairs}
    if isinstance(value, list):
        return [_shuffled(each, order) for each in value]  # pyright: ignore[reportUnknownVariableType]  # JSON
    return value


@st.composite
def edits_of(draw: st.DrawFn, sources: list[str]) -> list[Edit]:
    """Edits of some of these cells: replacements, insertions and deletions that do not overlap, in any order."""
    made: list[Edit] = []
    for cell, source in enumerate(sources):
        cuts = sorted(draw(st.sets(st.integers(0, len(source)), max_size=6)))
        for start, stop in zip(cuts[::2], cuts[1::2], strict=False):
            end = draw(st.sampled_from([start, stop, stop]))
            made.append(Edit(cell=cell, start=start, end=end, old=source[start:end], new=draw(texts(12))))
    return draw(st.permutations(made))


def after(edits: list[Edit], sources: list[str]) -> list[str]:
    """What the sources read after the edits, made from the last to the first."""
    made = list(sources)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = made[edit.cell]
        made[edit.cell] = text[: edit.start] + edit.new + text[edit.end :]
    return made


@dataclass(frozen=True)
class Scrawl:
    """JSON with white space, spelling and list cuts at random, and where each cell's source stands in it."""

    text: str
    spans: list[tuple[int, int]]


def scrawled(content: dict[str, Any], seed: int) -> Scrawl:
    """Such JSON of a notebook; sources are lists whose items are cut anywhere, or strings."""
    pen = _Pen(random.Random(seed))
    pen.value(content)
    pen.space()
    return Scrawl("".join(pen.pieces), pen.spans)


class _Pen:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.pieces: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self._length = 0

    def put(self, piece: str) -> None:
        self.pieces.append(piece)
        self._length += len(piece)

    def space(self) -> None:
        self.put("".join(self.chance.choices(["", " ", "\n", "\r\n", "\t", "\r"], [9, 3, 2, 1, 1, 0.2], k=2)))

    def value(self, value: Any) -> None:
        self.space()
        if isinstance(value, dict):
            self._object(value)  # pyright: ignore[reportUnknownArgumentType]  # JSON
        elif isinstance(value, list):
            self._list(value)  # pyright: ignore[reportUnknownArgumentType]  # JSON
        elif isinstance(value, str):
            self.put(self._spelled(value))
        else:
            self.put(json.dumps(value))

    def _object(self, members: dict[str, Any]) -> None:
        self.put("{")
        for index, (key, value) in enumerate(members.items()):
            self.put("," * bool(index))
            self.space()
            self.put(self._spelled(key))
            self.space()
            self.put(":")
            if key == source_key(members) and "cell_type" in members:
                self._source(value)
            else:
                self.value(value)
            self.space()
        self.put("}")

    def _list(self, items: list[Any]) -> None:
        self.put("[")
        for index, item in enumerate(items):
            self.put("," * bool(index))
            self.value(item)
            self.space()
        self.put("]")

    def _source(self, source: str) -> None:
        self.space()
        start = self._length
        if self.chance.random() < 0.3:
            self.put(self._spelled(source))
        else:
            self._list(self._cut(source))
        self.spans.append((start, self._length))

    def _cut(self, source: str) -> list[str]:
        if self.chance.random() < 0.5:
            return lines(source)
        cuts = [0, *sorted(self.chance.randint(0, len(source)) for _ in range(4)), len(source)]
        return [source[one:other] for one, other in pairwise(cuts)]

    def _spelled(self, text: str) -> str:
        return f'"{"".join(map(self._character, text))}"'

    def _character(self, character: str) -> str:
        plain = json.dumps(character, ensure_ascii=False)[1:-1]
        escaped = json.dumps(character)[1:-1] if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"
        if 0xD800 <= ord(character) < 0xE000:
            return escaped
        slash = "\\/" if character == "/" else escaped.upper().replace("\\U", "\\u")
        return self.chance.choices([plain, escaped, slash], [8, 1, 1])[0]
