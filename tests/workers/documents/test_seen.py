"""A file is read as bytes that look like characters: whatever is spelled raw or escaped beside it comes out as it is meant."""

from __future__ import annotations

import json
import random
from typing import Any, cast

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from workers.contract.domain import Edit
from workers.contract.errors import DocumentError
from workers.documents.notebook import Notebook, parse

LETTERS = 'ab"\\\\\\/u0\n\x00\x7f\x80\x85\xa9\xc3\xe9\xff\u0100\u20ac\u2028\ufeff\uffffλ🙂'
TEXTS = st.text(st.sampled_from(LETTERS), max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def spelled(value: Any, draw: random.Random) -> str:
    """JSON that writes each character of a string raw or escaped, as it comes."""
    match value:
        case str():
            return f'"{"".join(_character(each, draw) for each in value)}"'
        case list():
            items = cast("list[Any]", value)
            return f"[{','.join(spelled(each, draw) for each in items)}]"
        case dict():
            members = cast("dict[str, Any]", value)
            return f"{{{','.join(f'{spelled(key, draw)}:{spelled(each, draw)}' for key, each in members.items())}}}"
        case _:
            return json.dumps(value)


def _character(each: str, draw: random.Random) -> str:
    if each < " " or each in '"\\' or draw.random() < 0.4:
        return json.dumps(each)[1:-1]
    return each


def file(source: str, value: object, seed: int) -> bytes:
    """A notebook that holds the value in its metadata, in an output and in an unknown member of the cell."""
    output = {"output_type": "display_data", "data": {"application/json": value}, "metadata": {}}
    cell = {"cell_type": "code", "metadata": {"x": value}, "own é": value, "outputs": [output], "source": source}
    lines = source.splitlines(keepends=True)
    cells = [cell, {**cell, "source": lines}]
    content = {"é €": value, "cells": cells, "metadata": {"x": value}, "nbformat": 4, "nbformat_minor": 4}
    return spelled(content, random.Random(seed)).encode()


@settings(max_examples=200, deadline=None)
@given(TEXTS, VALUES, st.integers(0, 2**32))
def test_every_value_is_what_json_says(source: str, value: object, seed: int) -> None:
    raw = file(source, value, seed)

    document = parse(raw, "a.ipynb")

    assert document.tree.root.value == json.loads(raw)
    assert [cell.source for cell in document.cells] == [source, source]


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 2**32), st.data())
def test_an_edit_stands_where_it_was_meant_and_moves_nothing_else(
    source: str, new: str, seed: int, data: st.DataObject
) -> None:
    document = parse(file(source, {"é": source}, seed), "a.ipynb")
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))

    head = document.edited([Edit(cell=cell, start=start, end=end, old=source[start:end], new=new) for cell in (0, 1)])

    assert [cell.source for cell in head.cells] == [source[:start] + new + source[end:]] * 2
    assert head.tree.root.value == json.loads(head.raw)
    assert _around(head) == _around(document)


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 2**32))
def test_new_outputs_are_written_as_they_are_meant(source: str, shown: str, seed: int) -> None:
    document = parse(file(source, {"é": source}, seed), "a.ipynb")
    outputs: list[dict[str, Any]] = [{"output_type": "stream", "name": "stdout", "text": [shown]}]

    head = document.with_outputs({0: outputs}, {1: 3})

    assert "".join(head.outputs(0)[0]["text"]) == shown  # pyright: ignore[reportArgumentType, reportCallIssue]  # JSON
    assert head.tree.root.value == json.loads(head.raw)
    assert [cell.source for cell in head.cells] == [source, source]


def _around(document: Notebook) -> list[str]:
    """The file without its two sources."""
    first, second = (cell.source for cell in document.tree.cells)
    text = document.tree.text
    return [text[: first.start], text[first.end : second.start], text[second.end :]]


def test_a_reader_that_takes_escapes_for_bytes_is_caught_by_the_property() -> None:
    def told_alike(token: str) -> str:
        """Scans the string as it is seen, and tells all of it afterwards."""
        value: str = json.loads(token.encode().decode("latin-1"))
        return value.encode("latin-1", "replace").decode(errors="replace")

    def differs(made: tuple[str, int]) -> bool:
        return told_alike(spelled(made[0], random.Random(made[1]))) != made[0]

    found = find(st.tuples(TEXTS, st.integers(0, 2**32)), differs)

    assert not found[0].isascii()


@pytest.mark.parametrize(
    ("keys", "twice"),
    [
        (r'"é":1,"\u00e9":2', True),
        (r'"€":1,"\u20ac":2', True),
        (r'"é€":1,"\u00e9\u20ac":2', True),
        (r'"é":1,"\u00c3\u00a9":2', False),
        (r'"é":1,"\\u00e9":2', False),
        (r'"🙂":1,"\ud83d\ude42":2', True),
    ],
)
@pytest.mark.parametrize("place", ['{"x":[{%s}],', "{%s,"], ids=["inside a value", "in the notebook"])
def test_a_key_is_there_twice_however_it_is_spelled(keys: str, place: str, *, twice: bool) -> None:
    raw = (place % keys + '"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":4}').encode()

    if not twice:
        assert parse(raw, "a.ipynb").tree.root.value == json.loads(raw)
        return
    with pytest.raises(DocumentError) as caught:
        parse(raw, "a.ipynb")
    assert caught.value.code == "duplicate-keys"


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\xf0\x9f\x99", b"\xc3"])
@pytest.mark.parametrize("before", [0, 2**18 - 300, 2**18 - 40, 2**18 - 39, 2**18, 2**19 + 1])
def test_what_is_no_utf8_is_named_by_its_byte_wherever_the_pieces_end(bad: bytes, before: int) -> None:
    raw = b'\xef\xbb\xbf{"cells":[],"x":"' + b"a" * before + "é🙂".encode() + bad
    with pytest.raises(UnicodeDecodeError) as meant:
        raw.decode()

    with pytest.raises(DocumentError, match=f"is not UTF-8 at byte {meant.value.start}$") as caught:
        parse(raw, "a.ipynb")

    assert caught.value.code == "invalid-utf8"
