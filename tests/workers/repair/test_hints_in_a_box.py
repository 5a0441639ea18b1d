"""Real kernels and the real resolver: what a run and the environment say, followed to the end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from workers.contract.domain import Cause, Staleness
from workers.protocols import Task
from workers.repair.hints import HintsRepairer
from workers.review import execution
from workers.review.resolution import api
from workers.sandbox.environments import from_interpreter
from workers.sandbox.opening import open_box

if TYPE_CHECKING:
    from workers.protocols import Box

UNITS = """
def date_range(freq):
    said = {
        'A': "Invalid frequency: A. Failed to parse with error message: ValueError('Invalid frequency: A. Did you mean Y?')",
        'Y': "Invalid frequency: Y. Failed to parse with error message: "
        "ValueError(\\"'Y' is no longer supported for offsets. Please use 'YE' instead.\\")",
    }
    if freq in said:
        raise ValueError(said[freq])
    return freq
"""
"""The refusals of pandas 3, word for word."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "units.py").write_text(UNITS)

    async def opened() -> Box:
        environment = await from_interpreter(Path(sys.executable))
        cache = tmp_path_factory.mktemp("cache")
        return await open_box("none", environment=environment, cache=cache, workspace=workspace)

    return asyncio.run(opened())


async def test_hints_chain_over_real_runs_until_the_notebook_passes(box: Box) -> None:
    document = notebook("import units", "days = units.date_range(freq='A')\ndays")
    seen: list[str] = []
    run = await box.execute(document)

    for _ in range(3):
        task = Task(
            document=document, findings=execution.find(document, run), execution=run, records=(), refused=frozenset()
        )
        repair = await HintsRepairer(box).propose(task)
        if repair is None:
            break
        document = document.edited(repair.edits)
        seen.append(document.cells[1].source.partition("\n")[0])
        run = await box.execute(document)

    assert seen == ["days = units.date_range(freq='Y')", "days = units.date_range(freq='YE')"]
    assert run.status == "passed"


async def test_a_deprecation_of_python_itself_is_found_and_followed(box: Box) -> None:
    document = notebook("import threading\nname = threading.currentThread().name")

    run = await box.execute(document)
    found = execution.find(document, run)
    task = Task(document=document, findings=found, execution=run, records=(), refused=frozenset())
    repair = await HintsRepairer(box).propose(task)

    assert [(one.staleness, one.place.line) for one in found if one.place] == [(Staleness.DEPRECATED, 2)]
    assert repair is not None
    assert document.edited(repair.edits).cells[0].source == "import threading\nname = threading.current_thread().name"


async def test_the_environment_knows_what_it_does_not_have(box: Box) -> None:
    document = notebook("import collections, not_there_at_all\ncollections.Mapping\ncollections.OrderedDict()")

    answers = await box.resolve(api.questions(document))
    found = api.with_targets(api.find(document, answers), ())

    assert [(one.rule, one.cause) for one in found] == [
        ("api/module", Cause.ENVIRONMENT),
        ("api/name", Cause.CODE),
    ]
