"""How attempts compare: which is better, what counts as an improvement, and when the delta is one seen before."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.contract.domain import Execution, Finding, Validation
    from workers.protocols import Document


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


def reach(execution: Execution) -> float:
    """How far a run got: the failed cell's index, infinity for a run to the end, -1 for no run."""
    if execution.status == "not_run":
        return -1.0
    return math.inf if execution.failed_cell is None else float(execution.failed_cell)


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


def fingerprint(validation: Validation) -> str:
    """The remaining delta as one value: equal when an iteration has left things just as another did."""
    error = validation.head.error
    parts = [
        *sorted(finding.id for finding in validation.remaining),
        *sorted(f"{case.name}{case.cells}{case.evidence * case.veto}" for case in validation.cases if not case.passed),
        f"{validation.head.failed_cell} {error.name} {error.message}" if error else "",
    ]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
