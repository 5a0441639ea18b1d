"""Many documents on several cores: the same findings in the same order as one after the other, and never more than needed."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.environments import environment
from workers.knowledge.packs import shipped
from workers.review.rules import find
from workers.running import scanning

if TYPE_CHECKING:
    from pathlib import Path

    from workers.contract.domain import Execution, Finding
    from workers.protocols import Document

NOW = environment("3.12", numpy="2.4.0")
MANY = 3 * scanning.FEW


async def review(document: Document, execution: Execution) -> tuple[Finding, ...]:
    return find(document, shipped(), NOW, as_of=dt.date(2026, 11, 20))


def files(folder: Path, count: int) -> list[tuple[Path, str]]:
    made: list[tuple[Path, str]] = []
    for number in range(count):
        path = folder / f"{number:03}.ipynb"
        path.write_bytes(notebook("import numpy as np\n" + "np.int\n" * (number % 3), path=path.name).raw)
        made.append((path, path.name))
    return made


def test_several_processes_find_what_one_finds_in_the_same_order(tmp_path: Path) -> None:
    listed = files(tmp_path, MANY)

    alone, together = (list(scanning.detect(listed, review, workers=count)) for count in (1, 2))

    assert together == alone
    assert [len(seen.findings) for seen in together] == [number % 3 for number in range(MANY)]


def test_a_file_that_cannot_be_read_is_told_of_and_ends_nothing(tmp_path: Path) -> None:
    listed = files(tmp_path, MANY)
    listed[40][0].write_text("{")
    listed[41][0].unlink()

    seen = list(scanning.detect(listed, review, workers=2))

    assert [one.path for one in seen if one.error] == ["040.ipynb", "041.ipynb"]
    assert len(seen) == MANY


def test_what_comes_first_is_there_before_the_last_was_looked_at(tmp_path: Path) -> None:
    started = tmp_path / "started"

    def do(number: int) -> int:
        with started.open("a") as file:
            file.write("x")
        return number

    with closing(scanning.ordered(range(4000), do, workers=2)) as coming:
        first = next(coming)
        begun = started.stat().st_size

    assert first == 0
    assert begun <= 2 * (scanning.AHEAD + 1) * scanning.CHUNK


def test_a_failure_in_a_process_is_a_failure_here() -> None:
    def do(number: int) -> int:
        if number == MANY - 1:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match=str(MANY - 1)):
        list(scanning.ordered(range(MANY), do, workers=2))


def test_a_few_documents_start_no_process() -> None:
    assert set(scanning.ordered(range(3), lambda _: os.getpid(), workers=2)) == {os.getpid()}


def test_one_core_is_enough() -> None:
    assert set(scanning.ordered(range(MANY), lambda _: os.getpid(), workers=1)) == {os.getpid()}


def test_documents_at_hand_are_reviewed_in_their_order() -> None:
    documents = [notebook("import numpy as np\n" + "np.int\n" * (number % 2)) for number in range(MANY)]

    assert [len(found) for found in scanning.reviewed(documents, review, workers=2)] == [0, 1] * (MANY // 2)
