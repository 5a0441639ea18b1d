from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract.domain import BaseEvidence, CellError, CellRun, EvidenceLevel, Execution, KernelWarning
from workers.validate.execution import compare


def run(*cells: str, ended: str = "") -> Execution:
    """`ok`, `not_run`, `expected`, or the class of an error, per code cell."""
    runs = tuple(_cell(index, what) for index, what in enumerate(cells))
    failed = ended or any(one.status == "error" and not one.expected for one in runs)
    return Execution(status="failed" if failed else "passed", cells=runs, ended=ended)


def _cell(index: int, what: str) -> CellRun:
    if what == "ok":
        return CellRun(cell=index, status="ok", seconds=0.1)
    if what == "not_run":
        return CellRun(cell=index, status="not_run")
    error = CellError(name=what, message="it broke", traceback="Traceback ...", line=1)
    return CellRun(cell=index, status="error", error=error, expected=what == "expected")


NOT_RUN = Execution(status="not_run", reason="no box")
PASSED = run("ok", "ok", "ok")
FAILED = run("ok", "AttributeError", "not_run")


@pytest.mark.parametrize(
    ("base", "head", "execution", "regression"),
    [
        (PASSED, PASSED, True, True),
        (FAILED, PASSED, True, True),
        (NOT_RUN, PASSED, True, True),
        (PASSED, NOT_RUN, False, True),
        (FAILED, NOT_RUN, False, True),
        (NOT_RUN, NOT_RUN, False, True),
        (NOT_RUN, FAILED, False, True),
        (PASSED, FAILED, False, False),
        (FAILED, FAILED, False, True),
        (FAILED, run("ok", "TypeError", "not_run"), False, True),
        (FAILED, run("ok", "ok", "TypeError"), False, True),
        (FAILED, run("NameError", "not_run", "not_run"), False, False),
        (run("ok", "ok", "KeyError"), FAILED, False, False),
        (PASSED, run("ok", "ok", ended="timeout"), False, False),
        (PASSED, run("expected", "ok", "ok"), True, False),
        (run("expected", "ok", "ok"), PASSED, True, True),
        (run("expected", "ok", "ok"), run("expected", "ok", "ok"), True, True),
    ],
)
def test_a_head_passes_when_it_runs_to_its_end_and_regresses_when_a_cell_got_worse(
    base: Execution, head: Execution, *, execution: bool, regression: bool
) -> None:
    cases = compare(BaseEvidence(first=base), head, frozenset({1}))

    assert [case.name for case in cases] == ["execution", "regression"]
    assert [case.passed for case in cases] == [execution, regression]
    assert [case.veto for case in cases] == [False, True]


def test_without_a_box_the_verdict_is_not_run_with_the_reason_and_never_passed() -> None:
    execution, _ = compare(BaseEvidence(first=NOT_RUN), NOT_RUN, frozenset({1}))

    assert not execution.passed
    assert "not run: no box" in execution.evidence
    assert NOT_RUN.level is EvidenceLevel.STATIC


def test_a_base_that_fails_for_want_of_data_makes_the_head_partial_up_to_that_cell() -> None:
    base = head = run("ok", "FileNotFoundError", "not_run")

    execution, regression = compare(BaseEvidence(first=base), head, frozenset({0}))

    assert not execution.passed
    assert "partial: runs until cell 0" in execution.evidence
    assert "the same error as the base's" in execution.evidence
    assert regression.passed


def test_a_flaky_base_proves_nothing() -> None:
    execution, _ = compare(BaseEvidence(first=FAILED, second=PASSED), PASSED, frozenset({1}))

    assert not execution.passed
    assert "flaky" in execution.evidence


@pytest.mark.parametrize(
    ("frames", "edited", "blamed"),
    [
        ((("cell:0", 1, "f"), ("cell:1", 2, "<module>")), {0, 2}, (0,)),
        ((), {1, 2}, (1,)),
        ((), {0, 2}, (0,)),
        ((), {2}, (2,)),
    ],
)
def test_a_regression_blames_the_edited_cells_it_comes_from(
    frames: tuple[tuple[str, int, str], ...], edited: set[int], blamed: tuple[int, ...]
) -> None:
    head = run("ok", "NameError", "not_run")
    error = CellError(name="NameError", message="no", traceback="", line=1, frames=frames)
    head = replace(head, cells=(head.cells[0], replace(head.cells[1], error=error), head.cells[2]))

    _, regression = compare(BaseEvidence(first=PASSED), head, frozenset(edited))

    assert regression.cells == blamed


def test_a_new_warning_and_a_slow_cell_are_said() -> None:
    warning = KernelWarning(category="FutureWarning", message="'M' is deprecated", line=1)
    slow = CellRun(cell=0, status="ok", seconds=60.0, warnings=(warning,))

    execution, _ = compare(BaseEvidence(first=run("ok")), Execution(status="passed", cells=(slow,)), frozenset({0}))

    assert execution.passed
    assert "newly warns FutureWarning" in execution.feedback
    assert "60.0 s instead of 0.1 s" in execution.feedback


def test_the_evidence_is_bounded_and_masked() -> None:
    key = "AK" + "IA" + "ABCDEFGHIJKLMNOP"
    error = CellError(
        name="ValueError", message="x", traceback=f"\x1b[31m{key}\x1b[0m\n" + "line\n" * 2_000_000, line=1
    )
    head = Execution(status="failed", cells=(CellRun(cell=0, status="error", error=error),))

    execution, _ = compare(BaseEvidence(first=run("ok")), head, frozenset({0}))

    assert len(execution.evidence) <= 1200
    assert key not in execution.evidence
    assert "\x1b" not in execution.evidence


def test_an_edit_in_a_cell_that_did_not_run_is_said_to_be_unproven_and_the_run_to_be_reduced() -> None:
    head = replace(run("ok", "ok", "not_run"), reduced="only to cell 1")

    proven, _ = compare(BaseEvidence(first=head), head, frozenset({1}))
    beyond, _ = compare(BaseEvidence(first=head), head, frozenset({1, 2}))

    assert head.level is EvidenceLevel.PARTIAL
    assert "run only to cell 1" in proven.evidence
    assert ("not proven" in proven.evidence, "not proven: cell 2" in beyond.evidence) == (False, True)


def test_a_run_of_every_cell_with_other_values_is_no_full_run() -> None:
    assert replace(PASSED, reduced="with the owner's parameters epochs=1").level is EvidenceLevel.PARTIAL
    assert PASSED.level is EvidenceLevel.EXECUTED
