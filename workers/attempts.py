"""How attempts compare: which is better, what improves, when the delta is one seen before, and which rule refused."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers.contract.domain import (
    Case,
    Errored,
    Execution,
    Fresh,
    Improved,
    Repaired,
    StopReason,
    Unrepaired,
    Validation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workers.contract.domain import Finding, Outcome, Record, Repair
    from workers.protocols import Document

_REASON_CHARS = 300
UNDECLARED = "environment/undeclared"
"""The rule of findings about packages that nothing declares."""
UNCOMPILED = frozenset({"SyntaxError", "IndentationError", "TabError"})
"""Errors of a cell as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A copy of the artifact and what is known about it; iteration 0 is the unchanged artifact."""

    iteration: int
    document: Document
    execution: Execution
    remaining: tuple[Finding, ...]
    validation: Validation | None = None

    @property
    def rank(self) -> tuple[bool, float, int]:
        """Greater is better: passed, then how far it runs, then how little remains."""
        passed = self.validation is not None and self.validation.passed
        return (passed, reach(self.execution), -len(self.remaining))


def gap(finding: Finding) -> bool:
    """Supplied for the run and declared nowhere: it starts no repair, and keeps what is repaired from being whole."""
    return finding.rule == UNDECLARED


def reach(execution: Execution) -> float:
    """How far a run got: the failed cell's index, half a cell more where it began, infinity to the end, -1 for no run."""
    if execution.status == "not_run":
        return -1.0
    if execution.failed_cell is None:
        return math.inf
    # A cell that cannot be compiled has not begun, whatever its first line would have come to.
    begun = execution.error is None or execution.error.name not in UNCOMPILED
    return execution.failed_cell + begun / 2


def supersedes(attempt: Attempt, best: Attempt) -> bool:
    """True when the loop should go on from `attempt`: not refused, and no worse than the best copy so far.

    A tie goes to the later one: a chain of hints (`A` -> `Y` -> `YE`) changes the error before it removes it, and
    going in circles is caught by the fingerprint.
    """
    if attempt.validation is None or attempt.validation.refused is not None:
        return False
    return attempt.rank >= best.rank


def improves(attempt: Attempt, base: Attempt) -> bool:
    """True when the delta strictly shrank: something of the base is gone, and nothing new is within its reach.

    A finding that is new but lies where the base never got is a deeper layer and not a regression: after the cell it
    failed at, and in that cell when the attempt gets past it.
    """
    if attempt.iteration == 0 or attempt.validation is None or attempt.validation.refused is not None:
        return False
    before = {finding.id for finding in base.remaining}
    after = {finding.id for finding in attempt.remaining}
    reached = reach(base.execution)
    known = reached - (reach(attempt.execution) > reached)
    new = [finding for finding in attempt.remaining if finding.id not in before]
    deeper = all(finding.place is not None and finding.place.cell > known for finding in new)
    return bool(before - after) and deeper


def refusal(finding: Finding, records: Sequence[Record]) -> Case | None:
    """The rule that refused the last repair of what stands where `finding` does; None where none did."""
    cells = {edit.cell for edit in finding.suggestion.edits} if finding.suggestion else set[int]()
    cells |= {finding.place.cell} if finding.place else set()
    for record in reversed(records):
        case = record.validation.refused
        # A rule that blames other cells alone would have let the repair of this one pass.
        if case is not None and _meant(finding, record) and (not case.cells or cells & {*case.cells}):
            return case
    return None


def _meant(finding: Finding, record: Record) -> bool:
    """Whether the repair was for the finding, or for one of its line: an error stands beside the stale name it comes from."""
    meant = [each for each in record.review if each.id in record.repair.findings]
    lines = {(each.place.cell, each.place.line) for each in meant if each.place}
    here = finding.place and (finding.place.cell, finding.place.line)
    return finding.id in record.repair.findings or here in lines


def with_refusals(findings: Iterable[Finding], records: Sequence[Record]) -> tuple[Finding, ...]:
    """The findings, those with the rule as what would unlock them whose repair was known and refused."""
    told = ((finding, refusal(finding, records)) for finding in findings)
    return tuple(finding if case is None else replace(finding, unlock=_way_out(case)) for finding, case in told)


def words(case: Case) -> str:
    """A refusal in a clause: the rule's name and its reason."""
    # What blames cells says why; what blames none may only say what is to be made true.
    texts = (case.evidence,) if case.cells and case.evidence else dict.fromkeys((case.evidence, case.feedback))
    said = [" ".join(text.split())[:_REASON_CHARS].rstrip(".") for text in texts if text]
    return f"`{case.name}`: {'; '.join(said)}" if said else f"`{case.name}`"


def _way_out(case: Case) -> str:
    return f"a repair is known, and a rule refused it ({words(case)}). Mend it by hand, or change the rule"


def fingerprint(validation: Validation) -> str:
    """The remaining delta as one value: equal when an iteration has left things just as another did."""
    error = validation.head.error
    parts = [
        *sorted(finding.id for finding in validation.remaining),
        *sorted(f"{case.name}{case.cells}{case.evidence * case.veto}" for case in validation.cases if not case.passed),
        f"{validation.head.failed_cell} {error.name} {error.message}" if error else "",
    ]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def outcome(attempts: Sequence[Attempt], records: Sequence[Record], stop: StopReason) -> Outcome:
    """What comes of the attempts, the unchanged artifact first: the best by verdict is delivered, not the last."""
    if not attempts:
        return Unrepaired(remaining=(), reason=stop)
    base, best = attempts[0], attempts[-1]
    if stop is StopReason.PASSED:
        return Repaired(iteration=best.iteration) if best.iteration else unchanged(base.execution)
    delivered = [attempt for attempt in attempts if improves(attempt, base)]
    if delivered:
        best = max(delivered, key=lambda attempt: (attempt.rank, attempt.iteration))
        left = with_refusals(best.remaining, records)
        return Improved(iteration=best.iteration, remaining=left, reason=stop)
    return Unrepaired(remaining=with_refusals(base.remaining, records), reason=stop)


def unchanged(run: Execution) -> Fresh | Errored:
    """The outcome where nothing is found: what could not be run at all is not fresh, for nobody has seen it work."""
    return Errored(reason=f"it could not be run: {run.reason}") if run.status == "not_run" else Fresh()


def blamed(repair: Repair, validation: Validation) -> frozenset[tuple[int, int, str, str]]:
    """The edits of a refused attempt that must not come again: those in the blamed cells, else all."""
    cells = {cell for case in validation.cases if not case.passed for cell in case.cells}
    edits = [edit for edit in repair.edits if edit.cell in cells] or repair.edits
    return frozenset(edit.key for edit in edits)


def vetoed(sentence: str, remaining: tuple[Finding, ...]) -> Validation:
    """The verdict when a hook said no: nothing was run."""
    case = Case(name="hook", passed=False, veto=True, evidence=sentence, feedback=sentence)
    return Validation(cases=(case,), head=Execution(status="not_run", reason=sentence), remaining=remaining)
