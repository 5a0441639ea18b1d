from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.validate.changes import change
from workers.contract.domain import (
    BaseEvidence,
    Case,
    Cause,
    CellError,
    CellRun,
    Execution,
    Finding,
    IssueType,
    Place,
    Rung,
    Severity,
    Staleness,
)
from workers.contract.errors import ConfigError, SandboxUnavailableError
from workers.protocols import Completed
from workers.validate.commands import CommandCheck
from workers.validate.conduct import Conduct, integrity
from workers.validate.plugins import GROUP, Guarded, installed
from workers.validate.policy import Policy, PolicySettings
from workers.validate.verdict import Validator
from workers.validate.wellformed import WellFormed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.protocols import Change, Check, Document

STALE = "a = np.int(1)\n"
BASE = notebook("import numpy as np\n", STALE, ("markdown", "Text.\n"))
HEAD = notebook("import numpy as np\n", "a = int(1)\n", ("markdown", "Text.\n"))
CHEAT = notebook("import numpy as np\n", "a = 1\n", ("markdown", "Text.\n"))


@dataclass
class Paper:
    """Runs on paper: a cell that says `np.int` fails."""

    seen: list[str] = field(default_factory=list[str])

    async def execute(self, document: Document) -> Execution:
        self.seen.append("execute")
        return on_paper(document)


def on_paper(document: Document) -> Execution:
    runs: list[CellRun] = []
    for cell in document.cells:
        if cell.kind != "code":
            continue
        if any(run.status == "error" for run in runs):
            runs.append(CellRun(cell=cell.index, status="not_run"))
        elif "np.int(" in cell.source:
            error = CellError(name="AttributeError", message="no attribute 'int'", traceback="", line=1)
            runs.append(CellRun(cell=cell.index, status="error", error=error))
        else:
            runs.append(CellRun(cell=cell.index, status="ok"))
    return Execution(status="failed" if any(run.error for run in runs) else "passed", cells=tuple(runs))


async def review(document: Document, execution: Execution) -> tuple[Finding, ...]:
    return tuple(finding(cell.index) for cell in document.cells if "np.int(" in cell.source)


def finding(cell: int, issue: IssueType = IssueType.DEPRECATED_API, cause: Cause = Cause.CODE) -> Finding:
    return Finding(
        id=f"f{cell}",
        artifact="a.ipynb",
        place=Place(cell=cell),
        issue_type=issue,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E4,
        cause=cause,
        rule="numpy/int",
        message="`np.int` is gone",
    )


@dataclass
class Said:
    """A rule that says what it is told to, and notes that it was asked."""

    name: str
    passed: bool = True
    veto: bool = True
    seen: list[str] = field(default_factory=list[str])

    async def check(self, change: Change) -> Case:
        self.seen.append(self.name)
        return Case(name=self.name, passed=self.passed, veto=self.veto)


def standard() -> list[Check]:
    return [WellFormed(), integrity(), Conduct(), Policy()]


def proven(base: Document, head: Document) -> Change:
    return change(base, head, BaseEvidence(first=on_paper(base), second=on_paper(base)))


async def test_a_repair_that_runs_and_leaves_nothing_stale_passes() -> None:
    validation = await Validator(standard(), Paper(), review, lambda _: True)(proven(BASE, HEAD))

    assert validation.passed
    assert [case.name for case in validation.cases] == [
        "well_formed",
        "artifact_integrity",
        "conduct",
        "policy",
        "api_modernization",
        "setup_reproducibility",
        "execution",
        "regression",
        "outputs",
    ]


async def test_a_refused_attempt_is_never_run_and_leaves_the_delta_of_the_base() -> None:
    box = Paper()
    judged = proven(BASE, CHEAT)
    judged = type(judged)(
        base=judged.base,
        head=judged.head,
        repair=judged.repair,
        base_evidence=judged.base_evidence,
        base_findings=(finding(1),),
    )

    validation = await Validator(standard(), box, review, lambda _: True)(judged)

    assert validation.refused is not None
    assert validation.refused.name == "conduct"
    assert box.seen == []
    assert validation.head.status == "not_run"
    assert validation.remaining == (finding(1),)


async def test_rules_are_asked_in_order_until_a_veto_and_execution_comes_last() -> None:
    seen: list[str] = []
    rules = [Said("a", seen=seen), Said("b", passed=False, veto=False, seen=seen), Said("c", seen=seen)]

    complaint = await Validator(rules, Paper(seen), review, lambda _: True)(proven(BASE, HEAD))
    asked = list(seen)
    seen.clear()
    veto = await Validator(
        [*rules, Said("d", passed=False, seen=seen), Said("e", seen=seen)], Paper(seen), review, bool
    )(proven(BASE, HEAD))

    assert asked == ["a", "b", "c", "execute"]
    assert not complaint.passed
    assert complaint.refused is None
    assert seen == ["a", "b", "c", "d"]
    assert veto.refused is not None


async def test_what_remains_is_a_case_of_its_own_and_is_filtered_by_what_counts() -> None:
    everything = await Validator(standard(), Paper(), review, lambda _: True)(proven(BASE, BASE.edited([])))
    nothing = await Validator(standard(), Paper(), review, lambda _: False)(proven(BASE, BASE.edited([])))

    assert [case.passed for case in everything.cases if case.name == "api_modernization"] == [False]
    assert everything.remaining == (finding(1),)
    assert nothing.remaining == ()


async def test_an_edit_of_prose_alone_reuses_the_run_of_the_base() -> None:
    box = Paper()
    base = notebook("a = 1\n", ("markdown", "Old text.\n"))
    head = notebook("a = 1\n", ("markdown", "New text.\n"))

    validation = await Validator(standard(), box, review, lambda _: True)(proven(base, head))

    assert validation.passed
    assert box.seen == []
    assert validation.head == on_paper(base)
    assert "only prose changed" in validation.cases[-1].evidence


async def test_prose_of_a_failing_notebook_is_not_called_executed() -> None:
    head = notebook("import numpy as np\n", STALE, ("markdown", "Other text.\n"))

    validation = await Validator(standard(), Paper(), review, lambda _: False)(proven(BASE, head))

    assert not validation.passed


async def test_the_fast_rules_take_less_than_a_second_on_a_large_notebook() -> None:
    cells = [f"value_{number} = np.int({number}) + model.score(X, y)\nprint(value_{number})\n" for number in range(500)]
    base, head = notebook(*cells), notebook(*[cell.replace("np.int", "int") for cell in cells])
    rules = [*standard()[:-1], Policy(PolicySettings(diff_lines=10_000))]
    started = sum(os.times()[:4])

    cases = [await rule.check(change(base, head)) for rule in rules]

    assert [case.name for case in cases if not case.passed] == []
    # Of the processor, its children's too: what else the machine does is no matter. Generous; under 1 s where it is idle.
    assert sum(os.times()[:4]) - started < 5


async def test_a_missing_box_is_nobodys_verdict() -> None:
    class NoBox:
        async def execute(self, document: Document) -> Execution:
            raise SandboxUnavailableError("no box")

    with pytest.raises(SandboxUnavailableError):
        await Validator([], NoBox(), review, lambda _: True)(proven(BASE, HEAD))


class NoPrint:
    """A third-party validator."""

    name = "whatever it calls itself"

    async def check(self, change: Change) -> Case:
        printed = any("print" in cell.source for cell in change.head.cells)
        return Case(name="no-print", passed=not printed, veto=True)


class Broken:
    """A third-party validator with a bug."""

    name = "broken"

    async def check(self, change: Change) -> Case:
        raise ZeroDivisionError("their bug")


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=f"{__name__}:{value}", group=GROUP)


async def test_a_third_partys_validator_is_found_and_used() -> None:
    (check,) = installed([point("no-print", "NoPrint")])

    silent = await check.check(change(BASE, HEAD))
    loud = await check.check(change(BASE, notebook("print(1)\n")))

    assert check.name == "no-print"
    assert (silent.passed, loud.passed) == (True, False)


async def test_a_validator_that_raises_refuses_with_its_name() -> None:
    (check,) = installed([point("theirs", "Broken")])

    case = await check.check(change(BASE, HEAD))

    assert not case.passed
    assert case.evidence == "the validator theirs failed: ZeroDivisionError: their bug"


async def test_a_validator_that_answers_with_something_else_refuses_too() -> None:
    class Wrong:
        name = "wrong"

        async def check(self, change: Change) -> Case:
            return True  # pyright: ignore[reportReturnType]  # what the test is about

    case = await Guarded("wrong", Wrong()).check(change(BASE, HEAD))

    assert "answered with bool" in case.evidence


def test_a_validator_that_cannot_be_loaded_is_the_owners_to_mend() -> None:
    with pytest.raises(ConfigError, match="'gone'"):
        installed([point("gone", "Missing")])
    with pytest.raises(ConfigError, match="has no `check`"):
        installed([EntryPoint("odd", "builtins:dict", GROUP)])


def test_no_validator_is_installed_with_the_project() -> None:
    assert installed() == ()


@dataclass
class Shell:
    """Runs commands on paper."""

    returncode: int
    argv: list[str] = field(default_factory=list[str])

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        self.argv = list(argv)
        if self.returncode < 0:
            raise TimeoutError
        return Completed(returncode=self.returncode, output="\x1b[31mline\n" * 100_000)


@pytest.mark.parametrize(("returncode", "passed"), [(0, True), (1, False), (-1, False)])
async def test_the_owners_command_accepts_by_its_exit_code(returncode: int, *, passed: bool) -> None:
    shell = Shell(returncode)

    case = await CommandCheck(["ruff", "check", "{artifact}"], shell).check(change(BASE, HEAD))

    assert case.passed is passed
    assert shell.argv == ["ruff", "check", "a.ipynb"]
    assert len(case.evidence) < 1400


async def test_a_command_that_only_the_repair_breaks_says_that_the_base_passed_it() -> None:
    class Particular:
        async def run(self, argv: Sequence[str], document: Document) -> Completed:
            return Completed(returncode=int(document == HEAD), output="")

    case = await CommandCheck(["check"], Particular()).check(change(BASE, HEAD))

    assert not case.passed
    assert case.evidence == "the unchanged artifact passes it; exit code 1"
