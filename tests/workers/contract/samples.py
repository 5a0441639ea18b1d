"""Runs for tests: every kind of outcome, and any run at all."""

from __future__ import annotations

from hypothesis import strategies as st

from workers.contract.domain import (
    Artifact,
    BaseEvidence,
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
    KernelWarning,
    Outcome,
    Place,
    Provenance,
    Record,
    Repair,
    Repaired,
    Report,
    Run,
    Rung,
    Severity,
    Skipped,
    Staleness,
    StopReason,
    Unrepaired,
    Validation,
    finding_id,
)

OLD, NEW = "np.bool", "bool"
FAILED = Execution(
    status="failed",
    cells=(
        CellRun(cell=0, status="ok", seconds=0.5),
        CellRun(
            cell=1,
            status="error",
            error=CellError(name="AttributeError", message="no attribute 'bool'", traceback="…", line=1),
        ),
    ),
    seconds=1.25,
)
PASSED = Execution(
    status="passed",
    cells=(
        CellRun(cell=0, status="ok", seconds=0.5),
        CellRun(cell=1, status="ok", warnings=(KernelWarning(category="FutureWarning", message="soon", line=1),)),
    ),
    seconds=1.5,
)
PROVENANCE = Provenance(
    version="1.2.3",
    python="3.11.7",
    environment="e" * 64,
    configuration="c" * 64,
    rules="a" * 64,
    sandbox="bubblewrap",
    as_of="2026-11-20",
)


def finding(message: str = "`np.bool` is gone", *, unlock: str = "", cause: Cause = Cause.CODE) -> Finding:
    """A finding in cell 1."""
    return Finding(
        id=finding_id("numpy/bool", message),
        artifact="a.ipynb",
        place=Place(cell=1, line=1, column=7, file_line=21),
        issue_type=IssueType.DEPRECATED_API,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E5,
        cause=cause,
        rule="numpy/bool",
        message=message,
        evidence="AttributeError: no attribute 'bool'",
        fix="use `bool`",
        unlock=unlock,
    )


def record(iteration: int = 1, *, left: tuple[Finding, ...] = (), accepted: bool = True) -> Record:
    """One iteration that moves `np.bool` to `bool`."""
    case = Case(
        name="execution", passed=accepted, veto=not accepted, feedback="" if accepted else "it fails earlier now"
    )
    return Record(
        iteration=iteration,
        review=(finding(),),
        repair=Repair(
            edits=(Edit(cell=1, start=6, end=13, old=OLD, new=NEW),),
            by="rules",
            changes_made=(f"`np.bool` to `bool` in cell 1, try {iteration}",),
            findings=(finding().id,),
            model_calls=2,
            cost_usd=0.25,
        ),
        validation=Validation(cases=(case,), head=PASSED if accepted else FAILED, remaining=left),
        updated="b" * 64,
        seconds=2.0,
    )


def report(outcome: Outcome, path: str = "a.ipynb", *, records: tuple[Record, ...] = (), base: bool = True) -> Report:
    """A report about an artifact that fails as it is."""
    return Report(
        artifact=Artifact(path=path, kind="notebook", digest="d" * 64),
        outcome=outcome,
        findings=(finding(),) if base else (),
        base=BaseEvidence(first=FAILED) if base else None,
        records=records,
        seconds=3.0,
    )


LEFT = finding(
    "`oaieval` is a command of a retired platform", unlock="an owner chooses a successor", cause=Cause.UPSTREAM
)
REPORTS = (
    report(Fresh(), "fresh.ipynb"),
    report(Repaired(iteration=1), "repaired.ipynb", records=(record(),)),
    report(
        Improved(iteration=2, remaining=(LEFT,), reason=StopReason.NEEDS_HUMAN),
        "improved.ipynb",
        records=(record(1, accepted=False), record(2, left=(LEFT,))),
    ),
    report(
        Unrepaired(remaining=(finding(),), reason=StopReason.NO_PROGRESS),
        "unrepaired.ipynb",
        records=(record(1, accepted=False),),
    ),
    report(Skipped(reason="its kernel speaks 'r'; only Python is run"), "skipped.ipynb", base=False),
    report(Errored(reason="no box"), "errored.ipynb", base=False),
)


def run(*reports: Report) -> Run:
    """A run with these reports, or with one of each outcome."""
    return Run(
        id="20261120T081500Z-notebooks-3f9a",
        started="2026-11-20T08:15:00+00:00",
        reports=reports or REPORTS,
        provenance=PROVENANCE,
        seconds=12.0,
    )


# JSON has no word for NaN and infinity, and UTF-8 none for lone surrogates.
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
RUNS = st.from_type(Run)
RECORDS = st.from_type(Record)
