"""The first rung: edits the review has already worked out, exact to the character, where evidence or the owner stands behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Edit, Finding, Repair, Rung, Staleness, Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.protocols import Task

_SHORT = 60
"""Characters of code that a sentence can carry."""

_OWNERS = frozenset({Staleness.POLICY, Staleness.READER})
"""Classes that are nobody's business but the owner's: edited only when turned on."""


@dataclass(frozen=True, slots=True)
class RulesRepairer:
    """Proposes the suggestions of findings that are sure enough to be edited without a model."""

    owner_enabled: frozenset[Staleness] = frozenset()
    """Classes the owner has turned on."""
    limit: int | None = None
    """At most so many findings a pass, the most important first."""

    @property
    def name(self) -> str:
        """As records and the pull request show it."""
        return "rules"

    async def propose(self, task: Task) -> Repair | None:
        """All edits that may be made now, or None when there is none that was not refused before."""
        chosen = list(self._chosen(task))
        if not chosen:
            return None
        return Repair(
            edits=tuple(sorted(_once(chosen), key=lambda edit: (edit.cell, edit.start, edit.end))),
            by=self.name,
            changes_made=tuple(dict.fromkeys(_sentence(finding, suggestion) for finding, suggestion in chosen)),
            findings=tuple(finding.id for finding, _ in chosen),
        )

    def _chosen(self, task: Task) -> Iterator[tuple[Finding, Suggestion]]:
        """Findings whose edits fit beside those of the findings before them; a suggestion is made whole or not at all."""
        taken: list[Edit] = []
        count = 0
        for finding in sorted(task.findings, key=_order):
            suggestion = finding.suggestion
            if suggestion is None or not suggestion.edits or not self._sure(finding, suggestion):
                continue
            if self.limit is not None and count == self.limit:
                return
            if any(edit.key in task.refused for edit in suggestion.edits) or not _fits(suggestion.edits, taken):
                continue
            taken.extend(suggestion.edits)
            count += 1
            yield finding, suggestion

    def _sure(self, finding: Finding, suggestion: Suggestion) -> bool:
        if finding.staleness in _OWNERS:
            return finding.staleness in self.owner_enabled and suggestion.resolved
        return finding.rung >= Rung.E3 or (finding.rung == Rung.E2 and suggestion.resolved)


def _order(finding: Finding) -> tuple[int, tuple[int, int, int], str]:
    place = finding.place
    at = (place.cell, place.line, place.column) if place else (-1, 0, 0)
    return (-finding.severity.rank, at, finding.rule)


def _fits(edits: Iterable[Edit], taken: list[Edit]) -> bool:
    """True when no edit touches what is taken; the very same edit may be shared."""
    return all(edit == other or _apart(edit, other) for edit in edits for other in taken)


def _apart(one: Edit, other: Edit) -> bool:
    if one.cell != other.cell:
        return True
    if one.start == one.end and one.start == other.start:
        return False
    return one.end <= other.start or other.end <= one.start


def _once(chosen: list[tuple[Finding, Suggestion]]) -> tuple[Edit, ...]:
    return tuple(dict.fromkeys(edit for _, suggestion in chosen for edit in suggestion.edits))


def _sentence(finding: Finding, suggestion: Suggestion) -> str:
    """What a maintainer reads in the record: the shortest edit says it best."""
    edit = min(suggestion.edits, key=lambda edit: (not edit.old, len(edit.old)))
    where = f" in cell {edit.cell}" if finding.place else ""
    if not edit.new:
        return f"Took out `{_short(edit.old)}`{where} (`{finding.rule}`)."
    if not edit.old and finding.fix:
        return f"{finding.message}{where}: {finding.fix} (`{finding.rule}`)"
    if not edit.old:
        return f"Added `{_short(edit.new)}`{where} (`{finding.rule}`)."
    return f"Replaced `{_short(edit.old)}` by `{_short(edit.new)}`{where} (`{finding.rule}`)."


def _short(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= _SHORT else f"{folded[: _SHORT - 3]}..."
