from __future__ import annotations

import pytest

from workers.contract.domain import CellRun, EvidenceLevel, Execution

OK, SKIPPED = CellRun(cell=0, status="ok"), CellRun(cell=1, status="not_run")
FAILED = CellRun(cell=1, status="error")


@pytest.mark.parametrize(
    ("run", "level"),
    [
        (Execution(status="passed", cells=(OK,)), EvidenceLevel.EXECUTED),
        (Execution(status="passed", cells=(OK, SKIPPED)), EvidenceLevel.PARTIAL),
        (Execution(status="passed", cells=(SKIPPED,)), EvidenceLevel.STATIC),
        (Execution(status="failed", cells=(OK, FAILED)), EvidenceLevel.PARTIAL),
        (Execution(status="failed", cells=(FAILED,)), EvidenceLevel.STATIC),
        (Execution(status="not_run"), EvidenceLevel.STATIC),
    ],
)
def test_a_run_is_worth_no_more_as_evidence_than_the_cells_that_ran(run: Execution, level: EvidenceLevel) -> None:
    assert run.level is level
