"""Runs that the owner reduced: what of the artifact runs, and what that is worth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.sandbox.boxes import SMALL, notebook, printed
from workers.contract.domain import EvidenceLevel
from workers.contract.reduced import ReducedRun
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.guestcall import Reply
from workers.sandbox.local import LocalBox
from workers.sandbox.reading import execution
from workers.sandbox.reducing import FULL, reduction
from workers.sandbox.request import ran, run_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution
    from workers.documents.notebook import Notebook
    from workers.sandbox.limits import Limits

QUICK = ReducedRun(artifacts=("long*.ipynb",), parameters=(("epochs", "1"), ("names", '["a", null]')))
SHORT = ReducedRun(artifacts=("/long.ipynb",), until_cell=1)
TRAINING = notebook(
    "epochs = 500; names = ()",
    "print(epochs, names)",
    "import time; time.sleep(epochs / 100); print('trained')",
    path="long.ipynb",
    tags={0: ["parameters"]},
)


async def run(place: Place, document: Notebook, *reduced: ReducedRun, raw: bool = False) -> Execution:
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, raw=raw, reduced=reduced)
    return await box.execute(document)


async def test_a_run_to_a_cell_passes_and_is_partial(place: Place) -> None:
    execution = await run(place, TRAINING, SHORT)

    assert [cell.status for cell in execution.cells] == ["ok", "ok", "not_run"]
    assert (execution.status, execution.level, execution.until_cell) == ("passed", EvidenceLevel.PARTIAL, 1)
    assert execution.reduced == "only to cell 1"


async def test_the_owners_values_take_the_place_of_the_notebooks_and_the_run_is_partial(place: Place) -> None:
    execution = await run(place, TRAINING, QUICK)

    assert (execution.status, printed(execution, 1), printed(execution, 2)) == (
        "passed",
        "1 ['a', None]\n",
        "trained\n",
    )
    assert [cell.cell for cell in execution.cells] == [0, 1, 2]
    assert execution.level is EvidenceLevel.PARTIAL
    assert execution.reduced == "with the owner's parameters epochs=1, names=['a', None]"


async def test_an_error_in_a_reduced_run_is_where_it_is_in_the_notebook(place: Place) -> None:
    failing = notebook("epochs = 500", "x = 1\nprint(epochs / 0)", path="long.ipynb", tags={0: ["parameters"]})

    execution = await run(place, failing, QUICK)

    assert execution.error is not None
    assert (execution.failed_cell, execution.error.name, execution.error.line) == (1, "ZeroDivisionError", 2)


async def test_what_other_values_bring_forth_is_not_handed_out_as_the_artifacts_outputs(place: Place) -> None:
    quick, short = await run(place, TRAINING, QUICK, raw=True), await run(place, TRAINING, SHORT, raw=True)

    assert [cell.raw for cell in quick.cells] == ["", "", ""]
    assert [bool(cell.raw) for cell in short.cells] == [True, True, False]


async def test_without_a_box_a_run_is_reduced_the_same_way(place: Place) -> None:
    limits: Limits = SMALL
    box = LocalBox(
        environment=place.environment, overlay=place.overlay, workspace=None, limits=limits, reduced=(SHORT,)
    )

    execution = await box.execute(TRAINING)

    assert ([cell.status for cell in execution.cells], execution.reduced) == (
        ["ok", "ok", "not_run"],
        "only to cell 1",
    )


async def test_a_run_that_a_limit_ended_keeps_what_it_showed_before_as_partial(place: Place) -> None:
    execution = await run(place, notebook("print('first')", "bytearray(9_000_000_000)", "print('last')"))

    assert (execution.status, execution.ended, execution.level) == ("failed", "memory", EvidenceLevel.PARTIAL)
    assert (printed(execution), execution.until_cell) == ("first\n", 0)


NOT_MEANT = {
    "another artifact": (notebook("x", path="short.ipynb"), (QUICK, SHORT)),
    "the same name elsewhere": (notebook("x", "x", "x", path="a/long.ipynb"), (SHORT,)),
    "already as short": (notebook("x", "x", path="long.ipynb"), (SHORT,)),
    "no cell for parameters": (notebook("epochs = 500", path="long.ipynb"), (QUICK,)),
    "no entry": (TRAINING, ()),
}


@pytest.mark.parametrize(("document", "reduced"), NOT_MEANT.values(), ids=NOT_MEANT.keys())
def test_what_no_entry_changes_runs_in_full(document: Notebook, reduced: Sequence[ReducedRun]) -> None:
    assert reduction(document, reduced) == FULL
    assert FULL.named == ""


def test_the_first_entry_that_means_an_artifact_decides() -> None:
    assert reduction(TRAINING, (SHORT, QUICK)).until_cell == 1
    assert reduction(TRAINING, (QUICK, SHORT)).until_cell is None


def test_values_for_a_cell_that_does_not_run_are_not_set() -> None:
    late = notebook("a", "b", "epochs = 500", path="long.ipynb", tags={2: ["parameters"]})
    both = ReducedRun(artifacts=("*",), until_cell=1, parameters=QUICK.parameters)

    found = reduction(late, (both,))

    assert (found.until_cell, found.after, found.named) == (1, None, "only to cell 1")


def test_a_value_is_a_literal_whatever_is_in_it() -> None:
    hostile = ReducedRun(artifacts=("*",), parameters=(("epochs", json.dumps("'; import os; os.abort() #\n")),))

    source = reduction(TRAINING, (hostile,)).source

    names: dict[str, object] = {}
    exec(source, names)
    assert names["epochs"] == "'; import os; os.abort() #\n"


def test_a_box_that_tells_of_cells_it_was_not_asked_to_run_is_not_believed() -> None:
    short = reduction(TRAINING, (SHORT,))
    told: list[dict[str, Any]] = [
        *(
            {
                "event": "cell",
                "cell": n,
                "status": "ok",
                "seconds": 0,
                "outputs": [],
                "warnings": [],
                "error": None,
                "expected": False,
            }
            for n in range(3)
        ),
    ]
    lines = ({"event": "started"}, {"event": "ready"}, *told, {"event": "done", "ended": "", "reason": ""})

    read = execution(
        Reply(lines=lines, done=True, ended="", stderr="", seconds=1), ran(TRAINING, "e", boxed=True, reduced=short)
    )

    assert (read.until_cell, read.level) == (1, EvidenceLevel.PARTIAL)


def test_the_driver_is_asked_for_the_cells_before_and_the_values_between() -> None:
    request = run_request(TRAINING, SMALL, root="/r", tree=None, raw=True, reduced=reduction(TRAINING, (QUICK,)))

    assert [(cell["cell"], cell["skip"]) for cell in request["cells"]] == [
        (0, False),
        (-1, False),
        (1, False),
        (2, False),
    ]
    assert request["raw"] is False
