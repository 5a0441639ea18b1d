"""What a pull request is to hold and say, whatever it comes from: a repair, or taking one back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import check_run, pull_request
from bot.commit_message import message
from bot.commits import blob_id
from bot.grouping import mended
from bot.identity import Identity, Part
from bot.publications import Content, Piece
from workers.contract import report as numbers
from workers.contract.artifact_section import contributing
from workers.contract.domain import Repaired
from workers.contract.markdown import code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.grouping import Candidate, Group
    from bot.publications import Publication
    from bot.publishing.work import Work
    from bot.pull_request import Text
    from workers.contract.domain import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is to be proposed."""

    problem: str
    readable: str
    """For the branch's name."""
    content: Content
    raws: Mapping[str, bytes]
    """Path -> bytes of the blobs that GitHub does not have yet."""
    messages: Mapping[str, str]
    """Path -> message of the commit that changes it."""
    say: Callable[[Identity, Sequence[str]], Text]
    """Title and body, for an identity and notes."""
    draft: bool = False
    labels: tuple[str, ...] = ()
    dropped: frozenset[str] = frozenset()
    """Paths that are to be left out where they stand on the branch from earlier."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the artifacts."""
        return tuple(piece.path for piece in self.content.pieces)


def of_group(work: Work, group: Group) -> Offer:
    """The offer to repair the artifacts of a group."""
    reports = [candidate.report for candidate in group.candidates]
    left = tuple(f"{each.artifact.path}:{item.id}" for each in reports for item in numbers.remaining(each.outcome))
    pieces = tuple(piece(candidate, work.run.id) for candidate in group.candidates)
    content = Content(root=group.root, cause=group.cause, run_id=work.run.id, pieces=pieces, remaining=left)
    settings = work.config.github.pull_requests
    return Offer(
        problem=group.problem,
        readable=group.cause,
        content=content,
        raws={candidate.path: candidate.raw for candidate in group.candidates},
        messages={candidate.path: commit_message(work, candidate.report) for candidate in group.candidates},
        say=lambda about, notes: _said(work, group, about, notes),
        draft=pull_request.is_draft(reports, settings),
        labels=tuple(pull_request.labels(reports, settings)),
    )


def piece(candidate: Candidate, run: str) -> Piece:
    """A candidate of a run as a publication holds it."""
    record = numbers.delivered(candidate.report)
    return Piece(
        path=candidate.path,
        base=candidate.base,
        updated=record.updated if record else "",
        base_blob=candidate.base_blob,
        blob=blob_id(candidate.raw),
        findings=tuple(sorted({*mended(candidate.report), *candidate.earlier})),
        run=run,
    )


def commit_message(work: Work, report: Report) -> str:
    """What changed in one artifact."""
    record = numbers.delivered(report)
    made = contributing(report.records, record.iteration) if record else ()
    verb = "Repair" if isinstance(report.outcome, Repaired) else "Improve"
    changes = [change for each in made for change in each.repair.changes_made]
    return plain_message(work, f"{verb} {report.artifact.path}", changes)


def plain_message(work: Work, subject: str, changes: Sequence[str] = ()) -> str:
    """A message with the trailers that the owner configured."""
    slug = work.app.slug
    signer = f"{slug}[bot] <{slug}[bot]@users.noreply.github.com>"
    masked = [work.app.redactor.mask(change) for change in changes]
    return message(subject, masked, work.config.github.pull_requests, signer)


def _said(work: Work, group: Group, about: Identity, notes: Sequence[str]) -> Text:
    said = pull_request.text(work.run, group, about, check_run.link(work.app, work.job.id), notes)
    # The hidden block is ours to read again: it holds paths and digests, nothing to mask.
    body, mark, hidden = said.body.rpartition("<!-- mendloop ")
    return replace(said, title=work.app.redactor.mask(said.title), body=work.app.redactor.mask(body) + mark + hidden)


def identity_of(work: Work, publication: Publication) -> Identity:
    """What the hidden block of a publication says."""
    content = publication.content
    parts = tuple(
        Part(
            path=each.path,
            base=each.base,
            updated=each.updated,
            base_blob=each.base_blob,
            blob=each.blob,
            findings=each.findings,
        )
        for each in content.pieces
    )
    return Identity(
        publication=publication.id,
        problem=publication.problem,
        generation=publication.generation,
        base_sha=publication.base_sha,
        tip=publication.tip,
        run=work.run.id,
        root=content.root,
        cause=content.cause,
        kind="revert" if content.kind == "revert" else "repair",
        parts=parts,
    )


def notes(work: Work, offer: Offer, publication: Publication) -> list[str]:
    """What a reader has to know beside the run."""
    said: list[str] = []
    if publication.base_sha and work.job.sha != publication.base_sha and offer.content.kind == "repair":
        said.append(
            f"Proven at {work.job.sha}. The branch stands on {publication.base_sha}, where these files are the same."
        )
    earlier = [each.path for each in publication.content.pieces if each.path not in offer.paths]
    if earlier:
        said.append(f"Also in here, proven by earlier runs: {', '.join(code(path) for path in earlier[:20])}.")
    return said
