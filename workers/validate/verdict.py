"""All rules in order: cheap ones first, execution last. The first veto ends it; whether it passed is read from the cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workers.contract.domain import Case, Execution, Finding, Validation
from workers.validate import execution, network
from workers.validate.outputs import REL_TOLERANCE, compare_outputs
from workers.validate.static import remaining_cases
from workers.validate.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.protocols import Change, Check, Document, Review


class Runs(Protocol):
    """What executes a document; a box does."""

    async def execute(self, document: Document) -> Execution:
        """Run the code cells in order in a fresh box."""
        ...


class Validator:
    """The rules of one artifact's settings; implements `protocols.Validate`."""

    def __init__(  # noqa: PLR0913 - the parts of a verdict, each by name
        self,
        rules: Sequence[Check],
        box: Runs,
        review: Review,
        counts: Callable[[Finding], bool],
        *,
        twin: Runs | None = None,
        rel_tolerance: float = REL_TOLERANCE,
    ) -> None:
        """`twin` runs a copy that passes once more, with other things alike in all runs; None leaves that out."""
        self._rules = tuple(rules)
        self._box = box
        self._review = review
        self._counts = counts
        self._twin = twin
        self._rel_tolerance = rel_tolerance

    async def __call__(self, change: Change) -> Validation:
        """Judge an attempt. Nothing runs when a rule with a veto refuses.

        Raises:
            SandboxUnavailableError: the box could not be started; nothing was learned about the attempt.
        """
        cases: list[Case] = []
        for rule in self._rules:
            cases.append(case := await rule.check(change))
            if case.veto and not case.passed:
                reason = f"refused before execution by {case.name}"
                head = Execution(status="not_run", reason=reason)
                return Validation(cases=tuple(cases), head=head, remaining=change.base_findings)
        head, ran = await self._executed(change)
        remaining = tuple(filter(self._counts, await self._review(change.head, head)))
        return Validation(cases=(*cases, *remaining_cases(remaining), *ran), head=head, remaining=remaining)

    async def _executed(self, change: Change) -> tuple[Execution, tuple[Case, ...]]:
        """The head's run and the cases that come from it; an edit of prose alone leaves the base's run standing."""
        base = change.base_evidence
        edited = changed_code(change)
        if not edited and base.first.status != "not_run":
            reused = Case(
                name="execution",
                passed=base.first.status == "passed" and not base.flaky,
                evidence=f"only prose changed, so the base's run stands: base {execution.ending(base.first)}",
            )
            return base.first, (reused,)
        head = await self._box.execute(change.head)
        reached = network.compare(change.base, base, head, edited)
        cases = (*execution.compare(base, head, edited), *((reached,) if reached else ()))
        if head.status == "passed" and self._twin is not None:
            cases = (*cases, execution.alike(head, await self._twin.execute(change.head)))
        if head.status == "not_run" or base.first.status == "not_run":
            return head, cases
        values = replaced(change, edited)
        return head, (*cases, compare_outputs(base, head, edited, values=values, rel_tolerance=self._rel_tolerance))


def changed_code(change: Change) -> frozenset[int]:
    """Cells of the head that are code, or were, and differ from the base."""
    before = {cell.index: cell for cell in change.base.cells}
    changed = {
        cell.index
        for cell in change.head.cells
        if (old := before.get(cell.index)) is None
        or (cell.kind, cell.source, cell.tags) != (old.kind, old.source, old.tags)
        if cell.kind == "code" or (old is not None and old.kind == "code")
    }
    gone = {cell.index for cell in change.base.cells if cell.kind == "code" and cell.index >= len(change.head.cells)}
    return frozenset(changed | gone)
