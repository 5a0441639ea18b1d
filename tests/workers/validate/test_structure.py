from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.validate.changes import change
from workers.documents.notebook import parse
from workers.validate.comparison import Comparison
from workers.validate.conduct import INTEGRITY, Conduct, integrity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.domain import Case
    from workers.documents.notebook import Notebook

BASE = notebook(
    ("markdown", "# Title\n\nText with a licence note.\n"),
    "import numpy as np\n",
    ("markdown", "## First\n"),
    "a = np.zeros(3, dtype=np.int)\n",
    "print(a)\n",
    ("markdown", "## Second\n\n```\n# no heading\n```\n"),
)


def with_cells(*order: int, **changes: str | tuple[str, str]) -> Notebook:
    """The base's cells in another order, some of them rewritten (`c3="..."`), without ids that give them away."""
    cells = {cell.index: (cell.kind, cell.source) for cell in BASE.cells}
    for name, new in changes.items():
        index = int(name[1:])
        cells[index] = new if isinstance(new, tuple) else (cells[index][0], new)
    return notebook(*[cells[index] for index in order or range(len(cells))])


def with_ids(ids: Sequence[str], document: Notebook) -> Notebook:
    content = json.loads(document.raw)
    content["cells"] = [{**cell, "id": given} for cell, given in zip(content["cells"], ids, strict=True)]
    return parse(json.dumps(content).encode(), document.path)


def without_ids(document: Notebook) -> Notebook:
    content = json.loads(document.raw) | {"nbformat_minor": 4}
    content["cells"] = [{key: cell[key] for key in cell if key != "id"} for cell in content["cells"]]
    return parse(json.dumps(content).encode(), document.path)


async def judged(head: Notebook, base: Notebook = BASE, *, must_keep: str = "", protected: str = "") -> Case:
    keep = (must_keep,) if must_keep else ()
    return await integrity(must_keep=keep, protected=(protected,) if protected else ()).check(change(base, head))


DAMAGED = (
    (with_ids(["cell-0", "cell-1", "cell-2", "cell-3", "cell-5"], with_cells(0, 1, 2, 3, 5)), "cell-deleted"),
    (
        with_ids(["cell-0", "cell-1", "cell-2", "cell-4", "cell-3", "cell-5"], with_cells(0, 1, 2, 4, 3, 5)),
        "cell-order",
    ),
    (with_ids(["cell-0", "new", "cell-2", "cell-3", "cell-4", "cell-5"], with_cells()), "cell-id"),
    (with_cells(0, 1, 2, 3, 4), "cell-deleted"),
    (with_cells(c4=("markdown", "print(a)\n")), "cell-kind"),
    (with_cells(c4=""), "cell-emptied"),
    (with_cells(c5=" \n"), "cell-emptied"),
    (notebook(*[(cell.kind, cell.source) for cell in BASE.cells], tags={4: ["raises-exception"]}), "cell-tag"),
    (notebook(*[(cell.kind, cell.source) for cell in BASE.cells], tags={4: ["skip-execution"]}), "cell-tag"),
    (with_cells(c2="Text instead of a heading\n"), "heading-lost"),
    (with_cells(c2="### First\n"), "heading-lost"),
    (with_cells(c0="# Title\n\nText.\n"), "must-keep"),
    (with_cells(c1="import numpy\n"), "protected-cell"),
)


async def test_a_renamed_symbol_leaves_the_notebook_whole() -> None:
    head = with_cells(c3="a = np.zeros(3, dtype=int)\n")

    case = await judged(head, must_keep="licence note", protected="1")

    assert case.passed
    assert case.veto


@pytest.mark.parametrize(("head", "rule"), DAMAGED)
async def test_a_notebook_that_is_no_longer_whole_is_refused(head: Notebook, rule: str) -> None:
    case = await judged(head, must_keep="licence note", protected="1")

    assert not case.passed
    assert rule in case.evidence


@pytest.mark.parametrize("selector", ["3", "cell-3", "tag:teaching", "text:*dtype=np.int*"])
async def test_a_cell_is_protected_by_index_id_tag_or_text(selector: str) -> None:
    base = notebook(*[(cell.kind, cell.source) for cell in BASE.cells], tags={3: ["teaching"]})
    cells = [(cell.kind, cell.source.replace("np.int", "int")) for cell in BASE.cells]
    head = notebook(*cells, tags={3: ["teaching"]})

    case = await judged(head, base, protected=selector)

    assert "protected-cell" in case.evidence
    assert case.cells == (3,)


@pytest.mark.parametrize("order", [(0, 1, 2, 4, 3, 5), (2, 0, 1, 3, 4, 5)])
async def test_cells_that_changed_places_are_seen_with_ids_and_without(order: tuple[int, ...]) -> None:
    head = with_cells(*order)
    rule = Conduct({"cell-order": INTEGRITY["cell-order"]})

    by_id = await rule.check(change(BASE, with_ids([f"cell-{index}" for index in order], head)))
    by_text = await rule.check(change(without_ids(BASE), without_ids(head)))

    assert not by_id.passed
    assert not by_text.passed


async def test_a_changed_id_is_refused() -> None:
    head = with_ids(["cell-0", "new", "cell-2", "cell-3", "cell-4", "cell-5"], with_cells())

    case = await judged(head)

    assert "cell-id" in case.evidence


async def test_an_import_that_moves_to_another_cell_is_no_loss() -> None:
    head = with_cells(c1="import numpy as np\nimport math\n", c4="print(a)\n")
    base = with_cells(c4="import math\nprint(a)\n")

    comparison = Comparison(change(base, head))
    case = Conduct().judge(comparison)

    assert case.passed


@pytest.mark.parametrize("rule", sorted(INTEGRITY))
async def test_without_any_one_rule_a_damaged_notebook_gets_through(rule: str) -> None:
    twin = Conduct({name: judge for name, judge in INTEGRITY.items() if name != rule})

    cases = [await twin.check(change(BASE, head)) for head, damage in DAMAGED if damage == rule]

    assert any(case.passed for case in cases)
