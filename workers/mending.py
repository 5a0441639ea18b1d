"""One artifact on its way through the loop: the steps, and what is known so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workers.attempts import Attempt, blamed, fingerprint, gap, outcome, refusal, supersedes, vetoed, words
from workers.contract.domain import BaseEvidence, Outcome, Record, Repair, Report, StopReason, Validation
from workers.protocols import Change, Document, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.budget import Meter
    from workers.contract.domain import Finding
    from workers.protocols import Inquiry
    from workers.steps import Stages
    from workers.watch import Watch


@dataclass(slots=True, kw_only=True)
class Mending:
    """One artifact on its way through the loop. What is known is here, so that a cancelled run can still tell it."""

    document: Document
    stages: Stages
    meter: Meter
    watch: Watch
    base: BaseEvidence | None = None
    inquiry: Inquiry | None = None
    """What was asked about a base that fails."""
    findings: tuple[Finding, ...] = ()
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    """The first is the unchanged artifact, the last the best copy so far."""
    records: list[Record] = field(default_factory=list[Record])
    refused: frozenset[tuple[int, int, str, str]] = frozenset()
    """`Edit.key`s not to be offered again."""
    deltas: set[str] = field(default_factory=set[str])
    """Fingerprints of what the iterations left."""
    note: str = ""

    def iterations(self) -> range:
        """Numbers of the iterations that the budget allows, from 1."""
        return range(1, self.meter.budget.max_iterations + 1)

    def over_budget(self) -> bool:
        """True when time or money is used up."""
        limit = self.meter.exhausted
        self.note = limit or self.note
        return limit is not None

    def seen_before(self, validation: Validation) -> bool:
        """True when an earlier iteration, the last or any before it, left the same delta."""
        delta = fingerprint(validation)
        if delta in self.deltas:
            self.note = "this iteration left the same delta as one before"
            return True
        self.deltas.add(delta)
        return False

    async def look(self) -> tuple[Finding, ...]:
        """Run the unchanged artifact and review it with what the run showed."""
        self.watch.phase(self.document.path, "execute", 0)
        self.base = BaseEvidence(first=await self.stages.execute(self.document))
        self.watch.phase(self.document.path, "review", 0)
        self.findings = await self.stages.review(self.document, self.base.first)
        await self._inquire()
        remaining = self._left(self.findings) if any(map(self.stages.counts, self.findings)) else ()
        self.attempts.append(
            Attempt(iteration=0, document=self.document, execution=self.base.first, remaining=remaining)
        )
        return remaining

    def _left(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """What keeps the artifact from being whole."""
        return tuple(each for each in findings if self.stages.counts(each) or gap(each))

    async def _inquire(self) -> None:
        """Where the base fails: is it the code's fault?"""
        if self.stages.faults is None or not any(map(self.stages.counts, self.findings)):
            return
        limit = self.meter.budget.wall_s
        left_s = None if limit is None else max(0.0, limit - self.meter.seconds)
        self.inquiry = await self.stages.faults.inquire(self.document, self._evidence().first, left_s)
        if self.inquiry is not None:
            self.base = self.inquiry.base
            self.findings = self.inquiry.told(self.findings)

    async def propose(self, number: int) -> Repair | None:
        """The first rung that has something to offer for what remains in the best copy."""
        if self.inquiry is not None and not self.inquiry.mends_code:
            self.note = self.inquiry.fault.sentence
            return None
        best = self.attempts[-1]
        if number > 1:
            self.watch.phase(self.document.path, "review", number)
            findings = await self.stages.review(best.document, best.execution)
            self.attempts[-1] = best = replace(best, remaining=self._left(findings))
        self.watch.phase(self.document.path, "repair", number)
        task = Task(
            document=best.document,
            findings=tuple(sorted(best.remaining, key=importance)),
            execution=best.execution,
            records=tuple(self.records),
            refused=self.refused,
        )
        for rung in self.stages.ladder:
            repair = await rung.propose(task)
            if repair is not None and repair.edits:
                self.meter.spent_usd += repair.cost_usd
                # The copy's, and before the first one the base's second.
                self.stages.ahead(1 if self._evidence().second else 2)
                return repair
        self.note = self._stuck(best.remaining)
        await self._blame()
        return None

    def _stuck(self, remaining: Sequence[Finding]) -> str:
        """Why nothing is proposed: a rule refused what was known, or nothing was."""
        case = next((case for finding in remaining if (case := refusal(finding, self.records)) is not None), None)
        if case is None:
            return "nothing is known for sure that would mend what is left"
        return f"a rule refused the repair: {words(case)}"

    async def _blame(self) -> None:
        """Where no code could be mended, the versions are what is left to say something about."""
        if self.inquiry is None:
            return
        await self.inquiry.blame()
        self.findings = self.inquiry.told(self.findings)
        # Of a copy, only what was there before: a deeper failure was not inquired into.
        known = {finding.id for finding in self.findings}
        for index, attempt in enumerate(self.attempts):
            old = tuple(finding for finding in attempt.remaining if finding.id in known)
            told = dict(zip(old, self.inquiry.told(old), strict=True))
            remaining = tuple(told.get(finding, finding) for finding in attempt.remaining)
            self.attempts[index] = replace(attempt, remaining=remaining)

    async def flaky(self) -> bool:
        """Run the base a second time, once, before the first repair is judged."""
        base = self._evidence()
        if base.second is None and base.first.status != "not_run":
            self.watch.phase(self.document.path, "execute", 0)
            base = self.base = replace(base, second=await self.stages.again(self.document))
        if base.flaky:
            self.note = "the unchanged artifact ended differently in two runs; a flaky base proves nothing"
        return base.flaky

    async def attempt(self, number: int, repair: Repair) -> Validation:
        """Apply a repair to the best copy, judge it against the base, write it down, and keep it if it is no worse."""
        self.watch.phase(self.document.path, "validate", number)
        best, since = self.attempts[-1], self.meter.seconds
        head = best.document.edited(repair.edits)
        sentence = await self.watch.veto(best.document, repair)
        validation = vetoed(sentence, best.remaining) if sentence else await self._judge(head, repair)
        if validation.passed and self.inquiry is not None:
            await self.inquiry.head(head, validation.head)
        copy = self.stages.delivered(self.document, head, validation.head)
        self._keep(
            head,
            copy,
            Record(
                iteration=number,
                review=best.remaining,
                repair=repair,
                validation=validation,
                updated=copy.artifact.digest,
                seconds=self.meter.seconds - since,
            ),
        )
        return validation

    async def _judge(self, head: Document, repair: Repair) -> Validation:
        change = Change(
            base=self.document,
            head=head,
            repair=repair,
            base_evidence=self._evidence(),
            base_findings=self.attempts[0].remaining,
        )
        return await self.stages.validate(change)

    def _keep(self, head: Document, copy: Document, record: Record) -> None:
        self.records.append(record)
        if self.watch.on_record is not None:
            self.watch.on_record(copy, record)
        attempt = Attempt(
            iteration=record.iteration,
            document=head,
            execution=record.validation.head,
            remaining=record.validation.remaining,
            validation=record.validation,
        )
        if supersedes(attempt, self.attempts[-1]):
            self.attempts.append(attempt)
        else:
            self.refused |= blamed(record.repair, record.validation)

    def _evidence(self) -> BaseEvidence:
        if self.base is None:
            raise RuntimeError("the base was not run")
        return self.base

    def report(self, outcome: Outcome) -> Report:
        """What is known, with the outcome."""
        return Report(
            artifact=self.document.artifact,
            outcome=outcome,
            findings=self.findings,
            base=self.base,
            fault=None if self.inquiry is None else self.inquiry.fault,
            records=tuple(self.records),
            note=self.note,
            seconds=self.meter.seconds,
        )

    def outcome(self, stop: StopReason) -> Outcome:
        """The best attempt by verdict is delivered, not the last."""
        return outcome(self.attempts, self.records, stop)


def importance(finding: Finding) -> tuple[int, int, int, int]:
    """Sort key: the most severe and best proven first, then in document order."""
    place = finding.place
    return (-finding.severity.rank, -finding.rung, place.cell if place else -1, place.line if place else -1)
