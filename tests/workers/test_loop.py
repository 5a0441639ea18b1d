"""The loop over a toy world: a cell holding `old` is stale, a cell holding `boom` fails when it runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest

from tests.builders import notebook
from workers.budget import Budget
from workers.contract.domain import (
    Case,
    Cause,
    CellError,
    CellRun,
    Edit,
    Errored,
    Execution,
    Finding,
    Fresh,
    Improved,
    IssueType,
    Place,
    Record,
    Repair,
    Repaired,
    Report,
    Rung,
    Severity,
    Staleness,
    StopReason,
    Unrepaired,
    Validation,
    finding_id,
)
from workers.contract.errors import SandboxUnavailableError
from workers.loop import mend, mend_all
from workers.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.protocols import Change, Document, Faults, Repairer, Task


def stale(document: Document, cell: int, occurrence: int = 0, severity: Severity = Severity.HIGH) -> Finding:
    return Finding(
        id=finding_id("toy/old", document.cells[cell].source, occurrence),
        artifact=document.path,
        place=Place(cell=cell),
        issue_type=IssueType.DEPRECATED_API,
        severity=severity,
        staleness=Staleness.DEPRECATED,
        rung=Rung.E4,
        cause=Cause.CODE,
        rule="toy/old",
        message="`old` is old",
    )


@dataclass
class Toy:
    """Stages over text: real review, real validation, a ladder given by the test."""

    ladder: Sequence[Repairer] = ()
    refuse: tuple[str, ...] = ()
    """Words that the conduct of this world forbids."""
    runs: list[str] = field(default_factory=list[str])
    flaky: bool = False
    reviewed: list[str] = field(default_factory=list[str])
    faults: Faults | None = None
    in_sight: list[int] = field(default_factory=list[int])

    def ahead(self, count: int) -> None:
        self.in_sight.append(count)

    async def again(self, document: Document) -> Execution:
        return await self.execute(document)

    async def execute(self, document: Document) -> Execution:
        self.runs.append(document.artifact.digest)
        runs: list[CellRun] = []
        status: Literal["passed", "failed"] = "passed"
        for cell in document.cells:
            if status == "failed":
                runs.append(CellRun(cell=cell.index, status="not_run"))
            elif "boom" in cell.source or (self.flaky and len(self.runs) % 2 == 0):
                status = "failed"
                name = "SyntaxError" if "unparsable" in cell.source else "BoomError"
                error = CellError(name=name, message=cell.source, traceback="", line=1)
                runs.append(CellRun(cell=cell.index, status="error", error=error))
            else:
                runs.append(CellRun(cell=cell.index, status="ok"))
        return Execution(status=status, cells=tuple(runs))

    async def review(self, document: Document, execution: Execution) -> tuple[Finding, ...]:
        self.reviewed.append(document.artifact.digest)
        return tuple(stale(document, c.index) for c in document.cells if "old" in c.source or "boom" in c.source)

    def counts(self, finding: Finding) -> bool:
        return finding.severity is not Severity.LOW

    def delivered(self, base: Document, head: Document, run: Execution) -> Document:
        return head

    async def validate(self, change: Change) -> Validation:
        words = [word for word in self.refuse if any(word in edit.new for edit in change.repair.edits)]
        if words:
            case = Case(name="conduct", passed=False, veto=True, cells=tuple(e.cell for e in change.repair.edits))
            return Validation(
                cases=(case,), head=Execution(status="not_run", reason="refused"), remaining=change.base_findings
            )
        head = await self.execute(change.head)
        ran = Case(name="execution", passed=head.status == "passed")
        return Validation(cases=(ran,), head=head, remaining=await self.review(change.head, head))


@dataclass
class Scripted:
    """A rung that answers with the next of its texts for the first stale cell, and repeats the last for ever."""

    texts: list[str]
    name: str = "scripted"
    tasks: list[Task] = field(default_factory=list["Task"])
    cost_usd: float = 0.0
    every_cell: bool = False

    async def propose(self, task: Task) -> Repair | None:
        self.tasks.append(task)
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        edits = [
            Edit(cell=c, start=0, end=len(s), old=s, new=text)
            for c, s in ((f.place.cell, task.document.cells[f.place.cell].source) for f in task.findings if f.place)
        ]
        chosen = [edit for edit in edits if edit.key not in task.refused][: None if self.every_cell else 1]
        if not chosen:
            return None
        return Repair(edits=tuple(chosen), by=self.name, changes_made=("a change",), cost_usd=self.cost_usd)


async def test_an_artifact_with_nothing_stale_is_fresh_and_no_rung_is_asked() -> None:
    rung = Scripted(["new"])
    toy = Toy(ladder=[rung])

    report = await mend(notebook("x = 1"), toy)

    assert report.outcome == Fresh()
    assert rung.tasks == []
    assert len(toy.runs) == 1
    assert toy.in_sight == [], "nothing is made ready for runs that nobody needs"


async def test_an_artifact_that_could_not_be_run_is_not_called_fresh() -> None:
    class Unstartable(Toy):
        async def execute(self, document: Document) -> Execution:
            return Execution(status="not_run", reason="the kernel did not start: no zmq")

    report = await mend(notebook("x = 1"), Unstartable())

    assert report.outcome == Errored(reason="it could not be run: the kernel did not start: no zmq")


async def test_a_repair_that_passes_ends_the_loop_after_one_iteration() -> None:
    toy = Toy(ladder=[Scripted(["new"])])

    report = await mend(notebook("boom"), toy)

    assert report.outcome == Repaired(iteration=1)
    assert len(report.records) == 1


async def test_the_base_runs_a_second_time_before_a_repair_is_judged() -> None:
    document = notebook("boom")
    toy = Toy(ladder=[Scripted(["new"])])

    report = await mend(document, toy)

    assert toy.runs.count(document.artifact.digest) == 2
    assert report.base is not None
    assert report.base.second is not None


async def test_a_base_that_ends_differently_twice_is_flaky_and_starts_no_repair() -> None:
    toy = Toy(ladder=[Scripted(["new"])], flaky=True)

    report = await mend(notebook("old"), toy)

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.NEEDS_HUMAN)
    assert report.base is not None
    assert report.base.flaky
    assert report.records == ()


async def test_an_engine_that_never_passes_stops_at_the_iteration_limit() -> None:
    toy = Toy(ladder=[Scripted(["boom 1", "boom 2", "boom 3", "boom 4", "boom 5"])])

    report = await mend(notebook("boom 0"), toy, budget=Budget(max_iterations=3))

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.MAX_ITERATIONS)
    assert len(report.records) == 3
    assert toy.in_sight == [2, 1, 1], "the base's second run and the copy's, then a copy's each"


async def test_an_engine_that_repeats_itself_stops_at_the_second_iteration() -> None:
    toy = Toy(ladder=[Scripted(["boom 1"])])

    report = await mend(notebook("boom 0"), toy)

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.NO_PROGRESS)
    assert len(report.records) == 2


async def test_a_delta_seen_two_iterations_ago_is_no_progress() -> None:
    toy = Toy(ladder=[Scripted(["boom 1", "boom 2", "boom 1", "boom 3"])])

    report = await mend(notebook("boom 0"), toy, budget=Budget(max_iterations=9))

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.NO_PROGRESS)
    assert len(report.records) == 3


async def test_nothing_to_offer_is_for_a_human() -> None:
    report = await mend(notebook("old"), Toy(ladder=[]))

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.NEEDS_HUMAN)


async def test_the_next_rung_is_asked_when_the_one_before_has_nothing_new() -> None:
    refused, accepted = Scripted(["cheat"]), Scripted(["new"], name="second")
    toy = Toy(ladder=[refused, accepted], refuse=("cheat",))

    report = await mend(notebook("old"), toy)

    assert report.outcome == Repaired(iteration=2)
    assert [record.repair.by for record in report.records] == ["scripted", "second"]


async def test_a_refused_edit_is_never_offered_again_but_the_others_are() -> None:
    rung = Scripted(["cheat", "new"])
    toy = Toy(ladder=[rung], refuse=("cheat",))

    report = await mend(notebook("old"), toy)

    assert report.outcome == Repaired(iteration=2)
    assert next(iter(rung.tasks[1].refused))[3] == "cheat"


async def test_money_ends_the_loop() -> None:
    toy = Toy(ladder=[Scripted(["boom 1", "boom 2", "boom 3", "boom 4"], cost_usd=1.0)])

    report = await mend(notebook("boom 0"), toy, budget=Budget(cost_usd=2.0, max_iterations=9))

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.BUDGET)
    assert len(report.records) == 2


async def test_wall_time_ends_the_loop() -> None:
    toy = Toy(ladder=[Scripted(["new"])])

    report = await mend(notebook("old"), toy, budget=Budget(wall_s=0.0))

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.BUDGET)
    assert "wall time" in report.note


async def test_the_best_attempt_is_delivered_not_the_last() -> None:
    toy = Toy(ladder=[Scripted(["new", "boom"])])

    report = await mend(notebook("old a", "old b"), toy, budget=Budget(max_iterations=2))

    assert isinstance(report.outcome, Improved)
    assert report.outcome.iteration == 1
    assert [finding.place for finding in report.outcome.remaining] == [Place(cell=1)]


async def test_later_iterations_review_and_repair_the_best_copy_so_far() -> None:
    rung = Scripted(["new"])
    toy = Toy(ladder=[rung])

    report = await mend(notebook("old a", "old b"), toy)

    assert report.outcome == Repaired(iteration=2)
    assert rung.tasks[1].document.cells[0].source == "new"
    assert [finding.place for finding in rung.tasks[1].findings] == [Place(cell=1)]


async def test_a_first_failure_that_moves_later_is_an_improvement() -> None:
    toy = Toy(ladder=[Scripted(["new", "boom again"])])

    report = await mend(notebook("boom", "x", "boom"), toy, budget=Budget(max_iterations=2))

    assert isinstance(report.outcome, Improved)
    assert report.records[0].validation.head.failed_cell == 2


@pytest.mark.parametrize(("cell", "outcome"), [("boom unparsable", Improved), ("boom before", Unrepaired)])
async def test_a_cell_that_fails_where_it_could_not_even_begin_is_an_improvement(
    cell: str, outcome: type[Improved | Unrepaired]
) -> None:
    toy = Toy(ladder=[Scripted(["boom"])])

    report = await mend(notebook(cell), toy, budget=Budget(max_iterations=1))

    assert isinstance(report.outcome, outcome)


async def test_a_new_finding_in_a_cell_that_ran_before_is_no_improvement() -> None:
    toy = Toy(ladder=[Scripted(["x = old"])])

    report = await mend(notebook("old a", "boom"), toy, budget=Budget(max_iterations=1))

    assert isinstance(report.outcome, Unrepaired)


async def test_findings_that_do_not_count_are_shown_and_start_nothing() -> None:
    class Quiet(Toy):
        async def review(self, document: Document, execution: Execution) -> tuple[Finding, ...]:
            return (stale(document, 0, severity=Severity.LOW),)

    report = await mend(notebook("old"), Quiet(ladder=[Scripted(["new"])]))

    assert report.outcome == Fresh()
    assert len(report.findings) == 1


async def test_a_sandbox_that_is_gone_is_an_operational_error_and_not_the_artifact_s_fault() -> None:
    class Boxless(Toy):
        async def execute(self, document: Document) -> Execution:
            raise SandboxUnavailableError("no box")

    report = await mend(notebook("old"), Boxless())

    assert report.outcome == Errored(reason="no box")


async def test_one_crashing_artifact_never_loses_another_s_result() -> None:
    class Crashing(Toy):
        async def execute(self, document: Document) -> Execution:
            if document.path == "b.ipynb":
                raise ZeroDivisionError("a bug")
            return await super().execute(document)

    documents = [notebook("x", path=path) for path in ("a.ipynb", "b.ipynb", "c.ipynb")]
    reports = await mend_all(documents, Crashing(), jobs=3)

    assert [report.outcome for report in reports] == [Fresh(), Errored(reason="ZeroDivisionError: a bug"), Fresh()]


async def test_at_most_the_given_number_of_artifacts_run_at_once() -> None:
    running, most = 0, 0

    class Counting(Toy):
        async def execute(self, document: Document) -> Execution:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1
            return await super().execute(document)

    await mend_all([notebook("x", path=f"{n}.ipynb") for n in range(6)], Counting(), jobs=2)

    assert most == 2


async def test_cancelling_ends_what_runs_and_reports_what_is_known() -> None:
    cancelled = asyncio.Event()
    ended: list[str] = []

    class Slow(Toy):
        async def validate(self, change: Change) -> Validation:
            cancelled.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(change.head.path)
            raise AssertionError("not reached")

    toy = Slow(ladder=[Scripted(["new"])])
    report = await mend(notebook("old"), toy, watch=Watch(cancelled=cancelled))

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.CANCELLED)
    assert ended == ["a.ipynb"]


class Raising:
    """A reporter and hook that always fails."""

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        raise RuntimeError("phase")

    def finished(self, report: Report) -> None:
        raise RuntimeError("finished")

    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        raise RuntimeError("hook")


async def test_reporters_and_hooks_that_raise_change_nothing() -> None:
    toy = Toy(ladder=[Scripted(["new"])])

    report = await mend(notebook("old"), toy, watch=Watch(progress=[Raising()], hooks=[Raising()]))

    assert report.outcome == Repaired(iteration=1)


async def test_a_hook_may_veto_an_attempt_which_is_recorded_and_not_run() -> None:
    class No:
        async def before_attempt(self, document: Document, repair: Repair) -> str | None:
            return "not on a Friday"

    document = notebook("old")
    toy = Toy(ladder=[Scripted(["new"])])
    report = await mend(document, toy, watch=Watch(hooks=[No()]))

    assert report.outcome == Unrepaired(remaining=report.findings, reason=StopReason.NEEDS_HUMAN)
    assert report.records[0].validation.cases[0].evidence == "not on a Friday"
    assert set(toy.runs) == {document.artifact.digest}


async def test_every_updated_copy_is_handed_over_with_its_record() -> None:
    kept: list[tuple[str, int]] = []

    def keep(document: Document, record: Record) -> None:
        kept.append((document.cells[0].source, record.iteration))

    toy = Toy(ladder=[Scripted(["boom 1", "new"])])
    await mend(notebook("boom 0"), toy, watch=Watch(on_record=keep))

    assert kept == [("boom 1", 1), ("new", 2)]


@pytest.mark.parametrize("passed", [True, False])
def test_the_overall_verdict_is_always_recomputed_from_the_cases(*, passed: bool) -> None:
    head = Execution(status="passed")
    cases = (Case(name="a", passed=True), Case(name="b", passed=passed))

    assert Validation(cases=cases, head=head).passed is passed


def test_a_validation_without_cases_has_not_passed() -> None:
    assert not Validation(cases=(), head=Execution(status="passed")).passed


def test_a_validation_with_a_remaining_finding_has_not_passed() -> None:
    document = notebook("old")

    assert not Validation(
        cases=(Case(name="a", passed=True),), head=Execution(status="passed"), remaining=(stale(document, 0),)
    ).passed


def test_a_budget_under_which_nothing_could_be_tried_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        Budget(max_iterations=0)
