"""One failing artifact under inquiry: what was tried, the judgement, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.contract.domain import BaseEvidence
from workers.contract.faults import Fault, Tried
from workers.running.faults import telling
from workers.running.faults.allowance import SpentError
from workers.running.faults.decisions import others
from workers.running.faults.endings import Failed, Passed, Unseen, ending
from workers.running.faults.judging import Course, Moved, PackagesAtFault, PinAtFault, Undecided, course, judge, side
from workers.running.faults.searching import Between, Search
from workers.running.faults.suspects import suspects
from workers.running.faults.trials import NotBuilt, lock_of

if TYPE_CHECKING:
    from typing import Literal

    from workers.contract.domain import Execution, Finding
    from workers.protocols import Document
    from workers.running.faults.decisions import Other
    from workers.running.faults.endings import Ending
    from workers.running.faults.judging import Judgement
    from workers.running.faults.seams import Origin, Place, Releases
    from workers.running.faults.trials import Trials
    from workers.settings import FixPolicy

DECLARED = "declared"


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """Implements `protocols.Inquiry`. `compare` comes first."""

    trials: Trials
    declared: Place
    """Where the artifact is judged."""
    origin: Origin | None
    releases: Releases
    fix: FixPolicy
    base: BaseEvidence
    failure: Failed
    judgement: Judgement = field(default_factory=lambda: Undecided(why="nothing was compared"))
    other: Other | None = None
    """The environment it was compared with."""
    search: Search | None = None
    _tried: dict[tuple[str, str], Tried] = field(default_factory=dict[tuple[str, str], Tried])
    _head: tuple[Ending, Ending] | None = None

    async def compare(self) -> None:
        """Run the base elsewhere, judge, and search for the versions where they are what is to be mended."""
        self._note(DECLARED, "base", self.failure)
        try:
            self.judgement = await self._compared()
        except SpentError as error:
            self.judgement = Undecided(why=str(error))
        if self.course in {Course.PIN, Course.ASK}:
            await self.blame()

    @property
    def course(self) -> Course:
        """What follows, by the owner's policy."""
        return course(self.judgement, self.fix)

    @property
    def mends_code(self) -> bool:
        """Whether the code of the artifact may be edited."""
        return self.course is Course.MEND

    @property
    def fault(self) -> Fault:
        """What is known by now."""
        label = "" if self.other is None else self.other.label
        found = self.search
        return Fault(
            side=side(self.judgement),
            sentence=telling.sentence(self.judgement, self.fix, label, self._head),
            tried=self._matrix(label),
            pins=() if found is None else found.as_pins(),
            releases=() if found is None else tuple(each.sentence for each in found.broke),
            left_open=() if found is None else tuple(found.left_open),
        )

    def told(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """The findings of the base with the cause that was found and the way out in words."""
        pins = () if self.search is None else self.search.as_pins()
        decision = None if self.origin is None else self.origin.decision
        way = telling.way_out(self.judgement, self.fix, pins, decision)
        return tuple(telling.told(each, self.judgement, self.fix, way) for each in findings)

    async def head(self, document: Document, run: Execution) -> None:
        """Run a copy that passed in the declared environment in the other one too. `run` is its run there."""
        here = ending(run, document)
        self._note(DECLARED, "head", here)
        if self.other is None:
            return
        there: Ending
        try:
            place = await self.trials.place(self.other.decision)
            there = (
                Unseen(words=place.words)
                if isinstance(place, NotBuilt)
                else ending(await self.trials.run(place, document), document)
            )
        except SpentError as error:
            there = Unseen(words=str(error))
        self._note(self.other.label, "head", there)
        self._head = (here, there)

    async def blame(self) -> None:
        """Search for the packages and releases that make the difference, once."""
        blamed = isinstance(self.judgement, Moved | PinAtFault | PackagesAtFault)
        if self.search is not None or self.other is None or self.origin is None or not blamed:
            return
        passing = await self.trials.place(self.other.decision)
        if isinstance(passing, NotBuilt):
            return
        failing = lock_of(self.declared)
        between = Between(
            kind=self.other.kind,
            decision=self.origin.decision,
            failing=failing,
            passing=lock_of(passing),
            failure=self.failure,
            suspects=suspects(self.base.first.error, failing),
        )
        self.search = Search(between=between, trials=self.trials, releases=self.releases)
        await self.search.run()

    async def _compared(self) -> Judgement:
        found = await self._elsewhere()
        if isinstance(found, str):
            return Undecided(why=found)
        self.other, place = found
        there = ending(await self.trials.run(place), self.trials.document)
        self._note(self.other.label, "base", there)
        if isinstance(there, Passed) and (why := await self._unsteady(place)):
            return Undecided(why=why)
        return judge(self.other.kind, self.failure, there)

    async def _elsewhere(self) -> tuple[Other, Place] | str:
        """An environment with other versions; or why there is none."""
        if self.origin is None:
            return "its environment was made of no declaration, so that there is none to compare with"
        reasons: list[str] = []
        for other in others(self.origin.decision, self.origin.written):
            place = await self.trials.place(other.decision)
            if isinstance(place, NotBuilt):
                reasons.append(f"the versions {other.label} cannot be had: {place.words}")
            elif dict(place.box.environment.packages) == dict(self.declared.box.environment.packages):
                reasons.append(f"the versions {other.label} are the declared ones")
            else:
                return other, place
        return "; ".join(reasons) or "nothing is pinned, and when the artifact was written is not known"

    async def _unsteady(self, place: Place) -> str:
        """Why the difference may be chance: each environment is asked once more. Empty where it is none."""
        self.base = BaseEvidence(first=self.base.first, second=await self.trials.run(self.declared))
        if self.base.flaky:
            return "with the same versions it ended differently in two runs"
        again = ending(await self.trials.run(place), self.trials.document)
        return "" if isinstance(again, Passed) else "with the other versions it ended differently in two runs"

    def _note(self, versions: str, copy: Literal["base", "head"], seen: Ending) -> None:
        status = "not_run" if seen.status == "unseen" else seen.status
        self._tried[versions, copy] = Tried(versions=versions, copy=copy, status=status, words=seen.words)

    def _matrix(self, label: str) -> tuple[Tried, ...]:
        """Every field there is, those that were not run among them. Where no code is mended there is no head to run."""
        why = self.judgement.why if isinstance(self.judgement, Undecided) else ""
        fields = [(DECLARED, "base"), (label or "others", "base")]
        if self._head is not None or (DECLARED, "head") in self._tried:
            fields += [(DECLARED, "head"), (label or "others", "head")]
        return tuple(
            self._tried.get((versions, copy), Tried(versions=versions, copy=copy, status="not_run", words=why))  # pyright: ignore[reportArgumentType]  # the two words for a copy
            for versions, copy in fields
        )
