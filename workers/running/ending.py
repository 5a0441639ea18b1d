"""A run at its end: a report for every artifact, what it was made with, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Provenance, Report, Run, StopReason, Unrepaired
from workers.knowledge import shipped
from workers.running.version import version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.contract.report import Delivery
    from workers.protocols import Document
    from workers.running.means import SandboxKind
    from workers.running.prepared import Prepared
    from workers.sandbox.environments import InstalledEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that ended, whole or cancelled."""

    run: Run
    """Masked: fit to leave."""
    deliveries: Mapping[str, Delivery]
    """Artifact path -> what the run's folder holds for it."""
    copies: Mapping[str, Document]
    """Artifact path -> the copy to put in the original's place; artifacts that stay as they are have none."""
    folder: Path


def every_report(prepared: Prepared, reports: Mapping[str, Report]) -> tuple[Report, ...]:
    """A report for every artifact, in the order of their paths: those of `reports`, and why the others were not judged."""
    unread = {report.artifact.path: report for report in prepared.unread}
    unfinished = {
        document.path: Report(
            artifact=document.artifact,
            outcome=Unrepaired(remaining=(), reason=StopReason.CANCELLED),
            note="the run was interrupted before this artifact was judged",
        )
        for document in prepared.documents
    }
    return tuple(report for _, report in sorted({**unfinished, **unread, **reports}.items()))


def provenance(prepared: Prepared, used: Sequence[InstalledEnvironment], sandbox: SandboxKind) -> Provenance:
    """What a run was made with: ours, the environments that were used, the configuration, the rules."""
    return Provenance(
        version=version(),
        python=", ".join(sorted({".".join(map(str, each.python_version)) for each in used})),
        environment=", ".join(sorted({each.digest for each in used})),
        configuration=", ".join(sorted({root.settings.digest for root, _ in prepared.groups()})),
        rules=shipped.digest(),
        sandbox=sandbox,
        as_of=prepared.plan.roots[-1].settings.as_of.isoformat(),
    )
