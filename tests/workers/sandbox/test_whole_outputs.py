"""Outputs as a notebook stores them, handed out of a run that is asked for them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.builders import notebook
from tests.workers.sandbox.boxes import SMALL
from workers.sandbox.bubblewrap import BubblewrapBox

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution

CELLS = (
    "print('\\x1b[31mred\\x1b[0m')",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'), metadata={'isolated': True})\n41 + 1",
    "",
    "1 / 0",
)


def whole(place: Place, *, raw: bool = True, output_bytes_cell: int = SMALL.output_bytes_cell) -> BubblewrapBox:
    limits = replace(SMALL, output_bytes_cell=output_bytes_cell)
    return BubblewrapBox(place.environment, place.overlay, None, limits, raw=raw)


def stored(run: Execution, cell: int) -> Any:
    return json.loads(run.cells[cell].raw)


async def test_whole_outputs_are_valid_as_they_would_be_stored(place: Place) -> None:
    document = notebook(*CELLS, tags={3: ["raises-exception"]})

    run = await whole(place).execute(document)

    assert stored(run, 0)["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m\n"},
    ]
    html, result = stored(run, 1)["outputs"]
    assert html["data"]["text/html"] == "<b>x</b>"
    assert html["metadata"] == {"isolated": True}
    assert (result["execution_count"], result["data"]["text/plain"]) == (2, "42")
    assert stored(run, 2) == {"outputs": [], "execution_count": None}
    assert stored(run, 3)["outputs"][0]["ename"] == "ZeroDivisionError"
    copy = document.with_outputs({cell: stored(run, cell)["outputs"] for cell in range(4)})
    nbformat.validate(json.loads(copy.raw))


async def test_outputs_are_whole_only_where_asked_for_and_ended_well(place: Place) -> None:
    document = notebook("print(1)", "1 / 0", "print(2)")

    asked, unasked = await whole(place).execute(document), await whole(place, raw=False).execute(document)

    assert [bool(run.raw) for run in asked.cells] == [True, False, False]
    assert [run.raw for run in unasked.cells] == ["", "", ""]
    assert [run.outputs for run in asked.cells] == [run.outputs for run in unasked.cells]


@pytest.mark.parametrize("flood", ["print('x' * 200_000)", "display({'image/svg+xml': 'x' * 500_000}, raw=True)"])
async def test_an_output_over_the_bounds_is_not_handed_out(place: Place, flood: str) -> None:
    run = await whole(place, output_bytes_cell=100_000).execute(notebook(flood, "print('small')"))

    assert run.status == "passed"
    assert run.cells[0].raw == ""
    assert stored(run, 1)["outputs"][0]["text"] == "small\n"
