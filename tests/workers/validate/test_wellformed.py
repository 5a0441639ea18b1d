from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import notebook
from tests.workers.validate.changes import change
from workers.contract.domain import Edit
from workers.documents.notebook import parse
from workers.validate.wellformed import WellFormed

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.documents.notebook import Notebook

BASE = notebook("a = np.int(1)\n", ("markdown", "# Title\n"), outputs={0: []})
MEND = Edit(cell=0, start=4, end=10, old="np.int", new="int")


def remade(make: Callable[[dict[str, Any]], None], indent: int | None = 1) -> Notebook:
    """The mended notebook, written anew after `make` had its way with it."""
    content = json.loads(BASE.edited([MEND]).raw)
    make(content)
    return parse(f"{json.dumps(content, indent=indent)}\n".encode(), BASE.path)


async def test_an_edit_of_a_source_is_well_formed() -> None:
    case = await WellFormed().check(change(BASE, BASE.edited([MEND])))

    assert case.passed, case.evidence


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (remade(lambda content: content["cells"][0].pop("outputs")), "schema"),
        (remade(lambda content: content["cells"][0].update(execution_count="x")), "schema"),
        (remade(lambda content: content["metadata"].update(new=1)), "bytes outside"),
        (remade(lambda content: content["cells"][1]["metadata"].update(collapsed=True)), "bytes outside"),
        (remade(lambda _: None, indent=2), "bytes outside"),
        (remade(lambda content: content["cells"][0].update(source=["a = int(1\n"])), "does not parse"),
    ],
)
async def test_a_head_that_is_worse_or_changes_more_than_sources_is_refused(head: Notebook, word: str) -> None:
    case = await WellFormed().check(change(BASE, head))

    assert not case.passed
    assert case.veto
    assert word in case.evidence


async def test_a_base_that_breaks_the_schema_may_be_repaired_all_the_same() -> None:
    content = json.loads(BASE.raw)
    del content["cells"][0]["outputs"], content["cells"][0]["execution_count"]
    base = parse(json.dumps(content).encode(), BASE.path)

    case = await WellFormed().check(change(base, base.edited([MEND])))

    assert case.passed, case.evidence


async def test_a_python_2_cell_may_stay_as_it_is() -> None:
    base = notebook("print 'a'\n", "a = np.int(1)\n")
    head = base.edited([Edit(cell=1, start=4, end=10, old="np.int", new="int")])

    assert (await WellFormed().check(change(base, head))).passed
