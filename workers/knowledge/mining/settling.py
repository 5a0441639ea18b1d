"""From what releases claim to facts: from which version on, until when, and whether the target is really there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from workers.knowledge.mining.claims import claims
from workers.knowledge.mining.fact import Fact
from workers.knowledge.mining.found import Presence
from workers.knowledge.mining.literals import HOLE
from workers.knowledge.mining.model import Class, Function
from workers.knowledge.mining.offers import MOST_PATHS, is_public, public, shortest
from workers.knowledge.mining.standing import stands, stands_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from workers.knowledge.mining.claims import Claim
    from workers.knowledge.mining.found import Found
    from workers.knowledge.mining.release import Release

    Elsewhere = Callable[[str], Found]
    """Where a dotted name of another package leads, in that package's newest release."""

MOST_WORDS = 120
_GONE = frozenset({Presence.ABSENT, Presence.UNMENTIONED})


@dataclass(slots=True)
class _Story:
    """All claims about one public name, by the number of the release that makes them."""

    claims: dict[int, Claim] = field(default_factory=dict[int, "Claim"])

    @property
    def last(self) -> Claim:
        """The newest claim, with a target where any has one."""
        newest = [self.claims[at] for at in sorted(self.claims, reverse=True)]
        return next((claim for claim in newest if claim.new), newest[0])


def settled(releases: Sequence[Release], elsewhere: Elsewhere) -> Iterator[Fact]:
    """The facts that follow from what the releases, oldest first, say themselves."""
    stories: defaultdict[tuple[str, str, str, str], _Story] = defaultdict(_Story)
    for at, release in enumerate(releases):
        for claim in claims(release):
            for path in public(release, claim.subject):
                stories[claim.kind, path, claim.name, claim.value].claims.setdefault(at, claim)
    keywords: defaultdict[tuple[object, ...], list[Fact]] = defaultdict(list)
    for (kind, path, _, _), story in sorted(stories.items()):
        fact = _symbol(path, story, releases, elsewhere) if kind == "symbol" else _called(path, story, releases)
        if fact is not None and fact.kind == "symbol":
            yield fact
        elif fact is not None:
            alike = (fact.kind, fact.old, fact.name, fact.position, fact.new, fact.since)
            keywords[*alike, fact.deprecated, fact.removed, fact.restored, fact.found, fact.at].append(fact)
    yield from (_joined(alike) for alike in keywords.values())


def _symbol(path: str, story: _Story, releases: Sequence[Release], elsewhere: Elsewhere) -> Fact | None:
    presences = [release.find(path).presence for release in releases]
    first, claim = min(story.claims), story.last
    gone = _gone_from(presences, story)
    if (claim.gone and gone is None) or (gone is not None and gone <= first and not claim.gone):
        return None
    target = _shown(path, claim, releases) if claim.new and _is_proven(path, story, releases, elsewhere) else ""
    since = _there_from(target, releases, elsewhere) if target and target != path else None
    words = claim.words or claim.new
    return Fact(
        kind="symbol",
        old=path,
        new=target if since is not None else None,
        since=since or "",
        deprecated="" if claim.gone else _deprecated(story, releases),
        removed=releases[gone].version if gone is not None else "",
        restored=_restored(story, path, releases, gone),
        found=claim.found,
        at=f"{claim.place}@{releases[_made_at(story, claim)].version}",
        words="" if since is not None or HOLE in words else words[:MOST_WORDS],
    )


def _is_proven(path: str, story: _Story, releases: Sequence[Release], elsewhere: Elsewhere) -> bool:
    """What is listed as gone was the target while it was there, or nothing with a signature; so for other packages' names."""
    claim = story.last
    if claim.new.partition(".")[0] not in releases[-1].family:
        found, said_in = elsewhere(claim.new), releases[_made_at(story, claim)]
        return found.presence is Presence.PRESENT and stands_elsewhere(said_in, claim.subject, claim.new, found)
    if not claim.gone:
        return True
    old = next((release for release in reversed(releases) if release.find(path).presence is Presence.PRESENT), None)
    item = old.find(path).item if old else None
    return old is None or not isinstance(item, Function | Class) or stands(old, path, claim.new)


def _shown(path: str, claim: Claim, releases: Sequence[Release]) -> str:
    """The target as users write it: beside the old name where it is to be had there, else under its shortest name."""
    release = next((each for each in reversed(releases) if each.has(claim.new)), None)
    if release is None:
        return claim.new if is_public(claim.new) else ""
    canonical, name = release.find(claim.new).canonical, claim.new.rpartition(".")[2]
    beside = f"{path.rpartition('.')[0]}.{name}"
    siblings = claim.new.rpartition(".")[0] == claim.subject.rpartition(".")[0]
    if release.has(beside) and (siblings or release.find(beside).canonical == canonical):
        return beside
    if isinstance(release.find(claim.new.rpartition(".")[0]).item, Class):
        # A method is only ever written behind what it is a method of.
        return ""
    shown = next(iter(release.paths.get(canonical, ())), claim.new)
    return shown if is_public(shown) else ""


def _made_at(story: _Story, claim: Claim) -> int:
    return max(at for at, each in story.claims.items() if each == claim)


def _called(path: str, story: _Story, releases: Sequence[Release]) -> Fact | None:
    """A keyword or a value; it may only be said to be gone by the signature itself."""
    claim = story.last
    takes = [_takes(release, path, claim.name) for release in releases]
    last = max(story.claims)
    gone = _lost(takes, last) if claim.kind == "keyword" else None
    since = _parameter_from(releases, path, claim.new) if claim.kind == "keyword" and claim.new else ""
    fits = claim.kind == "value" or since != ""
    after = next((at for at in range(last + 1, len(releases)) if takes[at] is True), None)
    return Fact(
        kind="keyword" if claim.kind == "keyword" else "value",
        old=claim.name if claim.kind == "keyword" else claim.value,
        calls=(path,),
        name=claim.name if claim.kind == "value" else "",
        position=_position(releases[last], path, claim.name) if claim.kind == "value" else None,
        new=(claim.new or None) if fits else None,
        since=since,
        deprecated=_deprecated(story, releases),
        removed=releases[gone].version if gone is not None else "",
        restored=releases[after].version if after is not None and gone is None and claim.kind == "keyword" else "",
        found=claim.found,
        at=f"{claim.place}@{releases[_made_at(story, claim)].version}",
        words="" if HOLE in claim.words else claim.words[:MOST_WORDS],
    )


def _parameter_from(releases: Sequence[Release], path: str, name: str) -> str:
    """The first release from which on every one has the parameter."""
    found = ""
    for release in reversed(releases):
        called = release.function(path)
        if called is None and release.find(path).presence in _GONE and not found:
            # The whole callable went later.
            continue
        if called is None or called.parameter(name) is None:
            break
        found = release.version
    return found


def _takes(release: Release, path: str, name: str) -> bool | None:
    """Whether a call may pass the keyword; None where that cannot be told."""
    called = release.function(path)
    if called is None:
        return None
    if called.parameter(name) is not None:
        return True
    return None if called.is_open or name in called.words else False


def _lost(takes: Sequence[bool | None], last: int) -> int | None:
    """The first release after the last claim that does not take it, where none after it does."""
    after = [at for at in range(last + 1, len(takes)) if takes[at] is False]
    return after[0] if after and not any(takes[at] for at in range(after[0], len(takes))) else None


def _gone_from(presences: Sequence[Presence], story: _Story) -> int | None:
    """The release from which on a name is in none: not to be found, or listed as gone."""
    found: int | None = None
    for at in reversed(range(len(presences))):
        claim, presence = story.claims.get(at), presences[at]
        if claim and not claim.gone and presence is not Presence.ABSENT:
            # Who announces that something will go still has it.
            break
        if presence not in _GONE and not (claim and claim.gone and presence is not Presence.PRESENT):
            break
        found = at
    return found


def _there_from(target: str, releases: Sequence[Release], elsewhere: Elsewhere) -> str | None:
    """The first release from which on every one has the target; empty for one in another package, None for none."""
    if target.partition(".")[0] not in releases[-1].family:
        return "" if elsewhere(target).presence is Presence.PRESENT else None
    found: str | None = None
    for release in reversed(releases):
        at = release.find(target)
        # What leads out of the package is only as good as what it leads to.
        if not release.has(target) and not _leads_out(at, elsewhere):
            break
        found = release.version
    return found


def _leads_out(found: Found, elsewhere: Elsewhere) -> bool:
    return found.presence is Presence.PRESENT and elsewhere(found.canonical).presence is Presence.PRESENT


def _deprecated(story: _Story, releases: Sequence[Release]) -> str:
    """The version that the words name, unless it lies far from the first release that says them."""
    first = min(story.claims)
    seen = releases[first].version
    named = min((claim.since for claim in story.claims.values() if claim.since), key=_version, default="")
    return named.removeprefix("v") if named and _version(named) <= _version(seen) else seen


def _restored(story: _Story, path: str, releases: Sequence[Release], gone: int | None) -> str:
    after = releases[max(story.claims) + 1 :]
    back = next((release.version for release in after if release.find(path).is_here), "")
    return back if gone is None else ""


def _position(release: Release, path: str, name: str) -> int | None:
    called = release.function(path)
    placed = [one.name for one in called.parameters if one.binding in {"positional", "either"}] if called else []
    return placed.index(name) if name in placed else None


def _joined(alike: Iterable[Fact]) -> Fact:
    """One fact of those that differ by what is called alone."""
    facts = list(alike)
    calls = sorted({call for fact in facts for call in fact.calls}, key=shortest)
    return replace(facts[0], calls=tuple(calls[:MOST_PATHS]))


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")
