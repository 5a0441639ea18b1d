"""How a run ended, as far as two runs are compared by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workers.contract.domain import Cause, CellError, IssueType
from workers.knowledge.words import first_line
from workers.review import causes

if TYPE_CHECKING:
    from workers.contract.domain import Execution
    from workers.protocols import Document

WORDS_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """It ran to its end."""

    status: Literal["passed"] = "passed"
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It ended early."""

    cell: int | None
    """From 0; None where no cell can be named."""
    error: str
    """Class of the error, or the limit that ended it."""
    cause: Cause
    versions_matter: bool = True
    """False where other versions cannot be expected to change anything: data, a key, the network, a limit."""
    status: Literal["failed"] = "failed"
    words: str = ""

    def same(self, other: Ending) -> bool:
        """Whether it is the same failure: the same first failing cell and the same class of error."""
        return isinstance(other, Failed) and (self.cell, self.error) == (other.cell, other.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Nobody saw how it ends there."""

    words: str
    """Why."""
    status: Literal["unseen"] = "unseen"


Ending = Passed | Failed | Unseen


def ending(run: Execution, document: Document) -> Ending:
    """How a run of `document` ended."""
    if run.status == "not_run":
        return Unseen(words=run.reason or "it was not run")
    if run.status == "passed":
        return Passed()
    error = run.error or CellError(name="Killed", message=run.reason, traceback="", line=None)
    cell = run.failed_cell
    source = document.cells[cell].source if cell is not None and cell < len(document.cells) else ""
    verdict = causes.judge(error, source)
    return Failed(
        cell=cell,
        error=error.name,
        cause=verdict.cause,
        versions_matter=_versions_matter(run, verdict),
        words=f"cell {cell}: {error.name}: {first_line(error.message)}".rstrip(": ")[:WORDS_CHARS],
    )


def _versions_matter(run: Execution, verdict: causes.Verdict) -> bool:
    if run.ended == "kernel_died":
        # What two libraries make of each other's memory ends like this too.
        return True
    if run.ended or verdict.issue_type is IssueType.RUNTIME_RISK:
        return False
    if verdict.cause is Cause.ENVIRONMENT:
        # A package that is not there is a matter of the declaration, not of versions.
        return "that fit each other" in verdict.unlock
    return verdict.cause is Cause.CODE
