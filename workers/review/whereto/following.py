"""From candidates to what may be written: each is asked of the environment, and followed until nothing is stale any more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from workers.contract.domain import Rung
from workers.knowledge.rule import BUILTINS
from workers.protocols import Question
from workers.review.whereto import candidates
from workers.review.whereto.candidates import Candidate, Gone, ranked
from workers.review.whereto.signatures import in_order, redefined, same_shape, stands_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from workers.knowledge.rule import Rule
    from workers.protocols import Answer, Environment
    from workers.review.whereto.sighting import Sighting

    Ask = Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]

_STEPS = 5
"""How long a chain of renames may be."""
_TRIED = 8
"""Candidates that are looked into for one name."""


class Releases(Protocol):
    """What releases of the libraries say; every answer may be None where it cannot be had."""

    async def now(self, name: str) -> Sighting | None:
        """The name in the release that is installed."""
        ...

    async def before(self, name: str, keyword: str = "") -> Sighting | None:
        """The name, or the callable with that keyword, in the last release before the installed one that has it."""
        ...

    async def then(self, name: str, version: str) -> Sighting | None:
        """The name in a release of its package."""
        ...

    async def elsewhere(self, name: str) -> tuple[str, ...]:
        """Public names, in the installed release, of other objects with the same last part."""
        ...

    def package(self, name: str) -> str:
        """The distribution that a name belongs to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of the stale name."""

    keywords: tuple[str, ...] = ()
    positional: int | None = 0
    """None where a star hides how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What was found out."""

    target: Candidate | None = None
    """Seen to exist, to warn of nothing and to take the call: good for an edit from E2 on."""
    directions: tuple[Candidate, ...] = ()
    """What else was said, for a reader or a model."""


@dataclass(slots=True, kw_only=True)
class Follower:
    """Follows names in one environment. Nothing is asked of a release twice while it lives."""

    environment: Environment
    ask: Ask
    releases: Releases | None = None
    facts: Callable[[str], Sequence[Rule]] | None = None
    """What was mined about a dotted name."""

    async def where(self, gone: Gone, words: Sequence[str], calls: tuple[Call, ...] = ()) -> Where:
        """Where it went; `words` are the environment's own about it, `calls` those that are written; none: it is handed on."""
        past = await self.releases.before(gone.name, gone.keyword) if self.releases else None
        found = await self._candidates(gone, words, past)
        target = await self._first(gone, found, past, calls)
        if target is not None and target.rung >= Rung.E2:
            return Where(target=target)
        if self.releases and not gone.keyword and all(each.rung < Rung.E3 for each in found):
            there = await self.releases.elsewhere(gone.name)
            found = ranked((*found, *candidates.from_elsewhere(gone, there, self.releases.package(gone.name))))
        return Where(directions=await self._worth_saying(gone, found))

    async def _first(
        self, gone: Gone, found: tuple[Candidate, ...], past: Sighting | None, calls: tuple[Call, ...]
    ) -> Candidate | None:
        """The best candidate that holds in the environment."""
        for each in [one for one in found if one.exact][:_TRIED]:
            if gone.keyword:
                end = each if await self._binds(gone, each.new) else None
            else:
                end = await self._end(each, frozenset({gone.name}))
                end = end if end and await self._fits(gone, end, past, calls) else None
            if end is not None:
                return end
        return None

    async def _candidates(self, gone: Gone, words: Sequence[str], past: Sighting | None) -> tuple[Candidate, ...]:
        found = [each for text in words for each in candidates.from_words(gone, text, "the library")]
        found += candidates.from_rules(gone, self.facts(gone.name) if self.facts else (), self.environment)
        if self.releases is None:
            return ranked(found)
        package = self.releases.package(gone.name)
        if past is not None:
            found += candidates.from_sighting(gone, past, package)
        if gone.keyword and past is not None and (after := await self.releases.now(gone.name)):
            found += candidates.from_sighting(gone, after, package)
            found += candidates.from_signatures(gone, past, after, package)
        return ranked(found)

    async def _end(self, candidate: Candidate, seen: frozenset[str]) -> Candidate | None:
        """The end of the chain that starts with a candidate; None where it leads nowhere or in a circle."""
        if candidate.new.startswith(BUILTINS):
            return candidate
        if candidate.new in seen or len(seen) > _STEPS:
            return None
        (answer,) = await self.ask((Question(name=candidate.new),))
        now = await self.releases.now(candidate.new) if self.releases and answer.status == "exists" else None
        if answer.status == "exists" and not answer.warning and not _deprecated(now):
            return None if answer.kind == "module" else candidate
        if answer.status == "unimportable" and not answer.message:
            return None
        return await self._further(candidate, answer, now, seen)

    async def _further(
        self, candidate: Candidate, answer: Answer, now: Sighting | None, seen: frozenset[str]
    ) -> Candidate | None:
        gone = Gone(name=candidate.new)
        past = now
        if past is None and self.releases and answer.status == "absent":
            past = await self.releases.before(gone.name)
        words = [text for text in (answer.warning, answer.message) if text]
        for each in await self._candidates(gone, words, past):
            if not each.exact or each.rung < Rung.E2:
                continue
            end = await self._end(each, seen | {candidate.new})
            if end is not None:
                return replace(
                    end,
                    rung=min(candidate.rung, end.rung),
                    alike=candidate.alike or end.alike,
                    proven=candidate.proven and end.proven,
                    evidence=f"{candidate.evidence}; then {end.evidence}",
                )
        return None

    async def _fits(self, gone: Gone, end: Candidate, past: Sighting | None, calls: tuple[Call, ...]) -> bool:
        """Whether the target takes what the old name took: the calls that are written, or else the same parameters."""
        if end.new.startswith(BUILTINS):
            return not end.alike
        if not await self._same_kind_of_home(gone.name, end.new):
            return False
        asked = [Question(name=end.new, keywords=call.keywords, positional=call.positional) for call in calls]
        answers = await self.ask((Question(name=end.new), *asked))
        bind = all(answer.status in {"exists", "undecided"} and not answer.bad_keywords for answer in answers)
        return bind and await self._takes_the_same(end, past, calls, answers[0].parameters)

    async def _takes_the_same(
        self, end: Candidate, past: Sighting | None, calls: tuple[Call, ...], takes: Sequence[str]
    ) -> bool:
        """Whether arguments come to the parameters of the same names, and what is left out means the same."""
        if end.proven:
            return True
        if past is None or past.parameters is None or self.releases is None:
            return not end.alike
        both = await self.releases.then(end.new, past.version)
        if both is not None and same_shape(past, both):
            # They could stand for each other when there were both; what changed since would have changed the old one too.
            return True
        now = await self.releases.now(end.new)
        # A class may be made through a `__new__` that takes anything: then its source says what it takes.
        known = [list(takes), [each.name for each in now.parameters or ()] if now else []]
        if end.alike or not calls:
            ordered = any(stands_in(past, names) for names in known)
        else:
            ordered = any(all(in_order(past, names, call.positional) for call in calls) for names in known)
        target = both or now
        return ordered and not (
            target and any(redefined(past, target, call.keywords, call.positional or 0) for call in calls or (Call(),))
        )

    async def _same_kind_of_home(self, old: str, new: str) -> bool:
        """A function for a function, a method for a method of the same class: what has another receiver is no rename."""
        before, after = old.rpartition(".")[0], new.rpartition(".")[0]
        if before == after:
            return True
        there, here = await self.ask((Question(name=after), Question(name=before)))
        return there.kind == "module" and here.kind != "class"

    async def _binds(self, gone: Gone, keyword: str) -> bool:
        (answer,) = await self.ask((Question(name=gone.name, keywords=(keyword,)),))
        # Where any keyword is taken, nothing is proven by taking this one.
        return answer.status == "exists" and not answer.bad_keywords and keyword in answer.parameters

    async def _worth_saying(self, gone: Gone, rest: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Hypotheses that do not even exist are not worth a reader's time."""
        guesses = [each for each in rest if each.rung < Rung.E3 and not each.new.startswith(BUILTINS)]
        if gone.keyword or not guesses:
            return rest
        answers = await self.ask(tuple(Question(name=each.new) for each in guesses))
        there = {answer.question.name for answer in answers if answer.status == "exists" and not answer.warning}
        return tuple(each for each in rest if each not in guesses or each.new in there)


def _deprecated(now: Sighting | None) -> bool:
    """Whether the installed release says of the name itself that it is stale, be it only when it is called."""
    return now is not None and any(not note.parameter and not note.whole for note in now.notes)


def sentences(where: Where) -> Iterator[str]:
    """What a reader is told where no edit follows, the best first."""
    for each in where.directions[:3]:
        yield f"`{each.new.removeprefix(BUILTINS)}` ({each.evidence})"
