"""The review by everything that is shipped and configured, and which of its findings an owner asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.domain import Cause, Rung
from workers.knowledge import facts, packs
from workers.review.sources import Reviewer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.contract.domain import Finding
    from workers.environments.words import Decision
    from workers.protocols import Environment
    from workers.review.sources import Resolve
    from workers.review.whereto.following import Releases
    from workers.settings import Settings


def counts(finding: Finding, settings: Settings) -> bool:
    """True when a finding keeps an artifact from being fresh: its class and severity are asked for, and it is no opinion."""
    return (
        finding.staleness in settings.classes
        and finding.severity.rank >= settings.severity_threshold.rank
        and finding.rung > Rung.E1
        and finding.cause is not Cause.INTENTIONAL
        # A warning that one library raises about another: nothing in the artifact says it, nothing in it can mend it.
        and not (finding.rule == "execution/warning" and finding.cause is Cause.ENVIRONMENT)
    )


def reviewer(  # noqa: PLR0913, PLR0917 - the parts of a review
    settings: Settings,
    environment: Environment,
    resolve: Resolve | None,
    workspace: Path | None = None,
    declared: Mapping[str, Decision] | None = None,
    releases: Releases | None = None,
) -> Reviewer:
    """The review by everything that is shipped and configured; `workspace` is the repository the artifacts lie in."""
    return Reviewer(
        packs=packs.with_own(packs.shipped(), settings.rules),
        environment=environment,
        business=settings.business,
        as_of=settings.as_of,
        resolve=resolve,
        workspace=workspace,
        declared=declared or {},
        releases=releases,
        facts=facts.targets,
    )
