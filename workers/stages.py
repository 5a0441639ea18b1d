"""Which reviews, rungs and rules make up a run: the stages of the loop for one environment and one set of settings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from workers.attempts import gap
from workers.budget import Budget
from workers.contract.domain import Execution, Staleness
from workers.documents.stored import with_policy
from workers.loop import mend_all
from workers.repair.carried import CarriedRepairer
from workers.repair.hints import HintsRepairer
from workers.repair.rules import RulesRepairer
from workers.review.assembling import counts, reviewer
from workers.validate import plugins
from workers.validate.commands import CommandCheck
from workers.validate.conduct import Conduct, integrity
from workers.validate.newly import NoNewStaleness
from workers.validate.policy import Policy, PolicySettings
from workers.validate.style import Style
from workers.validate.verdict import Validator
from workers.validate.wellformed import WellFormed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.contract.domain import Finding, Report
    from workers.environments.words import Decision
    from workers.protocols import Box, Check, Document, Environment, Faults, Repairer, Review
    from workers.repair.carried import Earlier
    from workers.review.sources import Resolve, Reviewer
    from workers.review.whereto.following import Releases
    from workers.settings import Settings
    from workers.validate.commands import Runner
    from workers.watch import Watch


@runtime_checkable
class Waits(Protocol):
    """A box that can be started before anybody knows what to run in it."""

    def ahead(self, count: int = 1) -> None:
        """Have `count` boxes wait for the next runs."""
        ...


@runtime_checkable
class Varies(Protocol):
    """A box that has a twin in which other things are alike in all runs."""

    def otherwise(self) -> Box:
        """The twin."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedStages:
    """The stages of `workers.steps.Stages`, around one box."""

    box: Box
    settings: Settings
    review: Reviewer
    ladder: Sequence[Repairer]
    validate: Validator
    faults: Faults | None = None
    """Asked about artifacts that fail unchanged."""

    def ahead(self, count: int) -> None:
        """Have boxes wait for the next runs, where that is possible."""
        if isinstance(self.box, Waits):
            self.box.ahead(count)

    async def execute(self, document: Document) -> Execution:
        """Run the artifact in a fresh box. Meanwhile its environment is asked what the review of it will ask."""
        asking = asyncio.create_task(self.review.ask_ahead(document))
        try:
            run = await self.box.execute(document)
            await asking
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        return run

    async def again(self, document: Document) -> Execution:
        """Run the unchanged artifact a second time."""
        return await varied(self.box, self.settings).execute(document)

    def delivered(self, base: Document, head: Document, run: Execution) -> Document:
        """The attempt as it would be delivered, by the owner's policy for stored outputs."""
        return with_policy(base, head, run, self.settings.outputs)

    def counts(self, finding: Finding) -> bool:
        """True for what the owner asked for; see `counts`."""
        return counts(finding, self.settings)


def varied(box: Box, settings: Settings) -> Box:
    """The box for runs that repeat another one: with another hash seed and host name, where the owner asked for it."""
    return box.otherwise() if settings.vary and isinstance(box, Varies) else box


def stages(  # noqa: PLR0913 - the parts of a run, each by name
    settings: Settings,
    box: Box,
    workspace: Path | None = None,
    *,
    earlier: Mapping[str, Earlier] | None = None,
    faults: Faults | None = None,
    declared: Mapping[str, Decision] | None = None,
    releases: Releases | None = None,
) -> BoxedStages:
    """The stages for a box and the repository that it shows.

    `earlier` is what another run made of the artifacts, `declared` how each one's environment was decided on, `releases`
    is asked what other releases of a library say.
    """
    review = reviewer(settings, box.environment, box.resolve, workspace, declared, releases)
    owner = settings.classes & {Staleness.POLICY, Staleness.READER}
    limit = settings.findings_per_iteration
    ladder = (RulesRepairer(owner_enabled=owner, limit=limit), HintsRepairer(box, limit=limit))
    return BoxedStages(
        box=box,
        settings=settings,
        review=review,
        ladder=(CarriedRepairer(earlier), *ladder) if earlier else ladder,
        validate=Validator(
            gates(settings, review, box),
            box,
            review,
            lambda finding: counts(finding, settings) or gap(finding),
            twin=varied(box, settings) if settings.vary else None,
        ),
        faults=faults,
    )


def gates(settings: Settings, review: Review, runner: Runner) -> tuple[Check, ...]:
    """The rules that judge an attempt before anything runs, in order; the first veto is the reason."""
    policy = PolicySettings(diff_lines=settings.diff_lines, banned_patterns=settings.banned_patterns)
    return (
        WellFormed(),
        integrity(overrides=settings.overrides, must_keep=settings.must_keep, protected=settings.protected_cells),
        Conduct(overrides=settings.overrides),
        Policy(policy),
        NoNewStaleness(review),
        Style(),
        *plugins.installed(),
        *(CommandCheck(command, runner) for command in settings.commands),
    )


async def repair_all(  # noqa: PLR0913 - the parts of a run, each by name
    documents: Sequence[Document],
    *,
    settings: Settings,
    box: Box,
    workspace: Path | None = None,
    watch: Watch | None = None,
    earlier: Mapping[str, Earlier] | None = None,
    faults: Faults | None = None,
    declared: Mapping[str, Decision] | None = None,
    releases: Releases | None = None,
) -> tuple[Report, ...]:
    """Mend artifacts concurrently; reports come in the order of the documents. No failure of one loses another."""
    budget = Budget(max_iterations=settings.max_iterations, wall_s=settings.budget_s, cost_usd=settings.cost_usd)
    return await mend_all(
        documents,
        stages(settings, box, workspace, earlier=earlier, faults=faults, declared=declared, releases=releases),
        jobs=settings.jobs,
        budget=budget,
        watch=watch,
    )


async def scan_all(
    documents: Sequence[Document],
    *,
    settings: Settings,
    environment: Environment,
    resolve: Resolve | None,
    workspace: Path | None = None,
) -> tuple[tuple[Finding, ...], ...]:
    """Findings per document, nothing executed; with `resolve` the environment is asked about names."""
    review = reviewer(settings, environment, resolve, workspace)
    nothing = Execution(status="not_run", reason="a scan runs nothing")
    return tuple([await review(document, nothing) for document in documents])
