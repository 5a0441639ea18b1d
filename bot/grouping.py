"""Which repaired artifacts go into which pull request: by cause, by root or one each, as the owner configured.

An artifact that stands in a live pull request of ours already goes there again, whatever its cause is now: it never gets
a second one.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.published import Ending, Landing
from workers.contract import report as numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.ignoring import Ignored
    from bot.publications import Publication
    from workers.contract.config_github import PullRequests
    from workers.contract.domain import Finding, Report

UNSPECIFIC = frozenset({"api", "execution", "python2", "shapes", "hints", "outputs"})
"""Namespaces of rules that say how something was found, not whose change it is."""
PYTHON = frozenset({"builtins", *sys.stdlib_module_names})
"""What comes with the language: whose change it is, is Python's."""
LIBRARY = re.compile(r"/(?:site|dist)-packages/([A-Za-z_][A-Za-z0-9_]*)")
KEY_CHARS = 16
READABLE_CHARS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An artifact with a repair that passed the gate."""

    report: Report
    root: str
    """Folder of the root that holds it; `.` for the whole repository."""
    raw: bytes
    """The proven copy."""
    before: bytes
    """What GitHub has."""
    base: str
    """SHA-256 of what the base branch has; of a follow-up that is not what was repaired."""
    base_blob: str
    """Git's id of it."""
    earlier: tuple[str, ...] = ()
    """Ids of the findings that its pull request mends already."""
    outputs_kept: tuple[int, ...] = ()
    """Edited cells that now print something else than the stored outputs they keep, from 0."""

    @property
    def path(self) -> str:
        """Of the artifact."""
        return self.report.artifact.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What goes into one pull request."""

    problem: str
    """Key of the group; equal in every run that finds the same."""
    root: str
    cause: str
    """For people: `numpy`, a folder or a path."""
    candidates: tuple[Candidate, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the artifacts."""
        return tuple(candidate.path for candidate in self.candidates)


def mended(report: Report) -> tuple[str, ...]:
    """Ids of the findings that the delivered copy mends, sorted."""
    return tuple(sorted({finding.id for finding in mended_findings(report)}))


def mended_findings(report: Report) -> tuple[Finding, ...]:
    """The findings that the delivered copy mends: those a repair meant to mend, that are not left."""
    record = numbers.delivered(report)
    if record is None:
        return ()
    left = {finding.id for finding in numbers.remaining(report.outcome)}
    meant = {found for each in report.records if each.iteration <= record.iteration for found in each.repair.findings}
    reviewed = {each.id: each for one in report.records if one.iteration <= record.iteration for each in one.review}
    known = {finding.id: finding for finding in report.findings} | reviewed
    gone = [finding for finding in known.values() if finding.id not in left]
    return tuple(finding for finding in gone if finding.id in meant) or tuple(gone)


def cause(report: Report) -> str:
    """The library or subject that most of what is mended comes from."""
    named = Counter(_subject(finding, report) for finding in mended_findings(report))
    specific = {name: often for name, often in named.items() if name not in UNSPECIFIC} or named
    return min(specific, key=lambda name: (-specific[name], name), default="repair")


def _subject(finding: Finding, report: Report) -> str:
    namespace = finding.rule.partition("/")[0]
    names = _names(finding, report) if namespace in UNSPECIFIC else iter(())
    subject = next((name.partition(".")[0] for name in names), namespace)
    subject = "python" if subject in PYTHON else subject
    return re.sub(r"[^a-z0-9_.+-]+", "-", subject.lower()).strip("-.")[:READABLE_CHARS] or "repair"


def _names(finding: Finding, report: Report) -> Iterator[str]:
    """What it is about, the surest first: where its edit goes, what a repair of it edited, what was called when it raised."""
    if finding.suggestion and finding.suggestion.target:
        yield finding.suggestion.target
    for record in report.records:
        if finding.id in record.repair.findings:
            yield from record.repair.about
    runs = [report.base.first] if report.base else []
    for run in (*runs, *(record.validation.head for record in report.records)):
        if run.error and finding.place and run.failed_cell == finding.place.cell:
            called = (LIBRARY.search(file.replace("\\", "/")) for file, _, _ in run.error.frames)
            yield from (found[1] for found in called if found)


def key(*parts: str) -> str:
    """A short key of what makes a group."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:KEY_CHARS]


def branch_name(readable: str, *parts: str) -> str:
    """`mendloop/<readable>-<key8>`: the same for the same parts."""
    slug = re.sub(r"[^a-z0-9]+", "-", readable.lower()).strip("-")[:READABLE_CHARS].strip("-") or "repair"
    return f"mendloop/{slug}-{key(*parts)[:8]}"


def grouped(candidates: Sequence[Candidate], live: Iterable[Publication], by: str) -> tuple[Group, ...]:
    """The candidates in groups, ordered by problem; those of a live publication go where they are."""
    home = {piece.path: each for each in live if each.content.kind == "repair" for piece in each.content.pieces}
    members: dict[tuple[str, str, str], list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda each: each.path):
        there = home.get(candidate.path)
        group = (there.problem, there.content.root, there.content.cause) if there else _group(candidate, by)
        members[group].append(candidate)
    return tuple(
        Group(problem=problem, root=root, cause=about, candidates=tuple(found))
        for (problem, root, about), found in sorted(members.items())
    )


def _group(candidate: Candidate, by: str) -> tuple[str, str, str]:
    about = {"cause": cause(candidate.report), "root": candidate.root, "artifact": candidate.path}[by]
    return key(by, candidate.root, about), candidate.root, about


@dataclass(frozen=True, slots=True)
class Sorted:
    """Candidates that go on, and the landings of those that do not."""

    groups: tuple[Group, ...]
    landings: tuple[Landing, ...]
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Root -> paths that a limit holds back."""


def without_ignored(candidates: Sequence[Candidate], ignored: Ignored) -> tuple[list[Candidate], list[Landing]]:
    """Those that nobody said no to: a path or its folder, or every finding that the repair mends."""
    kept: list[Candidate] = []
    landings: list[Landing] = []
    for each in candidates:
        why = refused_by(each, ignored)
        if why:
            landings.append(Landing(ending=Ending.IGNORED, paths=(each.path,), why=why))
        else:
            kept.append(each)
    return kept, landings


def refused_by(each: Candidate, ignored: Ignored) -> str | None:
    """Why a person's no holds for it; None when none does."""
    if any(each.path == path or each.path.startswith(f"{path}/") for path in ignored.paths):
        return "Its path is ignored."
    ids = mended(each.report)
    if ids and all(ignored.finding(each.path, found) for found in ids):
        return "Somebody said no to these findings before."
    return None


def limited(groups: Sequence[Group], live: Sequence[Publication], settings: PullRequests, *, asked: bool) -> Sorted:
    """What the owner's limits let through. `asked`: somebody with the right to asked for this by name."""
    open_in = Counter(each.content.root for each in live if each.content.kind == "repair")
    standing = {each.problem: each for each in live}
    kept: list[Group] = []
    landings: list[Landing] = []
    waiting: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for group in groups:
        if group.problem not in standing and not asked and open_in[group.root] >= settings.open_limit:
            landings.append(_waits(group.paths, f"The limit of open pull requests is {settings.open_limit}."))
            waiting[group.root] += group.paths
            continue
        open_in[group.root] += group.problem not in standing
        fits, waits = _fitting(group, standing.get(group.problem), settings.artifact_limit)
        kept.append(fits)
        if waits:
            landings.append(_waits(waits, f"A pull request holds at most {settings.artifact_limit} artifacts."))
            waiting[group.root] += waits
    return Sorted(tuple(kept), tuple(landings), waiting)


def _waits(paths: tuple[str, ...], why: str) -> Landing:
    return Landing(ending=Ending.WAITING, paths=paths, why=why)


def _fitting(group: Group, standing: Publication | None, limit: int) -> tuple[Group, tuple[str, ...]]:
    """The group with as many artifacts as fit; those that stand in the pull request already come first."""
    there = {piece.path for piece in standing.content.pieces} if standing else set[str]()
    ordered = sorted(group.candidates, key=lambda each: (each.path not in there, each.path))
    room = max(limit - len(there - set(group.paths)), 0)
    fits = tuple(sorted(ordered[:room], key=lambda each: each.path))
    kept = Group(problem=group.problem, root=group.root, cause=group.cause, candidates=fits)
    return kept, tuple(each.path for each in ordered[room:])
