from __future__ import annotations

from typing import Any

import pytest

from tests.builders import notebook
from workers.contract.errors import EditError
from workers.documents.notebook import Notebook, parse
from workers.documents.proof import prove

BASE = notebook("a\nb", "c", ("markdown", "d"))


def spoiled(old: bytes, new: bytes) -> Notebook:
    assert BASE.raw.count(old) >= 1
    return parse(BASE.raw.replace(old, new, 1), BASE.path)


def is_proved(head: Notebook, sources: dict[int, str], fields: dict[tuple[int, str], Any]) -> bool:
    try:
        prove(BASE.tree, head.tree, sources, fields)
    except EditError:
        return False
    return True


def test_the_splice_that_was_asked_for_is_proved() -> None:
    assert is_proved(spoiled(b'"c"', b'"x"'), {1: "x"}, {})
    assert is_proved(BASE, {}, {(0, "outputs"): []})
    assert not is_proved(BASE, {1: "x"}, {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"b"', b'"y"'),
        (b'"d"', b'"y"'),
        (b'"cell-0"', b'"cell-9"'),
        (b'"metadata": {},', b'"metadata": {"x": 1},'),
        (b'"metadata": {},', b""),
        (b'"execution_count": null', b'"execution_count": 1'),
        (b'"python3"', b'"python"'),
        (b'"outputs": []', b'"outputs": [{}]'),
        (b'"nbformat_minor": 5', b'"nbformat_minor": 4'),
    ],
)
def test_a_splice_that_changes_anything_else_is_caught(old: bytes, new: bytes) -> None:
    broken = parse(spoiled(old, new).raw.replace(b'"c"', b'"x"'), BASE.path)

    with pytest.raises(EditError):
        prove(BASE.tree, broken.tree, {1: "x"}, {})


@pytest.mark.parametrize("new", [b'"y"', b'"x", ""', b'"x\\n"'])
def test_a_splice_that_writes_another_source_is_caught(new: bytes) -> None:
    with pytest.raises(EditError):
        prove(BASE.tree, spoiled(b'"c"', new).tree, {1: "z"}, {})


def test_a_splice_that_makes_a_string_of_a_list_is_caught() -> None:
    raw = BASE.raw.replace(b'[\n    "c"\n   ]', b'"x"')

    with pytest.raises(EditError, match="cell 1"):
        prove(BASE.tree, parse(raw, BASE.path).tree, {1: "x"}, {})


def test_a_splice_that_loses_a_cell_is_caught() -> None:
    with pytest.raises(EditError, match="number of cells"):
        prove(BASE.tree, notebook("a\nb", "c").tree, {}, {})
