"""A repair that was known and that a rule refused: what is left says which rule, for it may be the owner's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.workers.test_loop import Toy, stale
from workers.contract.domain import (
    Case,
    Edit,
    Execution,
    Improved,
    Repair,
    StopReason,
    Unrepaired,
    Validation,
)
from workers.contract.report import reason, remains
from workers.loop import mend

if TYPE_CHECKING:
    from workers.contract.domain import Finding
    from workers.protocols import Change, Document, Task

PROTECTED = "protected-cell: cell 0 is protected"


class Renames:
    """A rung that makes every `old` new, and what was not refused before again."""

    name = "renames"

    async def propose(self, task: Task) -> Repair | None:
        edits = [
            (f, Edit(cell=f.place.cell, start=0, end=3, old="old", new="new"))
            for f in task.findings
            if f.rule == "toy/old" and f.place and task.document.cells[f.place.cell].source.startswith("old")
        ]
        made = [(f, edit) for f, edit in edits if edit.key not in task.refused]
        if not made:
            return None
        return Repair(
            edits=tuple(edit for _, edit in made),
            by=self.name,
            changes_made=("renamed",),
            findings=tuple(f.id for f, _ in made),
        )


@dataclass
class Protecting(Toy):
    """A world whose owner protects cells."""

    protected: tuple[int, ...] = (0,)

    async def validate(self, change: Change) -> Validation:
        touched = [edit.cell for edit in change.repair.edits if edit.cell in self.protected]
        if not touched:
            return await super().validate(change)
        case = Case(name="integrity", passed=False, veto=True, evidence=PROTECTED, cells=tuple(touched))
        return Validation(cases=(case,), head=Execution(status="not_run"), remaining=change.base_findings)


async def test_a_refused_repair_is_told_with_the_rule_that_refused_it() -> None:
    report = await mend(notebook("old"), Protecting(ladder=[Renames()]))

    assert isinstance(report.outcome, Unrepaired)
    assert report.outcome.reason is StopReason.NEEDS_HUMAN
    assert reason(report) == f"a rule refused the repair: `integrity`: {PROTECTED}"
    (left,) = report.outcome.remaining
    assert f"a rule refused it (`integrity`: {PROTECTED}). Mend it by hand, or change the rule" in remains(left)


async def test_a_finding_of_another_cell_is_not_said_to_be_refused() -> None:
    report = await mend(notebook("old", "boom"), Protecting(ladder=[Renames()]))

    assert isinstance(report.outcome, Unrepaired)
    assert ["refused" in left.unlock for left in report.outcome.remaining] == [True, False]


async def test_what_a_rule_let_pass_is_mended_beside_what_it_refused() -> None:
    report = await mend(notebook("old a", "old b"), Protecting(ladder=[Renames()]))

    assert isinstance(report.outcome, Improved)
    (left,) = report.outcome.remaining
    assert (left.place and left.place.cell, PROTECTED in left.unlock) == (0, True)


async def test_an_error_on_the_line_of_a_refused_repair_names_the_rule_too() -> None:
    class Failing(Protecting):
        async def review(self, document: Document, execution: Execution) -> tuple[Finding, ...]:
            found = stale(document, 0)
            return (found, replace(found, id="error", rule="execution/error"))

    report = await mend(notebook("old"), Failing(ladder=[Renames()]))

    assert isinstance(report.outcome, Unrepaired)
    assert all(PROTECTED in left.unlock for left in report.outcome.remaining)


async def test_without_a_refusal_nothing_is_said_of_one() -> None:
    report = await mend(notebook("boom"), Protecting(ladder=[Renames()]))

    assert isinstance(report.outcome, Unrepaired)
    assert reason(report) == "nothing is known for sure that would mend what is left"
    assert [left.unlock for left in report.outcome.remaining] == [""]
