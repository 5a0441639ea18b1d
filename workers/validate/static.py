"""What the remaining delta says about the text itself: is a stale pattern left, is the set-up reproducible?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.domain import Case, Cause, Finding, IssueType

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 5


def remaining_cases(remaining: Sequence[Finding]) -> tuple[Case, ...]:
    """Two cases from what counts and remains; a broken execution speaks for itself elsewhere."""
    setup = [finding for finding in remaining if _of_setup(finding)]
    stale = [
        finding
        for finding in remaining
        if finding not in setup and finding.issue_type is not IssueType.BROKEN_EXECUTION
    ]
    return (_case("api_modernization", stale), _case("setup_reproducibility", setup))


def _of_setup(finding: Finding) -> bool:
    return finding.issue_type is IssueType.SETUP_GAP or finding.cause is Cause.ENVIRONMENT


def _case(name: str, findings: Sequence[Finding]) -> Case:
    # No cell is blamed: what is left over says nothing against the edits that were made.
    shown = [f"{_where(finding)}{finding.rule}: {finding.message}"[:300] for finding in findings[:_SHOWN]]
    more = [f"and {len(findings) - _SHOWN} more"] if len(findings) > _SHOWN else []
    fixes = dict.fromkeys(finding.fix for finding in findings if finding.fix)
    return Case(
        name=name,
        passed=not findings,
        evidence="; ".join(shown + more) or "nothing that counts is left",
        feedback=" ".join(fixes)[:1000],
    )


def _where(finding: Finding) -> str:
    return f"cell {finding.place.cell}, line {finding.place.line}: " if finding.place else ""
