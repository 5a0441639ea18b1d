"""Where a gone name or keyword may have gone, by everything that speaks of it, the best first. Nothing is asked here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers.contract.domain import Rung
from workers.knowledge.hint import full_name
from workers.knowledge.rule import Keyword, Symbol, judge
from workers.knowledge.words import about, targets
from workers.review.whereto.signatures import renamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.knowledge.hint import Hint
    from workers.knowledge.rule import Rule
    from workers.protocols import Environment
    from workers.review.whereto.sighting import Note, Sighting

_SAID = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What is asked about."""

    name: str
    """Dotted, in full: the name that is gone, or the callable that does not take `keyword`."""
    keyword: str = ""

    @property
    def last(self) -> str:
        """What the library calls it."""
        return self.keyword or self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One place where it may have gone."""

    new: str
    """Dotted and in full, `builtins.int` for a builtin; or the new keyword."""
    rung: Rung
    """E3: the library's own words about this very name; E2: a mined fact, or the same object; E1: a hypothesis."""
    evidence: str
    """A sentence."""
    source: str
    """Who says so: `networkx 2.8.8`, a URL, `the error`."""
    exact: bool = True
    """False for a direction: alternatives, another shape."""
    proven: bool = False
    """A release shows that the two do the same, whatever its words are."""
    alike: bool = False
    """It takes the place only where it takes the same parameters: nobody says that this very name is meant."""


def from_words(gone: Gone, text: str, source: str) -> Iterator[Candidate]:
    """What the words of an error or a warning name, which may speak of other things too."""
    for hint in targets(text):
        if hint.old.rpartition(".")[2] == gone.last:
            yield from _hinted(gone, hint, text, source)


def from_sighting(gone: Gone, seen: Sighting, package: str) -> Iterator[Candidate]:
    """What an earlier release, or this one, says of it."""
    source = f"{package} {seen.version}"
    for note in seen.notes:
        yield from _noted(gone, note, source)
    if gone.keyword:
        return
    for other in seen.calls:
        said = f"in {source} `{gone.name}` does nothing but call `{other}`"
        yield Candidate(new=other, rung=Rung.E2, evidence=said, source=source, proven=True)
    for other in seen.same:
        yield Candidate(
            new=other,
            rung=Rung.E2,
            evidence=f"in {source} `{gone.name}` and `{other}` are one object",
            source=source,
            proven=True,
        )


def from_rules(gone: Gone, rules: Iterable[Rule], environment: Environment) -> Iterator[Candidate]:
    """What was mined out of releases."""
    for rule in rules:
        verdict = judge(rule, environment)
        match rule.change:
            case Symbol(old=old, new=str() as new, add=add) if not gone.keyword and old == gone.name:
                exact = not add
            case Keyword(calls=calls, old=old, new=str() as new, values=values) if (
                old == gone.keyword and gone.name in calls
            ):
                exact = not values
            case _:
                continue
        if verdict is not None and verdict.reachable:
            said = f"`{gone.last}` became `{new}` in {rule.package} ({rule.id})"
            yield Candidate(new=new, rung=Rung.E2, evidence=said, source=rule.source, exact=exact)


def from_signatures(gone: Gone, before: Sighting, after: Sighting, package: str) -> Iterator[Candidate]:
    """A parameter that stands where the gone one stood."""
    found = renamed(before, after, gone.keyword) if gone.keyword else None
    if found is not None:
        new, why = found
        yield Candidate(new=new, rung=Rung.E1, evidence=f"`{new}`: {why}", source=f"{package} {after.version}")


def from_elsewhere(gone: Gone, homes: Sequence[str], package: str) -> Iterator[Candidate]:
    """Objects of the same name in other modules of the same package."""
    for home in homes:
        if home != gone.name:
            said = f"{package} has a `{gone.last}` at `{home}`"
            yield Candidate(new=home, rung=Rung.E1, evidence=said, source=package)


def ranked(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Each place once, by its best evidence: exact ones first, then by rung, then as they came."""
    grouped: dict[str, list[Candidate]] = {}
    for each in candidates:
        grouped.setdefault(each.new, []).append(each)
    return tuple(sorted((_one(alike) for alike in grouped.values()), key=_order))


def _one(same: Sequence[Candidate]) -> Candidate:
    """What several say of one place: who shows it is believed first, then the strongest, and of these the one with doubts."""
    rung = max(each.rung for each in same)
    strongest = [each for each in same if each.rung is rung]
    best = min(strongest, key=_order)
    shown = next((each for each in same if each.proven), None)
    if shown is None:
        return replace(best, exact=all(each.exact for each in strongest))
    evidence = best.evidence if best.proven else f"{best.evidence}; {shown.evidence}"
    return replace(best, exact=True, alike=False, proven=True, evidence=evidence)


def _order(candidate: Candidate) -> tuple[bool, int, bool]:
    return (not candidate.exact, -candidate.rung, candidate.alike)


def _noted(gone: Gone, note: Note, source: str) -> Iterator[Candidate]:
    if note.whole:
        yield from _of_module(gone, note, source) if not gone.keyword else ()
    elif gone.keyword:
        yield from _of_parameter(gone, note, source)
    elif not note.parameter:
        for hint in about(gone.last, note.text):
            yield from _hinted(gone, hint, note.text, source)


def _of_parameter(gone: Gone, note: Note, source: str) -> Iterator[Candidate]:
    if note.parameter == gone.keyword and note.new:
        yield Candidate(new=note.new, rung=Rung.E3, evidence=_says(source, note.text), source=source)
    for hint in about(gone.keyword, note.text, keyword=True) if note.parameter == gone.keyword else targets(note.text):
        if hint.old == gone.keyword:
            yield from _hinted(gone, hint, note.text, source)


def _hinted(gone: Gone, hint: Hint, text: str, source: str) -> Iterator[Candidate]:
    evidence = _says(source, text)
    if gone.keyword:
        if hint.kind in {"keyword", "name"} and hint.new.isidentifier():
            # A value that goes with it is more than another name.
            yield Candidate(
                new=hint.new, rung=Rung.E3, evidence=evidence, source=source, exact=hint.exact and not hint.value
            )
        return
    new = full_name(hint, gone.name) if hint.kind in {"name", "builtin"} else None
    if new is not None and new != gone.name:
        yield Candidate(new=new, rung=Rung.E3, evidence=evidence, source=source, exact=hint.exact)
    home = new.rpartition(".")[0] if new else ""
    if hint.exact and home.count(".") > gone.name.count(".") - 1 and new == f"{home}.{gone.last}":
        # What it was moved to may be a module that has it, or the thing itself under another name.
        yield Candidate(new=home, rung=Rung.E3, evidence=evidence, source=source, alike=True)


def _of_module(gone: Gone, note: Note, source: str) -> Iterator[Candidate]:
    """The module that the name lived in says which one to use: the name may be there."""
    parts = gone.name.split(".")
    for part in parts[1:-1]:
        for hint in about(part, note.text):
            new = hint.new.removesuffix(f".{part}") if hint.new.endswith(f".{part}") else hint.new
            for home in dict.fromkeys((hint.new, new, f"{parts[0]}.{new}")):
                if home.partition(".")[0] != parts[0] and "." not in home:
                    continue
                yield Candidate(
                    new=f"{home}.{gone.last}",
                    rung=Rung.E3,
                    evidence=_says(source, note.text),
                    source=source,
                    alike=True,
                )


def _says(source: str, text: str) -> str:
    return f"{source} says: {' '.join(text.split())[:_SAID]}"
