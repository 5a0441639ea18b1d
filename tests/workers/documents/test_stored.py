"""What becomes of stored outputs, by the owner's policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.builders import notebook
from workers.contract.domain import CellRun, Edit, Execution, Output
from workers.documents.notebook import Notebook, parse
from workers.documents.stored import edited_cells, restored, told_otherwise, with_policy

if TYPE_CHECKING:
    from workers.settings import OutputsPolicy

OLD: list[dict[str, Any]] = [{"name": "stdout", "output_type": "stream", "text": ["old\n"]}]
BASE = notebook("a = 1\nprint(a)", "print('b')", ("markdown", "Text."), "1 / 0", outputs={0: OLD, 1: OLD})


def edited(document: Notebook, cell: int, old: str, new: str) -> Notebook:
    start = document.cells[cell].source.index(old)
    return document.edited([Edit(cell=cell, start=start, end=start + len(old), old=old, new=new)])


HEAD = edited(BASE, 0, "a = 1", "a = 2")


def without_outputs(document: Notebook) -> dict[str, Any]:
    content = json.loads(document.raw)
    for cell in content["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    return content


def ran(cell: int, text: str, count: int = 7) -> CellRun:
    outputs = [{"output_type": "stream", "name": "stdout", "text": text}]
    shown = Output(kind="stream", name="stdout", text=text)
    raw = json.dumps({"outputs": outputs, "execution_count": count})
    return CellRun(cell=cell, status="ok", outputs=(shown,), raw=raw)


RUN = Execution(status="failed", cells=(ran(0, "2\n"), ran(1, "b\n", 8), CellRun(cell=3, status="error")))


def outputs(document: Notebook) -> list[str]:
    cells = json.loads(document.raw)["cells"]
    return ["".join("".join(o["text"]) for o in c["outputs"]) for c in cells if c["cell_type"] == "code"]


@pytest.mark.parametrize(
    ("policy", "shown", "changed"),
    [
        ("keep", ["old\n", "old\n", ""], ()),
        ("changed", ["2\n", "old\n", ""], (0,)),
        ("refresh", ["2\n", "b\n", ""], (0, 1)),
        ("clear", ["", "", ""], (0, 1)),
    ],
)
def test_outputs_follow_the_policy_and_every_other_byte_stays(
    policy: OutputsPolicy, shown: list[str], changed: tuple[int, ...]
) -> None:
    copy = with_policy(BASE, HEAD, RUN, policy)

    assert isinstance(copy, Notebook)
    assert outputs(copy) == shown
    assert restored(BASE, copy) == changed
    assert [cell.source for cell in copy.cells] == [cell.source for cell in HEAD.cells]
    nbformat.validate(json.loads(copy.raw))
    assert without_outputs(copy) == without_outputs(HEAD)
    assert (copy.raw == HEAD.raw) is (policy == "keep")


def test_only_the_outputs_of_the_edited_cell_are_other_bytes() -> None:
    copy = with_policy(BASE, HEAD, RUN, "changed")

    next_cell = b'"id": "cell-1"'
    assert copy.raw.partition(next_cell)[2] == HEAD.raw.partition(next_cell)[2]


@pytest.mark.parametrize("policy", ["keep", "changed", "refresh", "clear"])
def test_a_notebook_that_was_not_repaired_keeps_its_outputs(policy: OutputsPolicy) -> None:
    assert with_policy(BASE, BASE.edited([]), RUN, policy).raw == BASE.raw


def test_a_cell_without_whole_outputs_keeps_what_it_has() -> None:
    bare = Execution(status="passed", cells=(CellRun(cell=0, status="ok"), ran(1, "b\n")))

    assert outputs_of(with_policy(BASE, HEAD, bare, "changed")) == ["old\n", "old\n", ""]
    assert outputs_of(with_policy(BASE, HEAD, bare, "refresh")) == ["old\n", "b\n", ""]


def outputs_of(document: object) -> list[str]:
    assert isinstance(document, Notebook)
    return outputs(document)


def test_nothing_to_clear_changes_nothing() -> None:
    base = notebook("a = 1", "b = 2")
    head = edited(base, 0, "1", "2")

    assert with_policy(base, head, RUN, "clear").raw == head.raw


def test_a_notebook_of_version_3_is_cleared_in_its_own_words() -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "input": "a = 1", "language": "python", "metadata": {}, "outputs": OLD_3},
        {"cell_type": "code", "input": "b", "language": "python", "metadata": {}, "outputs": [], "prompt_number": 4},
    ]
    content: dict[str, Any] = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": cells, "metadata": {}}],
    }
    base = parse(json.dumps(content).encode(), "a.ipynb")
    head = edited(base, 0, "1", "2")

    copy = json.loads(with_policy(base, head, RUN, "clear").raw)

    first, second = copy["worksheets"][0]["cells"]
    assert (first["outputs"], "prompt_number" in first) == ([], False)
    assert second["prompt_number"] is None


OLD_3 = [{"output_type": "stream", "stream": "stdout", "text": "old\n"}]


def test_an_output_that_no_file_can_hold_does_not_cost_the_repair() -> None:
    raw = json.dumps({"outputs": [{"output_type": "stream", "name": "stdout", "text": "\ud800"}], "execution_count": 1})
    odd = Execution(status="passed", cells=(CellRun(cell=0, status="ok", raw=raw),))

    copy = with_policy(BASE, HEAD, odd, "changed")

    assert [cell.source for cell in copy.cells] == [cell.source for cell in HEAD.cells]


def test_it_is_told_when_an_edited_cell_prints_something_else_than_it_keeps() -> None:
    same = Execution(status="passed", cells=(ran(0, "old\n"), ran(1, "b\n")))

    assert told_otherwise(BASE, with_policy(BASE, HEAD, RUN, "keep"), RUN) == (0,)
    assert told_otherwise(BASE, with_policy(BASE, HEAD, same, "keep"), same) == ()
    assert told_otherwise(BASE, with_policy(BASE, HEAD, RUN, "changed"), RUN) == ()
    assert told_otherwise(BASE, with_policy(BASE, HEAD, RUN, "clear"), RUN) == ()


def test_only_code_counts_as_an_edited_cell() -> None:
    assert edited_cells(BASE, edited(HEAD, 2, "Text", "Prose")) == {0}
