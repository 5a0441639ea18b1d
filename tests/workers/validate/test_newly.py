"""What an edit brings is judged against what was there: by a real review that asks a real interpreter."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.asking import SHELF, library
from tests.workers.validate.changes import change
from workers.contract.business import BusinessRules
from workers.contract.domain import BaseEvidence, CellRun, Execution
from workers.knowledge import packs
from workers.review.sources import Reviewer
from workers.settings import Settings
from workers.stages import counts, gates
from workers.validate.newly import NoNewStaleness
from workers.validate.verdict import Validator
from workers.validate.wellformed import WellFormed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.asking import Asking
    from workers.contract.domain import Case
    from workers.protocols import Document

DAY = dt.date(2026, 11, 20)
IMPORT = "import shelf"
NEVER = "def later(x):\n    return {}\n"
"""A function that no cell calls: running it shows nothing."""


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    return library(tmp_path, SHELF)


def reviewer(asking: Asking) -> Reviewer:
    return Reviewer(
        packs=packs.shipped(),
        environment=asking.environment,
        business=BusinessRules(),
        as_of=DAY,
        resolve=asking.resolve,
    )


async def judged(asking: Asking, before: tuple[str, ...], after: tuple[str, ...]) -> Case:
    return await NoNewStaleness(reviewer(asking)).check(change(notebook(*before), notebook(*after)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("shelf.unicode_(x)", "shelf.that_does_not_exist(x)"),
        ("shelf.write(x)", "shelf.write(x, line_ending='')"),
        ("shelf.add(x, x)", "shelf.add_up(x, x, x)"),
        ("x", "shelf.nowhere"),
        ("x", "__import__('json') and shelf.shapes.square(x)"),
    ],
)
async def test_an_edit_that_names_what_is_not_there_is_refused_though_the_cell_never_runs(
    asking: Asking, old: str, new: str
) -> None:
    case = await judged(asking, (IMPORT, NEVER.format(old)), (IMPORT, NEVER.format(new)))

    assert (case.passed, case.veto, case.cells) == (False, True, (1,))
    assert "shelf." in case.evidence


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("shelf.unicode_(x)", "shelf.str_(x)"),
        ("shelf.unicode_(x)", "shelf.unicode_(x, 1)"),
        ("shelf.int(x), shelf.unicode_(x)", "int(x), shelf.unicode_(x)"),
        ("shelf.unicode_(x), shelf.unicode_(x)", "shelf.str_(x), shelf.unicode_(x)"),
    ],
)
async def test_what_is_mended_or_was_stale_before_is_not_held_against_it(asking: Asking, old: str, new: str) -> None:
    case = await judged(asking, (IMPORT, NEVER.format(old)), (IMPORT, NEVER.format(new)))

    assert case.passed, case.evidence


async def test_a_finding_that_moves_on_to_the_next_equal_text_is_not_new(asking: Asking) -> None:
    stale = "shelf.unicode_(1)"

    mended = await judged(
        asking, (IMPORT, stale, f"a = 1; {stale}", stale), (IMPORT, "shelf.str_(1)", f"a = 2; {stale}", stale)
    )
    spread = await judged(asking, (IMPORT, "a = 1", stale), (IMPORT, f"a = {stale}", stale))

    assert mended.passed, mended.evidence
    assert (spread.passed, spread.cells) == (False, (1,))


async def test_what_could_not_be_read_before_was_there_before(asking: Asking) -> None:
    unread = await judged(asking, (IMPORT, "print 'x'\nshelf.unicode_(1)"), (IMPORT, "print('x')\nshelf.unicode_(1)"))
    hidden = await judged(
        asking,
        ("import shelf\nprint 'x'", "y = unichr(1)\nshelf.unicode_(1)"),
        ("import shelf\nprint('x')", "y = chr(1)\nshelf.unicode_(1)"),
    )
    brought = await judged(
        asking,
        ("import shelf\nprint 'x'", "y = unichr(1)\nshelf.unicode_(1)"),
        ("import shelf\nprint('x')", "y = chr(1)\nshelf.that_does_not_exist(1)"),
    )

    assert unread.passed, unread.evidence
    assert hidden.passed, hidden.evidence
    assert (brought.passed, brought.cells) == (False, (1,))


async def test_a_finding_in_a_cell_that_nobody_edited_is_none_of_the_edits(asking: Asking) -> None:
    case = await judged(
        asking, ("import shelf as s", "s.unicode_(1)"), ("import shelf as s\nimport json", "s.unicode_(1)")
    )

    assert case.passed


class Fine:
    """A run on paper in which every cell is fine: the function that is wrong is never called."""

    async def execute(self, document: Document) -> Execution:
        return Execution(
            status="passed",
            cells=tuple(CellRun(cell=cell.index, status="ok") for cell in document.cells if cell.kind == "code"),
        )


async def test_a_validator_without_the_rule_runs_it_and_one_with_it_does_not(asking: Asking) -> None:
    base, head = (
        notebook(IMPORT, NEVER.format(text)) for text in ("shelf.unicode_(x)", "shelf.that_does_not_exist(x)")
    )
    settings = Settings(as_of=DAY)
    review = reviewer(asking)
    ran = await Fine().execute(base)
    attempt = change(base, head, BaseEvidence(first=ran, second=ran))
    rules = gates(settings, review, asking)

    whole = await Validator(rules, Fine(), review, lambda one: counts(one, settings))(attempt)
    broken = await Validator(
        [rule for rule in rules if not isinstance(rule, NoNewStaleness)], Fine(), review, lambda one: False
    )(attempt)

    assert whole.refused is not None
    assert whole.refused.name == "no_new_staleness"
    assert whole.head.status == "not_run"
    assert broken.passed


async def test_a_cell_that_could_be_read_stays_readable_by_another_rule() -> None:
    case = await WellFormed().check(change(notebook("a = 1"), notebook("a = = 1")))

    assert (case.passed, case.veto, case.cells) == (False, True, (0,))
