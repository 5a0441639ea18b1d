"""Title and body of a pull request of ours. What was seen and done is rendered by the contract; here it gets its frame."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import identity
from bot.commit_message import inert
from workers.contract import cells
from workers.contract import report as numbers
from workers.contract.domain import Improved, Repaired, StopReason
from workers.contract.markdown import code, impersonal
from workers.contract.pull_request import COMMANDS, DISCLOSURE, Frame, pull_request_markdown
from workers.contract.report import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.grouping import Candidate, Group
    from bot.identity import Identity
    from bot.publications import Piece
    from workers.contract.config_github import PullRequests
    from workers.contract.domain import Report, Run

CHARS = 65_536
"""GitHub's limit for a body."""
TITLE_CHARS = 120
NEEDS_HUMAN = "needs-human"
"""Label of a pull request that leaves a decision to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a pull request is opened or changed with."""

    title: str
    body: str

    @property
    def digest(self) -> str:
        """Of the body."""
        return hashlib.sha256(self.body.encode(errors="replace")).hexdigest()


def digest(body: str) -> str:
    """As `Text.digest`, of a body as GitHub has it: it keeps the text, but may end its lines otherwise."""
    return hashlib.sha256(body.replace("\r\n", "\n").encode(errors="replace")).hexdigest()


def title(group: Group) -> str:
    """What is repaired, for a list of pull requests."""
    reports = [candidate.report for candidate in group.candidates]
    kinds = {report.artifact.kind for report in reports}
    if len(reports) == 1:
        what = f"`{reports[0].artifact.path}`"
    else:
        what = f"{len(reports)} {kinds.pop() if len(kinds) == 1 else 'artifact'}s"
    verb = "Repair" if all(isinstance(report.outcome, Repaired) for report in reports) else "Improve"
    about = "" if group.cause == reports[0].artifact.path else f" ({group.cause})"
    return inert(impersonal(f"{verb} {what}{about}"), TITLE_CHARS)


def text(run: Run, group: Group, about: Identity, link: str, notes: Sequence[str]) -> Text:
    """Title and body for the artifacts of a group."""
    reports = tuple(candidate.report for candidate in group.candidates)
    deliveries = {each.path: delivery(each) for each in group.candidates}
    hidden = identity.block(about)
    frame = Frame(notes=tuple(notes), link=link, chars=CHARS - len(hidden) - 2)
    shown = _alone(run, reports)
    return Text(title=title(group), body=f"{pull_request_markdown(shown, deliveries, frame)}\n{hidden}")


def _alone(run: Run, reports: tuple[Report, ...]) -> Run:
    """The run as if it had been about these artifacts alone."""
    return replace(run, reports=reports, seconds=sum(report.seconds for report in reports))


def delivery(each: Candidate) -> Delivery:
    """What differs between what GitHub has and what is proposed, and what its run printed otherwise."""
    changed = cells.changes(each.before, each.raw)
    return Delivery(changed_cells=changed.sources, outputs_changed=changed.outputs, outputs_kept=each.outputs_kept)


def revert_text(number: int | None, pieces: Sequence[Piece], left: Sequence[str], about: Identity) -> Text:
    """Title and body of a pull request that takes another one back. `left` are paths that changed since."""
    of = f"#{number}" if number is not None else "an earlier repair"
    listed = "\n".join(f"- {code(piece.path)}" for piece in pieces)
    kept = "\n".join(f"- {code(path)}" for path in left)
    stay = f"\n\nThese changed since then and stay as they are:\n\n{kept}" if left else ""
    body = f"Takes {of} back: these files are again what they were before it, byte for byte.\n\n{listed}{stay}"
    body = f"{body}\n\n{COMMANDS}\n\n{DISCLOSURE}\n\n{identity.block(about)}"
    return Text(title=f"Revert the repair of {of}" if number is not None else "Revert an earlier repair", body=body)


def is_draft(reports: Sequence[Report], settings: PullRequests) -> bool:
    """Whether a pull request with these artifacts is opened as a draft."""
    if settings.draft == "auto":
        return any(numbers.remaining(report.outcome) for report in reports)
    return settings.draft == "always"


def labels(reports: Sequence[Report], settings: PullRequests) -> list[str]:
    """Labels of a pull request with these artifacts."""
    decide = any(
        isinstance(report.outcome, Improved) and report.outcome.reason is StopReason.NEEDS_HUMAN for report in reports
    )
    return [*settings.labels, *([NEEDS_HUMAN] if decide else [])]


def reviewers(settings: PullRequests) -> Mapping[str, list[str]]:
    """As GitHub takes them: people and teams apart."""
    teams = [name.removeprefix("team:") for name in settings.reviewers if name.startswith("team:")]
    people = [name for name in settings.reviewers if not name.startswith("team:")]
    return {key: names for key, names in (("reviewers", people), ("team_reviewers", teams)) if names}
