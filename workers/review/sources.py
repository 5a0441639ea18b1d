"""Every source of findings, in order, and how what they say about one place becomes one finding."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workers.contract.domain import Rung
from workers.review import addresses, advice, network, pins, rules, setup, suppress
from workers.review.beside import Beside, beside
from workers.review.execution import find as from_execution
from workers.review.models import source as models
from workers.review.python2 import source as python2
from workers.review.reader import source as reader
from workers.review.resolution import api
from workers.review.shapes import source as shapes
from workers.review.whereto.attaching import Attaching
from workers.review.whereto.following import Follower

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from workers.contract.business import BusinessRules
    from workers.contract.domain import Execution, Finding, Place
    from workers.environments.words import Decision
    from workers.knowledge.rule import Packs, Rule
    from workers.protocols import Answer, Document, Environment, Question
    from workers.review.shapes.source import Shapes
    from workers.review.shapes.targets import Targets
    from workers.review.whereto.following import Releases

    Resolve = Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]


@dataclass(slots=True, kw_only=True)
class Reviewer:
    """Reviews a copy with everything that is configured. Reads; edits nothing and runs nothing of the artifact."""

    packs: Packs
    environment: Environment
    business: BusinessRules
    as_of: date
    resolve: Resolve | None
    """Asks the environment, in a box; None leaves static resolution out."""
    workspace: Path | None = None
    """The repository that the artifacts lie in; None: nothing lies beside them."""
    declared: Mapping[str, Decision] = field(default_factory=dict[str, "Decision"])
    """Artifact path -> how its environment was decided on, where that was made of what the repository declares."""
    releases: Releases | None = None
    """Asked what other releases of a library say of a name that is gone; None where only what is installed can be asked."""
    facts: Callable[[str], Sequence[Rule]] | None = None
    """What was mined out of releases about a dotted name; None: nothing was."""
    _known: dict[Question, Answer] = field(default_factory=dict["Question", "Answer"])
    _ahead: set[str] = field(default_factory=set[str])
    """Digests of the copies that were asked about before their review."""
    _attaching: Attaching = field(init=False)

    def __post_init__(self) -> None:
        follower = Follower(environment=self.environment, ask=self._ask, releases=self.releases, facts=self.facts)
        self._attaching = Attaching(follower)

    async def __call__(self, document: Document, execution: Execution) -> tuple[Finding, ...]:
        """All findings in document order, suppressed ones left out."""
        shaped = shapes.find(document, self.environment, self.business, self.as_of)
        errors = advice.given(from_execution(document, execution), self.packs)
        ran = (*errors, *network.find(document, execution), *addresses.find(document, execution))
        found = [*self._patterns(document, shaped), *ran, *self._setup(document)]
        if self.resolve is not None:
            found = await self._resolved(document, found, shaped.targets)
            settled = frozenset(each.place for each in found if each.place and each.suggestion)
            found = list(await self._attaching.attached(document, found, settled))
        return suppress.apply(tuple(sorted(merged(found), key=_order)), document)

    async def ask_ahead(self, document: Document) -> None:
        """Ask the environment what a review of this copy will want to know, as far as that can be told before it ran.

        The review comes to the same without it, only later.
        """
        if self.resolve is None or document.artifact.digest in self._ahead:
            return
        self._ahead.add(document.artifact.digest)
        shaped = shapes.find(document, self.environment, self.business, self.as_of)
        asked = rules.questions(self._patterns(document, shaped), self.packs)
        await self._ask((*asked, *shaped.targets.questions, *api.questions(document)))

    def _setup(self, document: Document) -> Iterable[Finding]:
        decision = self.declared.get(document.path)
        return () if decision is None else setup.find(document, decision, self.environment)

    def _patterns(self, document: Document, shaped: Shapes) -> Iterable[Finding]:
        # First: where a name went and what became of a call are one finding, and the call's edit is the whole one.
        yield from shaped.findings
        yield from rules.find(document, self.packs, self.environment, as_of=self.as_of)
        yield from python2.find(document, self.environment)
        yield from models.find(document, self.business, self.as_of)
        yield from pins.find(document, decision=self.declared.get(document.path))
        yield from reader.find(document, self.business)

    async def _resolved(self, document: Document, found: list[Finding], shaped: Targets) -> list[Finding]:
        """With what the environment itself says about the names, and about the targets of the suggestions.

        All in one box; a second one only for names that the first one's answers speak of.
        """
        asked = api.questions(document)
        answers = await self._ask((*rules.questions(found, self.packs), *shaped.questions, *asked))
        known = shaped.settled(rules.with_resolution(found, answers, self.packs), answers)
        decision = self.declared.get(document.path)
        own = decision.own.packages if decision and decision.own else ()
        there = beside(self.workspace, document.path, own) if self.workspace else Beside()
        said = api.find(document, answers, there.hiding(answers))
        targets = await self._ask(api.targets(said))
        return [*known, *api.with_targets(said, targets)]

    async def _ask(self, questions: Sequence[Question]) -> tuple[Answer, ...]:
        """Answers in order; an environment does not change during a run, so nothing is asked twice."""
        new = tuple(dict.fromkeys(question for question in questions if question not in self._known))
        if new and self.resolve is not None:
            for question, answer in zip(new, await self.resolve(new), strict=True):
                self._known[question] = answer
        return tuple(self._known[question] for question in questions)


def merged(found: Iterable[Finding]) -> list[Finding]:
    """One finding where a pattern and the environment speak of the same place: the pattern's, with the stronger rung.

    A run's error stays a finding of its own: that it stands on a stale line does not prove that it comes from there.
    """
    kept: list[Finding] = []
    at: dict[Place, int] = {}
    for finding in found:
        index = at.get(finding.place) if finding.place and not _from_run(finding) else None
        if index is None or kept[index].staleness is not finding.staleness:
            if finding.place and not _from_run(finding):
                at.setdefault(finding.place, len(kept))
            kept.append(finding)
        else:
            kept[index] = _combined(kept[index], finding)
    return kept


def _combined(first: Finding, second: Finding) -> Finding:
    return replace(
        first,
        rung=Rung(max(first.rung, second.rung)),
        evidence=first.evidence or second.evidence,
        suggestion=first.suggestion or second.suggestion,
        fix=first.fix or second.fix,
        unlock=first.unlock or second.unlock,
    )


def _from_run(finding: Finding) -> bool:
    return finding.rule.startswith(("execution/", "network/", "secret/", "data/unreached"))


def _order(finding: Finding) -> tuple[int, int, int, str]:
    place = finding.place
    return (place.cell, place.line, place.column, finding.rule) if place else (-1, 0, 0, finding.rule)
