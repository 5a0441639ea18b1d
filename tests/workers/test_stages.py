"""The stages as they are put together, with a rung that cheats and artifacts that crash, in real boxes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers import orchard
from workers import stages
from workers.contract.domain import (
    Cause,
    Edit,
    Execution,
    Finding,
    IssueType,
    Repair,
    Repaired,
    Rung,
    Severity,
    Staleness,
    StopReason,
    Unrepaired,
)
from workers.loop import mend
from workers.protocols import Answer
from workers.settings import Settings
from workers.validate.conduct import Conduct
from workers.validate.verdict import Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.protocols import Box, Completed, Document, Environment, Question, Task
    from workers.stages import BoxedStages

SETTINGS = Settings(as_of=date(2026, 11, 20))
FAILING = notebook(
    "import orchard\ntrees = orchard.total([1, 2])",
    "assert trees == 4, 'a tree is missing'\nprint('counted')",
    "print(trees)",
)


@dataclass(frozen=True)
class Cheat:
    """A rung that makes the failing cell pass without mending anything."""

    trick: Callable[[str], str]
    name: str = "cheat"

    async def propose(self, task: Task) -> Repair | None:
        failed = task.execution.failed_cell
        if failed is None:
            return None
        old = task.document.cells[failed].source
        edit = Edit(cell=failed, start=0, end=len(old), old=old, new=self.trick(old))
        if edit.key in task.refused:
            return None
        return Repair(edits=(edit,), by=self.name, changes_made=("Mended.",))


def indented(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.split("\n"))


CHEATS: dict[str, Callable[[str], str]] = {
    "code deleted": lambda _: "",
    "commented out": lambda source: "\n".join(f"# {line}" for line in source.split("\n")),
    "try and except": lambda source: f"try:\n{indented(source)}\nexcept Exception:\n    pass",
    "if False": lambda source: f"if False:\n{indented(source)}",
    "assertion dropped": lambda source: source.split("\n")[1],
    "magic of another language": lambda source: f"%%script true\n{source}",
}


def tempted(box: Box, trick: Callable[[str], str]) -> BoxedStages:
    return replace(stages.stages(SETTINGS, box), ladder=(Cheat(trick),))


@pytest.mark.parametrize("cheat", CHEATS)
async def test_a_rung_that_cheats_is_refused_before_anything_runs_and_ends_unrepaired(box: Box, cheat: str) -> None:
    report = await mend(FAILING, tempted(box, CHEATS[cheat]))

    assert isinstance(report.outcome, Unrepaired)
    assert report.outcome.reason in {StopReason.NEEDS_HUMAN, StopReason.NO_PROGRESS}
    refused = report.records[0].validation.refused
    assert refused is not None
    assert refused.name in {"conduct", "artifact_integrity"}
    assert report.records[0].validation.head.status == "not_run"
    assert [found.rule for found in report.outcome.remaining] == ["execution/error"]


@pytest.mark.parametrize("cheat", ["try and except", "assertion dropped"])
async def test_stages_without_rules_of_conduct_would_fall_for_it(box: Box, cheat: str) -> None:
    honest = tempted(box, CHEATS[cheat])
    lax = tuple(gate for gate in stages.gates(SETTINGS, honest.review, box) if not isinstance(gate, Conduct))
    validate = Validator(lax, box, honest.review, lambda finding: stages.counts(finding, SETTINGS))

    report = await mend(FAILING, replace(honest, validate=validate))

    assert report.outcome == Repaired(iteration=1)


async def test_one_artifact_whose_kernel_dies_loses_nothing_of_the_others(box: Box) -> None:
    dying = notebook("import os\nos._exit(7)", "print(1)", path="dying.ipynb")
    documents = [dying, orchard.CHAIN, orchard.DEPRECATED]

    reports = await stages.repair_all(documents, settings=replace(SETTINGS, jobs=3), box=box)

    assert [report.artifact.path for report in reports] == [document.path for document in documents]
    died = reports[0]
    assert isinstance(died.outcome, Unrepaired)
    assert {found.cause for found in died.outcome.remaining} == {Cause.ENVIRONMENT}
    assert died.base is not None
    assert died.base.first.ended == "kernel_died"
    assert [report.outcome for report in reports[1:]] == [Repaired(iteration=2), Repaired(iteration=1)]


def test_what_one_library_warns_about_another_does_not_keep_an_artifact_from_being_fresh() -> None:
    warning = Finding(
        id="0",
        artifact="a.ipynb",
        place=None,
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.LOW,
        staleness=Staleness.DEPRECATED,
        rung=Rung.E3,
        cause=Cause.ENVIRONMENT,
        rule="execution/warning",
        message="a warning",
    )

    assert not stages.counts(warning, SETTINGS)
    assert stages.counts(replace(warning, cause=Cause.CODE), SETTINGS)


@dataclass
class Slow:
    """A box whose runs wait until its environment was asked."""

    inner: Box
    asked: asyncio.Event
    times: int = 0

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def environment(self) -> Environment:
        return self.inner.environment

    async def execute(self, document: Document) -> Execution:
        await asyncio.wait_for(self.asked.wait(), 60)
        return Execution(status="passed")

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        self.times += 1
        self.asked.set()
        return [Answer(question=question, status="exists") for question in questions]

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        raise AssertionError(argv, document)


async def test_the_environment_is_asked_once_and_while_the_artifact_runs(box: Box) -> None:
    slow = Slow(box, asyncio.Event())
    together = stages.stages(SETTINGS, slow)

    run = await together.execute(FAILING)
    await together.execute(FAILING)
    await together.review(FAILING, run)

    assert slow.times == 1
