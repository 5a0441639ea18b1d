"""Three versions of each cell: what stood there, what was made of it, and what the new base has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import notebook
from workers.contract.domain import Edit, Execution
from workers.documents.notebook import parse
from workers.protocols import Task
from workers.repair.carried import CarriedRepairer, Earlier

if TYPE_CHECKING:
    from workers.contract.domain import Repair
    from workers.documents.notebook import Notebook

OLD = notebook("import numpy as np", "x = np.bool", "y = np.int(3)")
NEW = notebook("import numpy as np", "x = bool", "y = int(3)")


def without_ids(document: Notebook) -> Notebook:
    content = json.loads(document.raw)
    for cell in content["cells"]:
        del cell["id"]
    return parse(json.dumps(content | {"nbformat_minor": 4}, indent=1).encode() + b"\n", document.path)


async def proposed(
    now: Notebook, base: Notebook = OLD, head: Notebook = NEW, refused: tuple[Edit, ...] = ()
) -> Repair | None:
    refusals = frozenset(edit.key for edit in refused)
    task = Task(document=now, findings=(), execution=Execution(status="not_run"), records=(), refused=refusals)
    return await CarriedRepairer({base.path: Earlier(base=base, head=head)}).propose(task)


async def after(now: Notebook, base: Notebook = OLD, head: Notebook = NEW) -> list[str]:
    repair = await proposed(now, base, head)
    return [cell.source for cell in (now.edited(repair.edits) if repair else now).cells]


async def test_cells_that_the_new_base_left_alone_get_their_edits_again() -> None:
    now = notebook("import numpy as np\nimport sys", "x = np.bool", "y = np.int(3)", "print(x, y)")

    repair = await proposed(now)

    assert repair is not None
    assert (repair.by, [edit.cell for edit in repair.edits]) == ("carried", [1, 2])
    assert [cell.source for cell in now.edited(repair.edits).cells] == [
        "import numpy as np\nimport sys", "x = bool", "y = int(3)", "print(x, y)",
    ]  # fmt: skip
    assert repair.changes_made[0] == "Kept the edit of cell 1, which the base left alone: `np.` -> ``."


async def test_a_cell_that_the_new_base_changed_too_is_left_to_the_other_rungs() -> None:
    now = notebook("import numpy as np", "x = np.bool  # theirs", "y = np.int(3)")

    assert await after(now) == ["import numpy as np", "x = np.bool  # theirs", "y = int(3)"]


async def test_where_nothing_is_left_to_carry_the_rung_offers_nothing() -> None:
    assert await proposed(NEW) is None
    assert await proposed(notebook("import numpy as np", "x = 1", "y = 2")) is None
    assert await proposed(notebook("x = np.bool", path="other.ipynb")) is None


async def test_a_cell_that_moved_is_known_by_its_id_or_else_by_a_source_that_no_other_cell_has() -> None:
    moved = json.loads(OLD.raw)
    moved["cells"] = [moved["cells"][2], moved["cells"][0], moved["cells"][1]]
    by_id = parse(json.dumps(moved, indent=1).encode() + b"\n", "a.ipynb")

    assert await after(by_id) == ["y = int(3)", "import numpy as np", "x = bool"]
    assert await after(without_ids(by_id), without_ids(OLD), without_ids(NEW)) == await after(by_id)


async def test_of_equal_cells_without_ids_none_is_guessed() -> None:
    base, head = without_ids(notebook("x = np.bool", "x = np.bool")), without_ids(notebook("x = bool", "x = np.bool"))

    assert await proposed(base, base, head) is None


async def test_an_edit_that_a_validation_refused_is_not_offered_again() -> None:
    first = await proposed(OLD)
    assert first is not None

    again = await proposed(OLD, refused=first.edits[:1])

    assert again is not None
    assert again.edits == first.edits[1:]
    assert await proposed(OLD, refused=first.edits) is None


@given(st.text(alphabet="ab\n", max_size=12), st.text(alphabet="ab\n", max_size=12))
async def test_the_trimmed_edit_makes_exactly_what_was_made(old: str, new: str) -> None:
    assert await after(notebook(old), notebook(old), notebook(new)) == [new]
