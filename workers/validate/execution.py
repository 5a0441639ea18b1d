"""What running shows: does the head run, and does everything that ran before still run? The claim never exceeds the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.domain import Case, Severity
from workers.validate.excerpts import masked

if TYPE_CHECKING:
    from workers.contract.domain import BaseEvidence, CellRun, Execution

_SLOWER = 5.0
_SLOW_S = 5.0
"""A cell that takes five times as long as before, and at least five seconds longer, is worth a word."""
_SHOWN = 5


def compare(base: BaseEvidence, head: Execution, edited: frozenset[int]) -> tuple[Case, Case]:
    """The cases `execution` (the head runs to its end) and `regression` (nothing got worse; a veto)."""
    return (_execution(base, head, edited), _regression(base.first, head, edited))


def alike(head: Execution, twin: Execution) -> Case:
    """The case `varied`: what passes has to pass with another hash seed and host name too."""
    if twin.status == "passed":
        return Case(name="varied", passed=True, evidence="passes with another hash seed and host name too")
    sentence = f"with another hash seed and host name it {ending(twin)}"
    return Case(
        name="varied",
        passed=False,
        severity=Severity.HIGH,
        evidence=masked(f"head {ending(head)}; {sentence}"),
        feedback=masked(f"The head passes here, and {sentence}: it depends on the order of a set or on where it runs."),
    )


def ending(run: Execution) -> str:
    """How a run ended, in a clause."""
    match run.status:
        case "passed":
            reduced = f", run {run.reduced}" if run.reduced else ""
            return f"passes, {run.executed_cells} code cell(s){reduced}"
        case "not_run":
            return f"not run: {run.reason or 'no reason given'}"
        case "failed":
            error = run.error
            what = (
                f"{error.name}: {error.message.splitlines()[0] if error.message else ''}"[:300] if error else run.reason
            )
            place = f" at cell {run.failed_cell}" if run.failed_cell is not None else ""
            limit = f" ({run.ended})" if run.ended else ""
            return f"fails{place}{limit}, {what or 'no error recorded'}"


def _execution(base: BaseEvidence, head: Execution, edited: frozenset[int]) -> Case:
    claim = f"base {ending(base.first)}; head {ending(head)}"
    if head.status == "not_run" or base.flaky:
        flaky = "the base ends differently in two runs (flaky), so nothing is proven; " if base.flaky else ""
        return Case(name="execution", passed=False, evidence=masked(f"{flaky}{claim}"), feedback=head.reason[:300])
    notes = [*_unproven(head, edited), *_new_warnings(base.first, head), *_slower(base.first, head)]
    if head.status == "passed":
        boxed = "" if head.boxed else " (without a box)"
        evidence = f"{claim}{boxed}{'; ' if notes else ''}{'; '.join(notes)}"
        return Case(name="execution", passed=True, evidence=masked(evidence), feedback="; ".join(notes)[:1000])
    same = _same_end(base.first, head)
    reached = "no cell ran" if head.until_cell is None else f"partial: runs until cell {head.until_cell}"
    kept = "the same error as the base's" if same else "another error than the base's"
    trace = f"\n{head.error.traceback}" if head.error else ""
    return Case(
        name="execution",
        passed=False,
        severity=Severity.MEDIUM if same else Severity.HIGH,
        evidence=masked(f"{reached}; {kept}; {claim}{trace}"),
        feedback=masked(f"The head {ending(head)}"),
    )


def _regression(base: Execution, head: Execution, edited: frozenset[int]) -> Case:
    worse = [] if head.status == "not_run" else _worse(base, head)
    if not worse:
        evidence = "there is no run of the base to compare with" if base.status == "not_run" else "no cell got worse"
        return Case(name="regression", passed=True, veto=True, evidence=evidence)
    first = worse[0]
    return Case(
        name="regression",
        passed=False,
        veto=True,
        evidence=masked(
            f"ran before and does not now: cell {', '.join(map(str, worse[:_SHOWN]))}; head {ending(head)}"
        ),
        feedback=f"Cell {first} ran before; leave out what broke it.",
        cells=blamed(head, first, edited),
    )


def _worse(base: Execution, head: Execution) -> list[int]:
    """Cells that ran to their end in the base and not in the head; a cell the head has no record of did not run."""
    now = {run.cell: run for run in head.cells}
    worse = [run.cell for run in base.cells if _fine(run) and not _fine(now.get(run.cell), like=run)]
    if not worse and head.status == "failed" and base.status == "passed":
        # Ended by a limit between cells: nothing to point at, and worse all the same.
        worse = [head.failed_cell if head.failed_cell is not None else max((run.cell for run in base.cells), default=0)]
    return worse


def _fine(run: CellRun | None, *, like: CellRun | None = None) -> bool:
    """Ran to its end; where the base's run raised nothing, raising as a tag allows is no fine end either."""
    if run is None:
        return False
    return run.status == "ok" or (run.expected and (like is None or like.expected))


def blamed(head: Execution, cell: int, edited: frozenset[int]) -> tuple[int, ...]:
    """The edited cells a failure at `cell` comes from.

    Those its traceback names, else the cell itself, else the edited cells before it, else all of them.
    """
    frames = head.error.frames if head.error else ()
    named = {int(file[5:]) for file, _, _ in frames if file.startswith("cell:") and file[5:].isdigit()} & edited
    before = {index for index in edited if index <= cell}
    return tuple(sorted(named or ({cell} & edited) or before or edited))


def _same_end(base: Execution, head: Execution) -> bool:
    names = [run.error.name if run.error else run.ended for run in (base, head)]
    return base.status == "failed" and base.failed_cell == head.failed_cell and names[0] == names[1]


def _unproven(head: Execution, edited: frozenset[int]) -> list[str]:
    unseen = sorted(run.cell for run in head.cells if run.cell in edited and run.status == "not_run")
    return [f"edited and not run, so not proven: cell {', '.join(map(str, unseen[:_SHOWN]))}"] if unseen else []


def _new_warnings(base: Execution, head: Execution) -> list[str]:
    known = {(warning.category, warning.message) for run in base.cells for warning in run.warnings}
    new = [
        f"cell {run.cell} newly warns {warning.category}: {warning.message.splitlines()[0][:200] if warning.message else ''}"
        for run in head.cells
        for warning in run.warnings
        if (warning.category, warning.message) not in known and warning.line is not None
    ]
    return list(dict.fromkeys(new))[:_SHOWN]


def _slower(base: Execution, head: Execution) -> list[str]:
    before = {run.cell: run.seconds for run in base.cells if _fine(run)}
    return [
        f"cell {run.cell} took {run.seconds:.1f} s instead of {before[run.cell]:.1f} s"
        for run in head.cells
        if run.cell in before and run.seconds > _SLOWER * before[run.cell] and run.seconds - before[run.cell] > _SLOW_S
    ][:_SHOWN]
