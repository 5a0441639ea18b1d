from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.builders import notebook
from workers.documents.notebook import parse
from workers.environments.dating import dated, python_hint

TODAY = date(2026, 11, 20)


def test_the_commit_that_the_caller_knows_of_counts_first() -> None:
    found = dated(notebook("1", date="2019-01-01"), committed=date(2020, 2, 3), today=TODAY)

    assert found
    assert (found.day, found.origin) == (date(2020, 2, 3), "the commit that last changed it")


@pytest.mark.parametrize(
    ("metadata", "day"),
    [
        ({"papermill": {"start_time": "2021-03-04T05:06:07.1"}}, date(2021, 3, 4)),
        ({"date": "2018-07-08"}, date(2018, 7, 8)),
        ({"date": "Sat Jul  8"}, None),
        ({"date": "1999-01-01"}, None),
        ({"date": "2031-01-01"}, None),
        ({"date": "2021-13-45"}, None),
        ({"date": {"deep": [1]}}, None),
        ({"date": 1e300}, None),
        ({"date": True}, None),
        ({}, None),
    ],
)
def test_a_notebook_tells_its_day_if_it_can_be_one(metadata: dict[str, Any], day: date | None) -> None:
    found = dated(notebook("1", **metadata), committed=None, today=TODAY)

    assert (found.day if found else None) == day


def test_the_last_run_of_a_cell_counts() -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{n}", "metadata": metadata, "source": "", "outputs": [], "execution_count": None}
        for n, metadata in enumerate(
            [
                {"executionInfo": {"timestamp": 1_600_000_000_000}},
                {"execution": {"iopub.execute_input": "2021-05-06T07:08:09Z"}},
            ]
        )
    ]
    raw = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()

    found = dated(parse(raw, "a.ipynb"), committed=None, today=TODAY)

    assert found
    assert found.day == date(2021, 5, 6)


@pytest.mark.parametrize(
    ("version", "expected"), [("3.8.10", "==3.8.*"), ("2.7.18", ""), ("3", ""), (3.8, ""), ("3.x", "")]
)
def test_the_python_a_notebook_was_saved_with(version: object, expected: str) -> None:
    assert python_hint(notebook("1", language_info={"name": "python", "version": version})) == expected
