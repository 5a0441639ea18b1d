"""Many documents on several cores: the same findings in the same order as one after the other, and never more than needed."""

from __future__ import annotations

import datetime as dt
import os
import weakref
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import Report
from workers.documents.sketch import sketch
from workers.knowledge.packs import shipped
from workers.review.rules import find
from workers.running import scanning
from workers.workspace import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workers.contract.domain import Execution, Finding
    from workers.protocols import Document

NOW = environment("3.12", numpy="2.4.0")
MANY = 3 * scanning.FEW


async def review(document: Document, execution: Execution) -> tuple[Finding, ...]:
    return find(document, shipped(), NOW, as_of=dt.date(2026, 11, 20))


def judge(document: Document) -> Sequence[Finding]:
    return scanning.now(review, document)


def reading(folder: Path) -> Callable[[str], Document | Report]:
    return lambda path: load(folder, path, 2**20, sketch)


def files(folder: Path, count: int) -> list[str]:
    made: list[str] = []
    for number in range(count):
        path = folder / f"{number:03}.ipynb"
        path.write_bytes(notebook("import numpy as np\n" + "np.int\n" * (number % 3), path=path.name).raw)
        made.append(path.name)
    return made


def test_several_processes_find_what_one_finds_in_the_same_order(tmp_path: Path) -> None:
    listed = files(tmp_path, MANY)

    alone, together = (list(scanning.detect(listed, reading(tmp_path), judge, workers=count)) for count in (1, 2))

    assert together == alone
    seen = [one for one in together if isinstance(one, scanning.Seen)]
    assert [(one.item.path, len(one.findings)) for one in seen] == [(path, n % 3) for n, path in enumerate(listed)]
    assert {(one.item.language, one.item.code_cells, one.kind) for one in seen} == {("python", 1, "notebook")}


def test_a_file_that_cannot_be_read_is_told_of_in_its_place_and_ends_nothing(tmp_path: Path) -> None:
    listed = files(tmp_path, MANY)
    (tmp_path / listed[40]).write_text("{")
    (tmp_path / listed[41]).unlink()

    seen = list(scanning.detect(listed, reading(tmp_path), judge, workers=2))

    reports = {index: one.artifact.path for index, one in enumerate(seen) if isinstance(one, Report)}
    assert reports == {40: "040.ipynb", 41: "041.ipynb"}
    assert len(seen) == MANY


def test_what_was_looked_at_is_not_kept(tmp_path: Path) -> None:
    listed = files(tmp_path, 5)
    alive: weakref.WeakSet[Document] = weakref.WeakSet()

    def watched(document: Document) -> Sequence[Finding]:
        alive.add(document)
        return judge(document)

    held = [len(alive) for _ in scanning.detect(listed, reading(tmp_path), watched, workers=1)]

    assert max(held) <= 1


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
