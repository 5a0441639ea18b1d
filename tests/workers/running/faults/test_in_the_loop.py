"""What the loop makes of an inquiry: who is asked, when, and what is left alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.workers.test_loop import Scripted, Toy
from workers.budget import Budget
from workers.contract.domain import BaseEvidence, Cause, Execution, Fresh, Improved, Repaired, StopReason, Unrepaired
from workers.contract.faults import Fault, Side, Tried
from workers.loop import mend

if TYPE_CHECKING:
    from workers.contract.domain import Finding, Repair
    from workers.protocols import Document, Task


@dataclass
class Asked:
    """An inquiry that notes what it is told."""

    base: BaseEvidence
    mends_code: bool
    heads: list[Document] = field(default_factory=list["Document"])
    blamed: int = 0

    @property
    def fault(self) -> Fault:
        tried = (Tried(versions="declared", copy="base", status="failed"),)
        return Fault(side=Side.EITHER, sentence=f"It moved, searched {self.blamed} times.", tried=tried)

    def told(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(replace(each, cause=Cause.ENVIRONMENT, unlock=f"searched {self.blamed}") for each in findings)

    async def head(self, document: Document, run: Execution) -> None:
        self.heads.append(document)

    async def blame(self) -> None:
        self.blamed += 1


@dataclass
class Asks:
    """Asks about every base that fails."""

    mends_code: bool
    inquiry: Asked | None = None
    left_s: float | None = None

    async def inquire(self, document: Document, run: Execution, left_s: float | None) -> Asked | None:
        self.left_s = left_s
        if run.status == "failed":
            self.inquiry = Asked(BaseEvidence(first=run), self.mends_code)
        return self.inquiry


@dataclass
class OneThenNothing(Scripted):
    """A rung with one thing to offer."""

    async def propose(self, task: Task) -> Repair | None:
        return None if self.tasks else await super().propose(task)


class CountsNothing(Toy):
    """Stages of an owner who asked for none of these classes."""

    def counts(self, finding: Finding) -> bool:
        return False


async def test_an_artifact_whose_code_is_not_to_be_edited_is_left_to_a_person_and_no_rung_is_asked() -> None:
    rung, asks = Scripted(["new"]), Asks(mends_code=False)

    report = await mend(notebook("boom"), Toy(ladder=[rung], faults=asks))

    assert isinstance(report.outcome, Unrepaired)
    assert report.outcome.reason is StopReason.NEEDS_HUMAN
    assert rung.tasks == []
    assert report.note == "It moved, searched 0 times."
    assert report.fault is not None
    assert (
        {each.cause for each in report.findings}
        == {each.cause for each in report.outcome.remaining}
        == {Cause.ENVIRONMENT}
    )


async def test_a_copy_that_passes_is_shown_to_the_inquiry_and_nothing_is_searched() -> None:
    asks = Asks(mends_code=True)

    report = await mend(notebook("boom"), Toy(ladder=[Scripted(["worse boom", "new"])], faults=asks))

    assert report.outcome == Repaired(iteration=2)
    assert asks.inquiry is not None
    assert [document.cells[0].source for document in asks.inquiry.heads] == ["new"]
    assert asks.inquiry.blamed == 0


async def test_where_no_rung_has_anything_the_versions_are_searched_and_the_findings_say_it() -> None:
    asks = Asks(mends_code=True)

    report = await mend(notebook("boom"), Toy(faults=asks))

    assert isinstance(report.outcome, Unrepaired)
    assert [each.unlock for each in report.outcome.remaining] == ["searched 1"]
    assert report.fault is not None
    assert report.fault.sentence == "It moved, searched 1 times."


async def test_a_failure_that_does_not_count_for_the_owner_is_not_inquired_into() -> None:
    asks = Asks(mends_code=False)

    report = await mend(notebook("boom"), CountsNothing(faults=asks))

    assert report.outcome == Fresh()
    assert asks.inquiry is None


async def test_a_deeper_failure_of_a_copy_is_not_told_as_the_one_that_was_inquired_into() -> None:
    asks = Asks(mends_code=True)
    gives_up = OneThenNothing(["old deeper"])

    report = await mend(notebook("boom"), Toy(ladder=[gives_up], faults=asks))

    assert isinstance(report.outcome, Improved)
    (left,) = report.outcome.remaining
    assert (left.cause, left.unlock) == (Cause.CODE, "")
    assert {each.unlock for each in report.findings} == {"searched 1"}


async def test_what_runs_is_not_inquired_into() -> None:
    asks = Asks(mends_code=False)

    report = await mend(notebook("old"), Toy(ladder=[Scripted(["new"])], faults=asks))

    assert report.outcome == Repaired(iteration=1)
    assert report.fault is None


async def test_an_inquiry_is_told_what_the_budget_has_left() -> None:
    asks = Asks(mends_code=False)

    await mend(notebook("boom"), Toy(faults=asks), budget=Budget(wall_s=100.0))

    assert asks.left_s is not None
    assert 0 < asks.left_s <= 100
