"""The base moved: what the earlier run did is tried first, and everything is run anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.running.commissions import commission, files, means
from workers.contract import runs
from workers.contract.domain import Repaired
from workers.running.unattended import mend_repository

if TYPE_CHECKING:
    from pathlib import Path

    from workers.protocols import Box
    from workers.running.ending import Finished

STALE = ("import collections", "print(collections.Mapping.__name__)", "print(1)")
MOVED = (*STALE[:2], "print(2)")
CONFLICT = (STALE[0], "kind = collections.Mapping\nprint(kind.__name__)", STALE[2])


@pytest.fixture
def cache(shared: Path, box: Box) -> Path:
    """`shared`, with a kernel layer in it."""
    return shared


async def first(cache: Path, tmp_path: Path) -> Finished:
    repo = files(tmp_path / "repo", {"a.ipynb": notebook(*STALE).raw})
    return await mend_repository(commission(repo, "a.ipynb"), means(cache))


async def then(cache: Path, tmp_path: Path, carry: str, *sources: str) -> tuple[list[str], bytes]:
    """Who repaired the moved base, iteration by iteration, and the copy."""
    repo = files(tmp_path / "moved", {"a.ipynb": notebook(*sources).raw})
    carried = {"a.ipynb": carry} if carry else {}
    done = await mend_repository(commission(repo, "a.ipynb", carry=carried), means(cache))
    (report,) = done.run.reports
    assert isinstance(report.outcome, Repaired)
    assert all(cell.status == "ok" for cell in report.records[-1].validation.head.cells)
    return [record.repair.by for record in report.records], done.copies["a.ipynb"].raw


async def test_edits_of_cells_that_the_new_base_left_alone_come_first_and_are_proven_by_a_run(
    cache: Path, tmp_path: Path
) -> None:
    before = await first(cache, tmp_path)

    by, copy = await then(cache, tmp_path, before.run.id, *MOVED)

    assert by == ["carried"]
    assert b"collections.abc.Mapping" in copy
    assert b"print(2)" in copy


async def test_a_cell_that_both_changed_is_left_to_the_ladder(cache: Path, tmp_path: Path) -> None:
    before = await first(cache, tmp_path)

    by, copy = await then(cache, tmp_path, before.run.id, *CONFLICT)

    assert "carried" not in by
    assert b"kind = collections.abc.Mapping" in copy


@pytest.mark.parametrize("lost", ["no carry", "gone", "another base"])
async def test_where_nothing_can_be_carried_the_ladder_works_alone(cache: Path, tmp_path: Path, lost: str) -> None:
    before = await first(cache, tmp_path)
    if lost == "gone":
        (before.folder / "run.json").unlink()
    if lost == "another base":
        runs.base_place(before.folder, "a.ipynb").write_bytes(notebook("evil()").raw)

    by, copy = await then(cache, tmp_path, "" if lost == "no carry" else before.run.id, *MOVED)

    assert "carried" not in by
    assert b"collections.abc" in copy
