"""What came of publishing a run: one landing per group of artifacts, for the check run and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workers.contract.markdown import code, prose

PATHS_SHOWN = 5


class Ending(StrEnum):
    """How publishing one group ended."""

    PROPOSED = "proposed"
    """A pull request was opened or brought up to date."""
    UNCHANGED = "unchanged"
    """The open pull request says all of it already; nothing was written."""
    COMMITTED = "committed"
    """A commit was added to the author's own branch, as the owner allows."""
    WAITING = "waiting"
    """A limit of the owner's is reached; a later run takes it up."""
    HANDS_OFF = "hands_off"
    """A person works on the branch; it is theirs."""
    REFUSED = "refused"
    """The gate or GitHub refused; the reason says why."""
    REDONE = "redone"
    """The base changed these artifacts meanwhile; they are repaired and proven anew."""
    ASKED = "asked"
    """The base changed these artifacts meanwhile; the owner wants to be asked."""
    MENDED = "mended"
    """Somebody repaired it meanwhile; our pull request has nothing left to say."""
    IGNORED = "ignored"
    """A person said no to these findings or paths."""
    REVERTED = "reverted"
    """What we published is taken back, or a pull request that takes it back is open."""
    DRY_RUN = "dry_run"
    """It would have been published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """How one group of artifacts ended."""

    ending: Ending
    paths: tuple[str, ...]
    number: int | None = None
    """Of the pull request it stands in."""
    why: str = ""
    """A sentence that may hold foreign text; empty where the ending says it all."""


@dataclass(frozen=True, slots=True)
class Published:
    """How a run ended on GitHub; no landing means that there was nothing to publish."""

    landings: tuple[Landing, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Pull requests of ours that hold something of this run, each once."""
        kept = {each.number for each in self.landings if each.number is not None}
        return tuple(sorted(kept))


NOTHING = Published()


def sentence(landing: Landing) -> str:
    """One landing as a line of Markdown; foreign text in it is inert."""
    named = ", ".join(code(path) for path in landing.paths[:PATHS_SHOWN]) or "nothing"
    more = len(landing.paths) - PATHS_SHOWN
    about = f"{named} and {more} more" if more > 0 else named
    why = f" {prose(landing.why)}" if landing.why else ""
    return f"{_said(landing)}: {about}.{why}"


def _said(landing: Landing) -> str:
    words = _WORDS[landing.ending]
    return words if landing.number is None else f"{words} (#{landing.number})"


_WORDS: dict[Ending, str] = {
    Ending.PROPOSED: "Proposed",
    Ending.UNCHANGED: "Proposed already",
    Ending.COMMITTED: "Committed to the pull request's own branch",
    Ending.WAITING: "Waiting",
    Ending.HANDS_OFF: "Left to the people who work on it",
    Ending.REFUSED: "Not published",
    Ending.REDONE: "Repaired anew, on the base as it is now",
    Ending.ASKED: "The base changed it; `/repair rebase` or `/repair recreate` repairs it anew",
    Ending.MENDED: "Repaired by somebody meanwhile",
    Ending.IGNORED: "Left alone, as asked",
    Ending.REVERTED: "Taken back",
    Ending.DRY_RUN: "Would be proposed (dry run)",
}
