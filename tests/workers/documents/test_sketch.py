"""A sketch says what the whole says, and refuses what the whole refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from workers.contract.domain import Edit
from workers.contract.errors import DocumentError
from workers.documents.notebook import DEFAULT_LIMITS, Notebook, parse
from workers.documents.sketch import Sketch, sketch

WHOLE = json.loads(notebook("a = 1\nb = 'é'", ("markdown", "# 𐐷"), tags={0: ["keep"]}).raw)


def raw(**changes: Any) -> bytes:
    return json.dumps({**WHOLE, **changes}).encode()


def test_a_sketch_has_the_cells_of_the_whole() -> None:
    whole, drawn = parse(raw(), "a.ipynb"), sketch(raw(), "a.ipynb")

    assert isinstance(drawn, Sketch)
    assert (drawn.cells, drawn.language, drawn.artifact) == (whole.cells, whole.language, whole.artifact)
    assert [drawn.file_line(0, line) for line in (1, 2)] == [whole.file_line(0, line) for line in (1, 2)]


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"indent": 1, "ensure_ascii": False}, {"indent": 2}])
def test_lines_are_those_of_the_file_in_every_layout(layout: dict[str, Any]) -> None:
    sources = [
        ["a\n", "é\n", "b"],
        "one\nstring",
        ['"source": [\n', '   "source": [\n'],
        [],
        ["x\ny\n", "z"],
        ["end\n"],
    ]
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources
    ]
    content = json.dumps({**WHOLE, "cells": cells}, **layout).encode()

    whole, drawn = parse(content, "a"), sketch(content, "a")

    for cell, found in enumerate(whole.cells):
        for line in range(1, found.source.count("\n") + 2):
            assert drawn.file_line(cell, line) == whole.file_line(cell, line), (cell, line)


def test_an_edit_of_a_sketch_is_an_edit_of_the_whole() -> None:
    edit = Edit(cell=0, start=0, end=1, old="a", new="c")

    assert sketch(raw(), "a.ipynb").edited([edit]).raw == parse(raw(), "a.ipynb").edited([edit]).raw


def test_an_old_notebook_is_read_whole() -> None:
    old: dict[str, Any] = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}

    assert isinstance(sketch(json.dumps(old).encode(), "a.ipynb"), Notebook)


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"[]",
        b"\xff" + raw(),
        raw()[:-1] + b', "cells": []}',
        raw(nbformat=5),
        raw(nbformat=True),
        raw(cells=[{"cell_type": "code", "source": 3}]),
        raw(cells=[{"cell_type": "poem", "source": ""}]),
        raw(cells=[{"cell_type": "code", "source": "", "outputs": [1]}]),
        raw(cells=[{"cell_type": "code"}]),
        raw(cells=[3]),
        raw(metadata=[]),
        raw(metadata={"x": float("nan")}),
        b'{"nbformat": 4, "metadata": ' + b"[" * 200 + b"]" * 200 + b', "cells": []}',
        raw(metadata={"x": 777}).replace(b"777", b"7" * 5000),
        raw(cells=[{"cell_type": "code", "source": "\ud800"}]),
    ],
)
def test_what_the_whole_refuses_is_refused_in_the_same_words(broken: bytes) -> None:
    with pytest.raises(DocumentError) as whole:
        parse(broken, "a.ipynb")
    with pytest.raises(DocumentError) as drawn:
        sketch(broken, "a.ipynb")

    assert (drawn.value.code, str(drawn.value)) == (whole.value.code, str(whole.value))


TEXT = st.text(st.sampled_from('ab é𐐷\n\r\\"{}[]:,0'), max_size=12)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["code", "markdown"]), TEXT | st.lists(TEXT, max_size=3)), max_size=4), TEXT)
def test_a_sketch_and_the_whole_agree(cells: list[tuple[str, Any]], word: str) -> None:
    made = [
        {"cell_type": kind, "metadata": {"tags": [word, 3]}, "source": source, "outputs": [{"x": word}], "id": word}
        for kind, source in cells
    ]
    content = raw(cells=made, metadata={"kernelspec": {"language": word}})

    whole, drawn = parse(content, "a"), sketch(content, "a")

    assert (drawn.cells, drawn.language) == (whole.cells, whole.language)


@pytest.mark.parametrize("layers", [95, 97, 98, 99, 150])
def test_a_sketch_goes_as_deep_as_the_whole_and_no_deeper(layers: int) -> None:
    # the metadata stands two objects deep
    content = raw(metadata={"x": json.loads("[" * layers + "]" * layers)})

    if layers > DEFAULT_LIMITS.depth - 2:
        with pytest.raises(DocumentError, match="deep"):
            sketch(content, "a.ipynb")
    else:
        assert isinstance(sketch(content, "a.ipynb"), Sketch)
        assert parse(content, "a.ipynb").cells == sketch(content, "a.ipynb").cells
