from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.workers.documents.styles import Style, cells_of, contents, lines, notebook_bytes, styles
from workers.contract.errors import EditError
from workers.documents.notebook import parse

if TYPE_CHECKING:
    from workers.documents.jsontext import Json

STREAM: dict[str, Json] = {"name": "stdout", "output_type": "stream", "text": "é\n\u2028 </\n"}
RESULT: dict[str, Json] = {
    "data": {"image/png": "iVBO\n", "text/html": "<b>\n</b>", "text/plain": "1"},
    "execution_count": 7,
    "metadata": {},
    "output_type": "execute_result",
}
ERROR: dict[str, Json] = {"ename": "E", "evalue": "x", "output_type": "error", "traceback": ["a", "b"]}


def stored(output: dict[str, Any], style: Style, *, old: bool) -> dict[str, Any]:
    """A stream as a writer of this style stores it."""
    made = {**output, "text": lines(output["text"]) if style.listed else output["text"]}
    return {"output_type": "stream", "stream": made["name"], "text": made["text"]} if old else made


@settings(max_examples=100, deadline=None)
@given(contents(), styles(), st.data())
def test_new_outputs_read_as_if_the_files_own_writer_had_written_them(
    content: dict[str, Any], style: Style, data: st.DataObject
) -> None:
    document = parse(notebook_bytes(content, style), "a.ipynb")
    code = [cell.index for cell in document.cells if cell.kind == "code"]
    chosen = {cell: data.draw(st.sampled_from([[], [STREAM], [STREAM, STREAM]])) for cell in code}

    changed = document.with_outputs(chosen)

    wanted = json.loads(json.dumps(content))
    for cell, outputs in chosen.items():
        old = content["nbformat"] == 3
        cells_of(wanted)[cell]["outputs"] = [stored(output, style, old=old) for output in outputs]
    assert changed.raw == notebook_bytes(wanted, style)


@settings(max_examples=60, deadline=None)
@given(contents(), styles())
def test_the_outputs_a_file_has_are_no_change(content: dict[str, Any], style: Style) -> None:
    document = parse(notebook_bytes(content, style), "a.ipynb")
    held = {cell.index: document.outputs(cell.index) for cell in document.cells if cell.kind == "code"}

    assert document.with_outputs(held).raw == document.raw


def test_texts_are_split_into_lines_and_images_are_not() -> None:
    changed = notebook("1").with_outputs({0: [RESULT, ERROR]}, {0: 7})

    cell = json.loads(changed.raw)["cells"][0]
    assert cell["outputs"][0]["data"] == {
        "image/png": "iVBO\n",
        "text/html": ["<b>\n", "</b>"],
        "text/plain": ["1"],
    }
    assert cell["outputs"][1] == ERROR
    assert cell["execution_count"] == 7
    assert changed.cells == notebook("1").cells


@pytest.mark.parametrize("ordered", [True, False])
def test_keys_are_sorted_where_the_file_sorts_them(ordered: bool) -> None:
    document = parse(json.dumps(json.loads(notebook("1").raw), sort_keys=ordered).encode(), "a.ipynb")

    changed = document.with_outputs({0: [{"text": "a", "output_type": "stream", "name": "stdout"}]})

    keys = ["name", "output_type", "text"]
    assert list(changed.outputs(0)[0]) == (keys if ordered else keys[::-1])


def test_nbformat_3_keeps_its_own_words() -> None:
    cells = [{"cell_type": "code", "input": ["1"], "language": "python", "outputs": []}]
    content: dict[str, Any] = {"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
    document = parse(json.dumps(content, indent=1).encode(), "a.ipynb")

    changed = document.with_outputs({0: [STREAM, RESULT, ERROR]}, {0: 7})

    assert json.loads(changed.raw)["worksheets"][0]["cells"][0] == {
        "cell_type": "code",
        "input": ["1"],
        "prompt_number": 7,
        "language": "python",
        "outputs": [
            {"output_type": "stream", "stream": "stdout", "text": ["é\n", "\u2028 </\n"]},
            {
                "output_type": "pyout",
                "prompt_number": 7,
                "metadata": {},
                "html": ["<b>\n", "</b>"],
                "png": "iVBO\n",
                "text": ["1"],
            },
            {"ename": "E", "evalue": "x", "output_type": "pyerr", "traceback": ["a", "b"]},
        ],
    }
    assert [output["output_type"] for output in changed.outputs(0)] == ["stream", "execute_result", "error"]
    assert changed.outputs(0)[1]["data"] == {"text/html": ["<b>\n", "</b>"], "image/png": "iVBO\n", "text/plain": ["1"]}
    assert changed.with_outputs({0: changed.outputs(0)}).raw == changed.raw


@pytest.mark.parametrize("indent", [None, 2])
def test_a_cell_without_outputs_gets_the_member_in_the_files_layout(indent: int | None) -> None:
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": ["1"]}
    content: dict[str, Any] = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    document = parse(json.dumps(content, indent=indent).encode(), "a.ipynb")

    changed = document.with_outputs({0: [ERROR]}, {0: None})

    content["cells"] = [{**cell, "outputs": [ERROR], "execution_count": None}]
    assert changed.raw == json.dumps(content, indent=indent).encode()


def test_a_lone_surrogate_in_an_output_is_escaped() -> None:
    changed = notebook("é").with_outputs({0: [{**STREAM, "text": "\ud800"}]})

    assert b'"\\ud800"' in changed.raw
    assert changed.outputs(0)[0]["text"] == ["\ud800"]


@pytest.mark.parametrize("wrong", [float("nan"), {1, 2}, object(), {(1, 2): 3}])
def test_what_is_no_json_is_refused(wrong: Any) -> None:
    with pytest.raises(EditError, match="cannot be written"):
        notebook("1").with_outputs({0: [{"output_type": "stream", "text": wrong}]})


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]

    with pytest.raises(EditError, match="nested"):
        notebook("1").with_outputs({0: [{"output_type": "display_data", "data": {"application/json": deep}}]})


@pytest.mark.parametrize("cell", [1, 2, -1])
def test_only_a_code_cell_takes_outputs(cell: int) -> None:
    document = notebook("1", ("markdown", "a"))

    with pytest.raises(EditError):
        document.with_outputs({cell: []})
